"""intake: what a platform's adapter hands over -> a stored job, before the platform is told "received"."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from weakref import WeakValueDictionary

import structlog
from typing_extensions import override

from bot.domain.access import HOUR_MS, Rate, is_stranger, rate, welcome
from bot.domain.attention import is_heard
from bot.domain.budgets import user_scope
from bot.domain.commands import CommandCall
from bot.domain.controls import Press, Response
from bot.domain.home import Home
from bot.domain.messages import Addressed, Author, Message, Place, subject_of
from bot.domain.panel import Choice, Outcome, SettingsForm
from bot.domain.suggestions import Room
from bot.pipeline import changes, panel
from bot.pipeline.command import carry_out
from bot.pipeline.home import make_home
from bot.pipeline.house import House
from bot.pipeline.people import language_of, refused, with_groups
from bot.pipeline.press import take_press
from bot.pipeline.presses.wanted import Admission
from bot.ports import Intake
from bot.words import speaking

log = structlog.get_logger()


class StoredIntake(Intake):
    """Stores what is for us as jobs. Of what is refused, nothing is stored but who is to be told so."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._in_turn: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def _alone(self, name: str) -> asyncio.Lock:
        """Return what is held while something happens that must not happen twice at once."""
        return self._in_turn.setdefault(name, asyncio.Lock())

    @override
    async def accept(self, message: Message) -> bool:
        async with self._alone(message.subject):  # an edit or a deletion may come before it is stored
            return await self._accept(message)

    async def _accept(self, message: Message) -> bool:
        settled = await self._house.channels.config(message.place)
        author, place, config = message.author, message.place, settled.config
        member = await with_groups(self._house, author, place, config)
        if not is_heard(replace(message, author=member), config, in_thread=await self._takes_part(message)):
            return False
        denied = await refused(self._house, author, place, config)
        if denied:
            return await self._refuse(message, denied, unknown=is_stranger(member, place, config, paired=False))
        bursts = self._house.platforms[place.platform].abilities.bursts
        allowed, pause = rate(settled, place), config.gather_seconds if bursts else 0.0
        return await (self._submit_within(allowed, message, pause) if allowed.limit else self._submit(message, pause))

    async def _refuse(self, message: Message, denied: str, *, unknown: bool) -> bool:
        """Store who is to be told that they are refused; somebody unknown is told a code, once while it holds."""
        if not unknown:
            return await self._submit(_refused(message, denied))
        person = user_scope(message.place, message.author)
        code = await self._house.pairings.knock(person, message.job_id)
        if not code and message.command is None:
            log.info("message passed over", job=message.job_id)
            return False
        with speaking(await language_of(self._house, message.place, message.author)):
            return await self._submit(_refused(message, welcome(code) if code else denied))

    async def _takes_part(self, message: Message) -> bool:
        """Whether we are in the message's thread; only asked of the database when it matters."""
        if message.addressed is not Addressed.OVERHEARD or message.place.thread is None or message.author.is_bot:
            return False
        return await self._house.jobs.takes_part(message)

    async def _submit_within(self, allowed: Rate, message: Message, pause: float) -> bool:
        """Store a message if its author may have one more; else tell them so, once until then."""
        person = user_scope(message.place, message.author)
        async with self._alone(person):  # else all of many at once would pass
            now = self._house.clock.now()
            answered = await self._house.jobs.sent(person, allowed.within, since=now - HOUR_MS, limit=allowed.limit)
            goes_on_at = allowed.goes_on_at(answered, now)
            if goes_on_at is None:
                return await self._submit(message, pause)
            if await self._is_told(person, allowed, since=answered[0]) and message.command is None:
                log.info("message passed over", job=message.job_id)
                return False
            with speaking(await language_of(self._house, message.place, message.author)):
                return await self._submit(_refused(message, allowed.sentence(goes_on_at, now)))

    async def _is_told(self, person: str, allowed: Rate, *, since: int) -> bool:
        """Whether a person was refused since their last answered message. Who uses a command is told each time."""
        return bool(await self._house.jobs.sent(person, allowed.within, since=since, limit=1, refused=True))

    async def _admit(self, message: Message) -> Admission:
        """Store what somebody wants by a button; why they may not have it is told to them alone, so it is no job."""
        settled = await self._house.channels.config(message.place)
        denied = await refused(self._house, message.author, message.place, settled.config)
        allowed = rate(settled, message.place)
        if denied or not allowed.limit:
            return Admission(refusal=denied) if denied else Admission(stored=await self._submit(message))
        person = user_scope(message.place, message.author)
        async with self._alone(person):
            now = self._house.clock.now()
            answered = await self._house.jobs.sent(person, allowed.within, since=now - HOUR_MS, limit=allowed.limit)
            goes_on_at = allowed.goes_on_at(answered, now)
            if goes_on_at is not None:  # in the language of the press
                return Admission(refusal=allowed.sentence(goes_on_at, now))
            return Admission(stored=await self._submit(message))

    async def _submit(self, message: Message, pause: float = 0.0) -> bool:
        stored = await self._house.jobs.submit(message, pause=pause)
        log.info("message stored" if stored else "message known already", job=message.job_id)
        return stored

    @override
    async def edited(self, message: Message, *, said_at: int) -> bool:
        if message.author.is_bot or not message.edited:
            return False
        async with self._alone(message.subject):
            known = await self._house.jobs.of_message(message.subject)
            if known:
                async with self._alone(user_scope(message.place, message.author)):  # else all of many edits would pass
                    return await changes.redo(self._house, message, known, said_at=said_at)
            speaks_to_us = message.addressed is not Addressed.OVERHEARD
            taken = speaks_to_us and changes.is_recent(self._house, said_at)
            return taken and await self._accept(replace(message, ahead=True))  # what was said before it may still come

    @override
    async def deleted(self, place: Place, key: str) -> bool:
        async with self._alone(subject_of(place, key)):
            return await changes.withdraw(self._house, place, key)

    @override
    async def stop(self, place: Place, *, by: str, may_manage: bool = False) -> int:
        return await changes.stop(self._house, place, by=by, may_manage=may_manage)

    @override
    async def file_deleted(self, platform: str, workspace: str, file: str) -> int:
        return await changes.withdraw_file(self._house, f"{platform}:{workspace}", file)

    @override
    async def channel_deleted(self, place: Place) -> bool:
        return await changes.close(self._house, place)

    @override
    async def left(self, platform: str, workspace: str) -> bool:
        return await changes.leave(self._house, platform, workspace)

    @override
    async def command(self, call: CommandCall) -> str:
        return await carry_out(self._house, call)

    @override
    async def press(self, press: Press) -> Response:
        return await take_press(self._house, press, self._admit)

    @override
    async def settings(self, call: CommandCall) -> SettingsForm:
        return await panel.open_form(self._house, call)

    @override
    async def change_settings(
        self, call: CommandCall, filled: Mapping[str, str], *, shown: Mapping[str, str]
    ) -> Outcome:
        return await panel.change(self._house, call, filled, shown)

    @override
    async def suggest(
        self, name: str, typed: str, *, place: Place, author: Author, room: Room, filled: Mapping[str, str]
    ) -> Sequence[Choice]:
        with speaking(await language_of(self._house, place, author)):
            return await panel.suggest(self._house, name, typed, place=place, room=room, filled=filled)

    @override
    async def home(self, place: Place, author: Author, *, channels: Sequence[str] | None) -> Home:
        return await make_home(self._house, place, author, channels=channels)

    @override
    async def refusal(self, place: Place, author: Author) -> str:
        with speaking(await language_of(self._house, place, author)):
            return await refused(self._house, author, place, (await self._house.channels.config(place)).config)

    @override
    async def language(self, place: Place, author: Author) -> str:
        return await language_of(self._house, place, author)

    @override
    async def marks(self, platform: str) -> Mapping[Place, str]:
        return await self._house.jobs.marks(platform)

    @override
    async def caught_up(self, marks: Mapping[Place, str]) -> None:
        await self._house.jobs.caught_up(marks)

    @override
    async def lock(self, name: str, *, seconds: float) -> bool:
        return await self._house.locks.take(name, seconds=seconds) is None


def _refused(message: Message, sentence: str) -> Message:
    """Return what is stored of a message that is refused: what is needed to answer it, and nothing that it says."""
    return replace(message.emptied, handle=message.handle, refusal=sentence)
