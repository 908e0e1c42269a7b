"""intake: what a platform's adapter hands over -> a stored job, before the platform is told "received"."""

from collections.abc import Mapping

import structlog
from typing_extensions import override

from bot.domain.attention import is_heard
from bot.domain.commands import CommandCall
from bot.domain.messages import Addressed, Message, Place
from bot.pipeline.command import carry_out
from bot.pipeline.house import House
from bot.ports import Intake

log = structlog.get_logger()


class StoredIntake(Intake):
    """Stores what is for us as jobs."""

    def __init__(self, house: House) -> None:
        self._house = house

    @override
    async def accept(self, message: Message) -> bool:
        config = (await self._house.channels.config(message.place)).config
        if not is_heard(message, config, in_thread=await self._takes_part(message)):
            return False
        stored = await self._house.jobs.submit(message)
        log.info("message stored" if stored else "message known already", job=message.job_id)
        return stored

    async def _takes_part(self, message: Message) -> bool:
        """Whether we are in the message's thread; only asked of the database when it matters."""
        if message.addressed is not Addressed.OVERHEARD or message.place.thread is None or message.author.is_bot:
            return False
        return await self._house.jobs.takes_part(message.place)

    @override
    async def command(self, call: CommandCall) -> str:
        return await carry_out(self._house, call)

    @override
    async def marks(self, platform: str) -> Mapping[Place, str]:
        return await self._house.jobs.marks(platform)
