"""Takes from a thread what it does not need: files, the network, other processes.

By Landlock where the kernel has it (https://docs.kernel.org/userspace-api/landlock.html): no privilege is needed, and
the programs that the thread starts are bound as well. Elsewhere only the resource limits hold.
"""

import ctypes
import os
import resource
import stat
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_PR_SET_NO_NEW_PRIVS = 38
_VERSION_QUERY = 1
_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_CHANGE = (1 << 13) - 1 - 0b1111
"""Making and removing entries of a folder."""

_READ = _EXECUTE | _READ_FILE | _READ_DIR
_ON_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_TCP = 0b11
_SIGNALS_AND_ABSTRACT_SOCKETS = 0b11

_OPEN_FILES = 256
_FILE_BYTES = 4 * 1024**3

_libc = ctypes.CDLL(None, use_errno=True)


def landlock_version() -> int:
    """Return the version of Landlock that this kernel has; 0 for none."""
    if sys.platform != "linux":
        return 0
    version: int = _libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION_QUERY))
    return max(0, version)


def limit_resources() -> None:
    """Limit this process, and what it starts, to a few open files and to files of some gigabytes."""
    for kind, wanted in ((resource.RLIMIT_NOFILE, _OPEN_FILES), (resource.RLIMIT_FSIZE, _FILE_BYTES)):
        _, hard = resource.getrlimit(kind)
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (most, most))


def restrict_thread(*, readable: Iterable[str], writable: Iterable[str]) -> None:
    """Let this thread, and what it starts from now on, reach only some paths and no network.

    It cannot be taken back; other threads of the process are not bound.

    Args:
        readable: files, and folders with all that is below them. The system's libraries are always readable.
        writable: folders in which files may be made, changed and removed, or files that may be written.

    Raises:
        OSError: the kernel has Landlock and refused.
    """
    version = landlock_version()
    if version == 0:
        return
    handled = _READ | _WRITE_FILE | _CHANGE | _newer_rights(version)
    ruleset = _ruleset(version, handled)
    try:
        for rule in _system():
            _allow(ruleset, rule)
        for paths, rights in ((readable, _READ), (writable, handled & ~_EXECUTE)):
            for rule in filter(None, (_rule(path, rights) for path in paths)):
                _allow(ruleset, rule)
                os.close(rule.opened)
        _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        _check(_libc.syscall(_RESTRICT_SELF, ruleset, 0))
    finally:
        os.close(ruleset)


def _newer_rights(version: int) -> int:
    return sum(right for since, right in ((2, _REFER), (3, _TRUNCATE), (5, _IOCTL_DEV)) if version >= since)


def _ruleset(version: int, files: int) -> int:
    """Make an empty ruleset: all that it handles is forbidden until a rule allows it."""
    words = [files]
    if version >= 4:
        words.append(_TCP)
    if version >= 6:
        words.append(_SIGNALS_AND_ABSTRACT_SOCKETS)
    attributes = struct.pack(f"={len(words)}Q", *words)
    return _check(_libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0)))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Rule:
    opened: int
    """The path, as a descriptor that can only be pointed with."""
    rights: int
    """What may be done with the path and with all that is below it."""


@cache
def _system() -> tuple[_Rule, ...]:
    """Return what Python and ffmpeg use while they run."""
    paths = (sys.prefix, sys.base_prefix, "/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache")
    rules = [*(_rule(path, _READ) for path in paths), _rule("/dev/null", _READ | _WRITE_FILE)]
    return tuple(filter(None, rules))


def _rule(path: str, rights: int) -> _Rule | None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    is_folder = stat.S_ISDIR(os.fstat(opened).st_mode)
    return _Rule(opened=opened, rights=rights if is_folder else rights & _ON_FILES)


def _allow(ruleset: int, rule: _Rule) -> None:
    attributes = struct.pack("=Qi", rule.rights, rule.opened)
    _check(_libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, attributes, ctypes.c_uint32(0)))


def _check(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock: {os.strerror(number)}")
    return result
