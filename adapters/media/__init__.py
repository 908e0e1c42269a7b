"""Sound and video, by PyAV and pydub, in sandboxed worker processes."""
