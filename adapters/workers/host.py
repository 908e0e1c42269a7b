"""The worker's side: `python -m adapters.workers.host MODULE` runs the handlers of one module, one call at a time.

The module exposes `HANDLERS`, a mapping from a handler's name to a function that takes a mapping of arguments and
yields JSON values or bytes. It may expose `setup(arguments)`, which is called once before the first call.

The process dies with its parent (https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html), leaves no core
dump, and keeps its pipes to itself: what libraries print goes to standard error, and the programs that they start read
nothing.
"""

import ctypes
import faulthandler
import importlib
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from adapters.workers.frames import HEADER, OUT_OF_MEMORY_STATUS, Frame, Kind, frame, parse_header
from bot.words import Phrase, phrase

PR_SET_PDEATHSIG = 1

Handler = Callable[[Mapping[str, Any]], Iterator[object]]
"""What `HANDLERS` maps a name to."""


class Channel:
    """Frames to and from the parent, over private copies of standard input and output."""

    def __init__(self) -> None:
        self._incoming: BinaryIO = os.fdopen(os.dup(0), "rb")
        self._outgoing: BinaryIO = os.fdopen(os.dup(1), "wb")
        with Path(os.devnull).open("rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        os.dup2(2, 1)

    def receive(self) -> Frame | None:
        """Return the next frame; None when the parent has hung up."""
        header = self._incoming.read(HEADER.size)
        if len(header) < HEADER.size:
            return None
        kind, length = parse_header(header)
        return Frame(kind=kind, payload=self._incoming.read(length))

    def send(self, message: Frame) -> None:
        """Send one frame; blocks for as long as the parent does not read."""
        self._outgoing.write(message.encode())
        self._outgoing.flush()


def resident_bytes() -> int:
    """Return how much memory this process holds, in bytes; the most that it ever held where there is no /proc."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _die_with_parent(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def _confine(options: Mapping[str, Any]) -> None:
    """Apply the limits that hold for every worker, whatever it runs."""
    _die_with_parent(options["parent"])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if options["memory_limit_bytes"] is not None:
        resource.setrlimit(resource.RLIMIT_AS, (options["memory_limit_bytes"],) * 2)
    faulthandler.enable()


def _load(module_name: str, arguments: Mapping[str, Any]) -> Mapping[str, Handler]:
    module = importlib.import_module(module_name)
    setup = getattr(module, "setup", None)
    if setup is not None:
        setup(arguments)
    handlers: Mapping[str, Handler] = module.HANDLERS
    return handlers


def _failure(error: Exception) -> Frame:
    traceback.print_exception(error)
    said = error.args[0] if error.args and isinstance(error.args[0], Phrase) else phrase(str(error))
    blanks = {name: str(value) for name, value in said.blanks.items()}
    report = {"kind": type(error).__name__, "message": said.template, "blanks": blanks, "rss": resident_bytes()}
    return frame(Kind.ERROR, report)


def _run(channel: Channel, handlers: Mapping[str, Handler], call: Mapping[str, Any]) -> None:
    for value in handlers[call["handler"]](call["arguments"]):
        if isinstance(value, bytes | bytearray | memoryview):
            channel.send(Frame(kind=Kind.BYTES, payload=bytes(value)))
        else:
            channel.send(frame(Kind.JSON, value))


def _answer(channel: Channel, work: Callable[[], object], done: Kind) -> bool:
    """Do some work and tell the parent how it ended; returns whether it went well."""
    try:
        work()
    except BrokenPipeError:
        os._exit(0)  # The parent no longer listens.
    except MemoryError:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(OUT_OF_MEMORY_STATUS)
    except Exception as error:  # noqa: BLE001  A supervisor: the parent is told, whatever it was.
        channel.send(_failure(error))
        return False
    channel.send(frame(done, {"rss": resident_bytes()}))
    return True


def main() -> None:
    """Set up, say READY, and run calls until the parent hangs up."""
    channel = Channel()
    setup = channel.receive()
    if setup is None:
        return
    options: Any = setup.value()
    _confine(options)
    handlers: dict[str, Handler] = {}
    if not _answer(channel, lambda: handlers.update(_load(sys.argv[1], options["arguments"])), Kind.READY):
        return
    while (request := channel.receive()) is not None:
        call: Any = request.value()
        _answer(channel, lambda call=call: _run(channel, handlers, call), Kind.END)  # type: ignore[misc]


if __name__ == "__main__":
    main()
