"""Warm worker processes: work that is heavy, blocks or may crash, kept away from the event loop."""
