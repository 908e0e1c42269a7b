"""The answers to a command that its token reaches: for fifteen minutes, also after a restart.

The first one is told apart from what has been answered already by its loading flag: a deferred answer has it until its
first edit. Follow-ups are seen by those who see the first; what answers its author alone is said by them, for it may be
said nowhere else. Discord lists them nowhere and takes no nonce for them, so one that was lost on its way, or in a crash,
may come twice; where the bot is not, it takes five of them.
https://docs.discord.com/developers/interactions/receiving-and-responding#followup-messages
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from discord.http import MultipartParameters, Route

from adapters.discord.client import Client
from adapters.discord.controls import Component
from adapters.discord.outcomes import TOKEN_EXPIRED, UNKNOWN_MESSAGE, UNKNOWN_WEBHOOK, DiscordRefusal, read, write
from adapters.discord.translate import Posted, Trace, from_snowflake
from bot.domain.errors import PostNotDone
from bot.domain.messages import Message
from bot.ports import Clock

OVER = frozenset({UNKNOWN_WEBHOOK, UNKNOWN_MESSAGE, TOKEN_EXPIRED})
"""Refusals that say that there is no first answer, or none that the token still reaches."""

LOADING = 1 << 7
SUPPRESS_EMBEDS = 1 << 2

EPHEMERAL = 1 << 6

FOLLOW_UPS = "/webhooks/{webhook_id}/{webhook_token}"
FIRST = f"{FOLLOW_UPS}/messages/@original"

Method = Literal["GET", "POST", "PATCH", "DELETE"]

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
        if not answering.handle.get("token"):
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

    async def fill(self, answering: Message, text: str, under: Sequence[Component] = ()) -> FirstAnswer:
        """Write a text into the first answer, with components under it; may be repeated without harm.

        Raises:
            PostNotDone: certainly not written.
            PostInDoubt: perhaps written.
            DiscordRefusal: it will never be.
        """
        return _first_answer(await write(self._request("PATCH", answering, json=_said(text, under))))

    async def fill_with_files(self, answering: Message, parameters: MultipartParameters) -> FirstAnswer:
        """Put files into the first answer, whose text stays; raises as `fill` does."""
        call = self._request("PATCH", answering, FIRST, files=parameters.files, form=parameters.multipart)
        return _first_answer(await write(call))

    async def follow_up(self, answering: Message, text: str) -> Posted:
        """Say something more to the author of a command alone; raises as `fill` does."""
        body = {**_said(text), "flags": SUPPRESS_EMBEDS | EPHEMERAL}
        data = await write(self._request("POST", answering, FOLLOW_UPS, json=body))
        return Posted(channel=int(data["channel_id"]), message=int(data["id"]), follow_up=True)

    async def change(self, answering: Message, posted: Posted, text: str, under: Sequence[Component] = ()) -> None:
        """Replace the text of an answer, and what stands under it; raises as `fill` does."""
        await write(self._request("PATCH", answering, _one(posted), json=_said(text, under)))

    async def take_back(self, answering: Message, posted: Posted | None = None) -> None:
        """Remove an answer, by default the first one.

        Raises:
            PostNotDone: it may still be there.
            DiscordRefusal: it cannot be removed.
        """
        await read(self._request("DELETE", answering, FIRST if posted is None else _one(posted)))

    async def _request(self, method: Method, answering: Message, path: str = FIRST, **body: Any) -> Any:
        route = Route(
            method,
            path,
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


def _one(posted: Posted) -> str:
    return FIRST if posted.interaction else f"{FOLLOW_UPS}/messages/{posted.message}"


def _said(text: str, under: Sequence[Component] = ()) -> dict[str, Any]:
    return {
        "content": text,
        "components": list(under),
        "flags": SUPPRESS_EMBEDS,
        "allowed_mentions": {"parse": []},
    }
