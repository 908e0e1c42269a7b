"""One service for one database: a second one would find none of its work, and its operator would wonder why."""

import fcntl
import os
from pathlib import Path

from bot.domain.errors import StorageUnavailable


def lock_service(path: Path) -> int:
    """Lock a database for this process, until the file descriptor that is returned is closed.

    The kernel drops the lock when the process dies, in whatever way; and children that were forked do not hold it
    (https://man7.org/linux/man-pages/man2/fcntl_locking.2.html).

    Args:
        path: of the database; the lock is a file beside it.

    Raises:
        StorageUnavailable: another service has it; says which process.
        OSError: the lock cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(f"{path}.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.read(descriptor, 20).decode()
        os.close(descriptor)
        if isinstance(error, BlockingIOError | PermissionError):
            raise StorageUnavailable(f"the database {path} is served by process {holder} already") from error
        raise
    os.truncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return descriptor
