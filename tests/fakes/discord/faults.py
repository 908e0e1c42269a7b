"""Trouble on request: the next requests that match a pattern go wrong in a chosen way."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal, get_args

Kind = Literal["429", "500", "drop_before", "drop_after", "slow", "truncate"]
KINDS = get_args(Kind)


@dataclass(kw_only=True, slots=True)
class Fault:
    """One kind of trouble.

    `429` and `500` are answered without effect. `drop_before` cuts the connection before the effect, `drop_after` when
    the effect is there but not the answer. `slow` waits before the effect. `truncate` sends half of the answer's body.
    """

    kind: Kind
    match: str
    """Glob over method and path, such as `POST /channels/*/messages` or `GET /attachments/*`."""
    times: int = 1
    skip: int = 0
    """How many matching requests pass before the first one fails."""
    seconds: float = 0.05
    """How long `slow` waits, and what `429` asks for."""
    is_global: bool = False
    """Whether `429` is the global limit's."""
    hits: int = 0


class Faults:
    """The faults that wait for their requests."""

    def __init__(self) -> None:
        self.planned: list[Fault] = []

    def take(self, method: str, path: str) -> Fault | None:
        """Return the fault that this request suffers, using it up."""
        for fault in self.planned:
            if fault.hits >= fault.times or not fnmatchcase(f"{method} {path}", fault.match):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.hits += 1
            return fault
        return None
