"""What a worker says about a user's file; the parent makes the core's errors of it."""


class Unreadable(Exception):
    """Not sound or video, damaged, or hostile. The message completes "I could not hear that file: …"."""


class TooLong(Exception):
    """More sound than the limit came out of it. The message is the number of seconds at which we stopped."""
