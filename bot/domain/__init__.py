"""Nouns and pure rules: no I/O, no event loop, no clock, no logging."""
