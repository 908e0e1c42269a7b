"""What Discord advises about the gateway: how many shards, and how many of their sessions may still begin.

https://docs.discord.com/developers/events/gateway#get-gateway-bot
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import discord
from discord.http import Route

from adapters.discord.outcomes import read


@dataclass(frozen=True, kw_only=True, slots=True)
class Advice:
    """An answer to `GET /gateway/bot`."""

    shards: int
    """How many shards the bot should have."""
    at_once: int
    """`max_concurrency`: how many sessions may begin within five seconds."""
    remaining: int
    """How many sessions may still begin today; one more costs the bot its token."""


async def ask_advice(client: discord.Client) -> Advice:
    """Ask Discord.

    Raises:
        PostNotDone: it may be asked again.
        DiscordRefusal: Discord will never answer that.
    """
    return to_advice(await read(client.http.request(Route("GET", "/gateway/bot"))))


def to_advice(answer: Mapping[str, Any]) -> Advice:
    """Read Discord's answer."""
    starts = answer["session_start_limit"]
    return Advice(
        shards=max(1, int(answer["shards"])),
        at_once=max(1, int(starts["max_concurrency"])),
        remaining=int(starts["remaining"]),
    )
