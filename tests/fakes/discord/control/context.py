"""What an act of the control API works with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.fakes.discord.faults import Faults
from tests.fakes.discord.gateway import Gateway
from tests.fakes.discord.limits import Limits
from tests.fakes.discord.model import Upload
from tests.fakes.discord.world import World


@dataclass(frozen=True, kw_only=True, slots=True)
class Control:
    """The parts of the fake that a test can reach."""

    world: World
    gateway: Gateway
    limits: Limits
    faults: Faults


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """One act: its parameters and files."""

    control: Control
    payload: dict[str, Any]
    uploads: Mapping[int, Upload]

    @property
    def world(self) -> World:
        """The world that the act changes."""
        return self.control.world

    def text(self, name: str) -> str:
        """Return a parameter that must be there, as text."""
        return str(self.payload[name])

    def optional(self, name: str) -> str | None:
        """Return a parameter as text, or None where it is absent."""
        value = self.payload.get(name)
        return None if value is None else str(value)
