"""One service for one database: a second one would find none of its work, and its operator would wonder why.

Services that each have a part of the work (a range of Discord's shards) share a database: each part has one service, and
there is none for the whole beside them.
"""

import fcntl
import os
from collections.abc import Sequence
from pathlib import Path

from bot.domain.errors import StorageUnavailable


def lock_service(path: Path, part: str = "") -> Sequence[int]:
    """Lock a database for this process, until the file descriptors that are returned are closed.

    The kernel drops the locks when the process dies, in whatever way; and children that were forked do not hold them
    (https://man7.org/linux/man-pages/man2/fcntl_locking.2.html).

    Args:
        path: of the database; the locks are files beside it.
        part: names a part of the work; empty for all of it.

    Raises:
        StorageUnavailable: another service has it; says which process.
        OSError: a lock cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = _lock(path, "", fcntl.LOCK_SH if part else fcntl.LOCK_EX)
    if not part:
        return [whole]
    try:
        return [whole, _lock(path, f".{part}", fcntl.LOCK_EX)]
    except BaseException:
        os.close(whole)
        raise


def _lock(path: Path, suffix: str, kind: int) -> int:
    """Lock one file, write down who did, and return it opened."""
    descriptor = os.open(f"{path}{suffix}.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.lockf(descriptor, kind | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.read(descriptor, 20).decode()
        os.close(descriptor)
        if isinstance(error, BlockingIOError | PermissionError):
            raise StorageUnavailable(f"the database {path} is served by process {holder} already") from error
        raise
    os.truncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return descriptor
