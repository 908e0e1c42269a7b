"""The first answer to a command, reached by the command's token: for fifteen minutes, also after a restart.

It is told apart from what has been answered already by its loading flag: a deferred answer has it until its first edit.
https://docs.discord.com/developers/interactions/receiving-and-responding#followup-messages
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from discord.http import MultipartParameters, Route

from adapters.discord.client import Client
from adapters.discord.outcomes import TOKEN_EXPIRED, UNKNOWN_MESSAGE, UNKNOWN_WEBHOOK, DiscordRefusal, read, write
from adapters.discord.translate import Posted, Trace, from_snowflake
from bot.domain.errors import PostNotDone
from bot.domain.messages import Message
from bot.ports import Clock

OVER = frozenset({UNKNOWN_WEBHOOK, UNKNOWN_MESSAGE, TOKEN_EXPIRED})
"""Refusals that say that there is no first answer, or none that the token still reaches."""

LOADING = 1 << 7
SUPPRESS_EMBEDS = 1 << 2

DEFER_MS = 3_000
"""A command must be answered within this time; its turn may be faster than that answer."""

DEFER_PAUSE_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class FirstAnswer:
    """The first answer to a command."""

    posted: Posted
    """Where it stands."""
    loading: bool
    """True while it says nothing but that somebody is at work."""
    content: str
    """What it says."""
    files: Mapping[int, str]
    """What its files are called, by their ids."""

    def fits(self, trace: Trace) -> bool:
        """Return whether it is a post of ours."""
        return trace.is_named(self.files.values()) or trace.is_said(self.content)


class Answers:
    """Reads and writes first answers."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    async def first(self, answering: Message) -> FirstAnswer | None:
        """Return the first answer to a command; None for other messages, and when it can be reached no more.

        Raises:
            PostNotDone: it cannot be looked at now.
        """
        if "token" not in answering.handle:
            return None
        while True:
            try:
                return _first_answer(await read(self._request("GET", answering)))
            except DiscordRefusal as error:
                if error.code not in OVER:
                    raise PostNotDone(error.reason) from error
                if self._age_ms(answering) > DEFER_MS:
                    return None
            await self._clock.sleep(DEFER_PAUSE_SECONDS)

    async def fill(self, answering: Message, text: str) -> FirstAnswer:
        """Write a text into the first answer; may be repeated without harm.

        Raises:
            PostNotDone: certainly not written.
            PostInDoubt: perhaps written.
            DiscordRefusal: it will never be.
        """
        body = {"content": text, "flags": SUPPRESS_EMBEDS, "allowed_mentions": {"parse": []}}
        return _first_answer(await write(self._request("PATCH", answering, json=body)))

    async def fill_with_files(self, answering: Message, parameters: MultipartParameters) -> FirstAnswer:
        """Put files into the first answer, whose text stays; raises as `fill` does."""
        call = self._request("PATCH", answering, files=parameters.files, form=parameters.multipart)
        return _first_answer(await write(call))

    async def take_back(self, answering: Message) -> None:
        """Remove the first answer.

        Raises:
            PostNotDone: it may still be there.
            DiscordRefusal: it cannot be removed.
        """
        await read(self._request("DELETE", answering))

    async def _request(self, method: Literal["GET", "PATCH", "DELETE"], answering: Message, **body: Any) -> Any:
        route = Route(
            method,
            "/webhooks/{webhook_id}/{webhook_token}/messages/@original",
            webhook_id=int(answering.handle["application"]),
            webhook_token=answering.handle["token"],
        )
        return await self._client.http.request(route, **body)

    def _age_ms(self, answering: Message) -> int:
        return abs(self._clock.now() - from_snowflake(int(answering.key)))


def _first_answer(data: Mapping[str, Any]) -> FirstAnswer:
    return FirstAnswer(
        posted=Posted(channel=int(data["channel_id"]), message=int(data["id"]), interaction=True),
        loading=bool(data.get("flags", 0) & LOADING),
        content=str(data.get("content") or ""),
        files={int(file["id"]): str(file["filename"]) for file in data.get("attachments") or ()},
    )
