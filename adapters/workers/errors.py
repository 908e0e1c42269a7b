"""What a caller of a worker has to reckon with.

The handler raised (`WorkerError`: the process goes on), the process died (`WorkerCrashed`) or was killed at its time
limit (`WorkerTimeout`). After the last two the pool starts a new process for the next call.
"""


class WorkerError(Exception):
    """The handler raised an exception; its process is unharmed."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        """Name of the exception's class, without its module."""
        self.message = message
        """What the exception said; a phrase, where it was one."""


class WorkerCrashed(Exception):
    """The process died: of a signal, at its memory limit, or by its own doing."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        """How it ended, with the last line that it wrote to its standard error."""


class WorkerTimeout(Exception):
    """The process was killed because a call took longer than it may."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"killed after {seconds:.1f} s")
        self.seconds = seconds
        """The limit that was passed."""
