"""A validated request on its way to the function that answers it, and the table row that brought it there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.fakes.discord.bodies import Body
from tests.fakes.discord.model import Channel, Message
from tests.fakes.discord.schemas import Schema
from tests.fakes.discord.world import World


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One request to the API."""

    world: World
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Body

    @property
    def payload(self) -> dict[str, Any]:
        """The body's object, empty where there was none."""
        return self.body.payload or {}

    @property
    def channel(self) -> Channel:
        """The channel in the path."""
        return self.world.channel(self.path["channel_id"])

    @property
    def message(self) -> Message:
        """The message in the path."""
        return self.world.message(self.channel.id, self.path["message_id"])


@dataclass(frozen=True, slots=True)
class Operation:
    """One row of the API's table."""

    method: str
    template: str
    """The path as in Discord's OpenAPI document, such as `/channels/{channel_id}`."""
    run: Callable[[Call], Any]
    """Answers with the body's JSON, or None for 204."""
    body: Schema | None = None
    query: Schema | None = None
    status: int = 200
    token: bool = True
    """Whether the bot's token is needed; interactions have tokens of their own in the path."""
