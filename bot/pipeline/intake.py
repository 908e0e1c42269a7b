"""intake: what a platform's adapter hands over -> a stored job, before the platform is told "received"."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from weakref import WeakValueDictionary

import structlog
from typing_extensions import override

from bot.domain.access import HOUR_MS, Rate, rate, refusal
from bot.domain.attention import is_heard
from bot.domain.budgets import user_scope
from bot.domain.commands import CommandCall
from bot.domain.messages import Addressed, Message, Place
from bot.pipeline.command import carry_out
from bot.pipeline.house import House
from bot.ports import Intake

log = structlog.get_logger()


class StoredIntake(Intake):
    """Stores what is for us as jobs. Of what is refused, nothing is stored but who is to be told so."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._in_turn: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @override
    async def accept(self, message: Message) -> bool:
        settled = await self._house.channels.config(message.place)
        if not is_heard(message, settled.config, in_thread=await self._takes_part(message)):
            return False
        denied = refusal(message.author, message.place, settled.config)
        if denied:
            return await self._submit(_refused(message, denied))
        allowed = rate(settled, message.place)
        return await (self._submit_within(allowed, message) if allowed.limit else self._submit(message))

    async def _takes_part(self, message: Message) -> bool:
        """Whether we are in the message's thread; only asked of the database when it matters."""
        if message.addressed is not Addressed.OVERHEARD or message.place.thread is None or message.author.is_bot:
            return False
        return await self._house.jobs.takes_part(message.place)

    async def _submit_within(self, allowed: Rate, message: Message) -> bool:
        """Store a message if its author may have one more; else tell them so, once until then."""
        person = user_scope(message.place, message.author)
        async with self._in_turn.setdefault(person, asyncio.Lock()):  # else all of many at once would pass
            now = self._house.clock.now()
            answered = await self._house.jobs.sent(person, allowed.within, since=now - HOUR_MS, limit=allowed.limit)
            goes_on_at = allowed.goes_on_at(answered, now)
            if goes_on_at is None:
                return await self._submit(message)
            if await self._is_told(person, allowed, since=answered[0]) and message.command is None:
                log.info("message passed over", job=message.job_id)
                return False
            return await self._submit(_refused(message, allowed.sentence(goes_on_at, now)))

    async def _is_told(self, person: str, allowed: Rate, *, since: int) -> bool:
        """Whether a person was refused since their last answered message. Who uses a command is told each time."""
        return bool(await self._house.jobs.sent(person, allowed.within, since=since, limit=1, refused=True))

    async def _submit(self, message: Message) -> bool:
        stored = await self._house.jobs.submit(message)
        log.info("message stored" if stored else "message known already", job=message.job_id)
        return stored

    @override
    async def command(self, call: CommandCall) -> str:
        return await carry_out(self._house, call)

    @override
    async def marks(self, platform: str) -> Mapping[Place, str]:
        return await self._house.jobs.marks(platform)


def _refused(message: Message, sentence: str) -> Message:
    """Return what is stored of a message that is refused: what is needed to answer it, and nothing that it says."""
    return replace(message.emptied, handle=message.handle, refusal=sentence)
