"""The thinnest bots that do the same work: what everything is compared with."""
