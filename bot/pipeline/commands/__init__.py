"""commands: what is answered at once, to its author alone; one file a group of commands."""
