"""Names of the processes that run jobs, `host:pid:nonce`, and whether one of them is dead for certain."""

import os
import secrets
import socket
from dataclasses import dataclass
from typing import Self

from typing_extensions import override


@dataclass(frozen=True, kw_only=True, slots=True)
class Worker:
    """One process that runs jobs."""

    host: str
    """The machine's name."""
    pid: int
    """Its number there."""
    nonce: str
    """Tells it from others that had its number before."""

    @classmethod
    def this_process(cls) -> Self:
        """Name this process."""
        return cls(host=socket.gethostname(), pid=os.getpid(), nonce=secrets.token_hex(4))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` wrote."""
        host, pid, nonce = text.rsplit(":", 2)
        return cls(host=host, pid=int(pid), nonce=nonce)

    @override
    def __str__(self) -> str:
        """Write it for the database."""
        return f"{self.host}:{self.pid}:{self.nonce}"

    def is_dead(self, watcher: Self) -> bool:
        """Return whether it is dead for certain, as seen by another process; False when that cannot be known.

        A container that starts again has its old name and number: then the one with the other nonce is gone.
        """
        if self == watcher or self.host != watcher.host:
            return False
        return self.pid == watcher.pid or not is_running(self.pid)


def is_running(pid: int) -> bool:
    """Return whether a process of this machine lives."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
