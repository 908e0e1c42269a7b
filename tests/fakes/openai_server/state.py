"""All that one running fake knows: who it is, what it will answer, what will go wrong, and who has called."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from aiohttp import web

from tests.fakes.openai_server.flavours import FLAVOURS, Flavour


class Action(StrEnum):
    """What goes wrong with a request."""

    ERROR = "error"
    """An answer with `status`, in the server's shape."""
    OK_ERROR = "ok_error"
    """HTTP 200 whose body is an error."""
    PAGE = "page"
    """An HTML page with `status`, as something in front of the server sends."""
    DROP = "drop"
    """The connection is cut once the request was read."""
    HANG = "hang"
    """Nothing is said."""
    CUT = "cut"
    """The connection is cut after `after` deltas, or half of the body."""
    MIDSTREAM_ERROR = "midstream_error"
    """An error comes after `after` deltas."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One thing that goes wrong, once."""

    action: Action
    """What happens."""
    path: str = "/v1/chat/completions"
    """To a request for this path."""
    status: int = 500
    """HTTP status."""
    message: str = "the backend failed"
    """For people."""
    retry_after: str = ""
    """The header; empty without."""
    after: int = 1
    """Deltas that are sent first."""
    rst: bool = False
    """Cut by TCP reset instead of an orderly close."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """How everything is answered."""

    text: str | None = None
    """The answer or the transcript; None says back what the request held."""
    thought: str = ""
    """Thinking that comes before the text."""
    pause: float = 0
    """Seconds between two deltas."""
    crlf: bool = False
    """Lines end with CR LF."""
    done: bool = True
    """Whether a stream ends with `[DONE]`."""
    usage: bool = True
    """Whether a stream tells its usage where it was asked to."""
    whole: bool = False
    """A stream that was asked for comes as one JSON answer."""


@dataclass(kw_only=True)
class Call:
    """One POST."""

    path: str
    """Where."""
    model: str = ""
    """Which model was asked."""
    key: str = ""
    """The header `Authorization`."""
    body: dict[str, Any] = field(default_factory=dict)
    """The JSON, or the fields of the form; sound only as what it is."""
    outcome: str = "open"
    """`open`, `complete`, `error`, `cut` (by the server) or `cancelled` (by the client)."""


class Fake:
    """The server's memory."""

    def __init__(self) -> None:
        self.reset("localai", "")

    def reset(self, flavour: str, key: str) -> None:
        """Forget everything, and be another server."""
        self.flavour: Flavour = FLAVOURS[flavour]
        self.key = key
        self.script = Script()
        self.faults: list[Fault] = []
        self.calls: list[Call] = []
        self.reads: list[str] = []
        self.violations: list[str] = []

    def fault(self, path: str) -> Fault | None:
        """Take the next fault for a path."""
        found = next((fault for fault in self.faults if fault.path == path), None)
        if found is not None:
            self.faults.remove(found)
        return found


class Refusal(Exception):
    """An error answer. `breach` says whether the client broke the contract."""

    def __init__(self, status: int, message: str, *, breach: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.breach = breach


FAKE = web.AppKey("fake", Fake)
CALL = web.RequestKey("call", Call)
FAULT = web.RequestKey("fault", Fault)
