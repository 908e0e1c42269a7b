"""The double of a platform keeps the contract."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from bot.domain.messages import Attachment, Author, Message, Place, Quoted
from bot.ports import Intake
from tests.contracts.platform import File, PlatformContract, PlatformHarness, Seen, Told
from tests.doubles.platform import MemoryPlatform, Trouble


class MemoryHarness(PlatformHarness):
    """Speaks through the double's own methods."""

    def __init__(self) -> None:
        self.platform: MemoryPlatform = MemoryPlatform()
        self.person = "u"
        self._count = 0

    @asynccontextmanager
    async def serving(self, intake: Intake) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.platform.serve(intake))
            await self.platform.serving.wait()
            yield
            task.cancel()

    async def say(self, text: str, *, file: File | None = None, by_bot: bool = False) -> str:
        return self._say(text, file, by_bot=by_bot)

    async def reply(self, text: str, *, to: str) -> str:
        return self._say(text, None, Quoted(channel="c", key=to))

    def _say(self, text: str, file: File | None, *quoted: Quoted, by_bot: bool = False) -> str:
        self._count += 1
        key = str(self._count)
        attachments = (Attachment(id=f"f{key}", name=file.name[:255]),) if file else ()
        if file:
            self.platform.files[f"f{key}"] = file.content
        place = Place(platform="memory", workspace="w", channel="c", thread="t")
        author = Author(id="b" if by_bot else "u", is_bot=by_bot)
        said = Message(key=key, place=place, author=author, text=text, attachments=attachments, quoted=quoted)
        self.platform.say(said)
        return key

    async def delete_file(self, message: Message) -> None:
        del self.platform.files[message.attachments[0].id]

    async def posts(self, answering: Message) -> Sequence[Seen]:
        posts = self.platform.posts.values()
        return [Seen(text=posted.text, clip=posted.clip, files=posted.files) for posted in posts]

    async def told(self) -> Sequence[Told]:
        return [Told(text=text) for person, text in self.platform.told if person == self.person]

    async def trouble(self, trouble: Trouble) -> None:
        self.platform.troubles.append(trouble)


class TestMemoryPlatform(PlatformContract):
    @pytest.fixture
    def harness(self) -> PlatformHarness:
        return MemoryHarness()
