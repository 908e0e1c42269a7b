"""The typed driver of the fake: sets the scene, plays the humans, watches the bot.

A test starts `tests.fakes.discord` with `tests.fakes.process.running`, opens `FakeDiscord(url)` with `async with`, builds
a guild (`add_user`, `add_guild`, `add_channel`), lets users act (`post`, `use_slash`), waits for what the bot does
(`wait_for_messages`, `wait_for_answer`) and at its end finds `violations()` empty.
"""

from collections.abc import Callable
from typing import Any

from tests.fakes.discord.client_people import People
from tests.fakes.discord.client_scene import Scene
from tests.fakes.discord.control_client import FakeError
from tests.fakes.discord.values import BY_SOMEBODY, File, Posted, PostedFile, Used

__all__ = ["FakeDiscord", "FakeError", "File", "Posted", "PostedFile", "Used"]

Listed = Callable[[list[Posted]], bool]


class FakeDiscord(Scene, People):
    """One fake, driven over its control API."""

    @property
    def api_url(self) -> str:
        """What `discord.http.Route.BASE` must be."""
        return f"{self.base_url}/api/v10"

    @property
    def gateway_url(self) -> str:
        """What `discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY` must be."""
        return self.base_url.replace("http", "ws", 1) + "/gw"

    async def bot_id(self) -> int:
        """Return the bot's user id, which is its application's id too."""
        return int((await self.act("application"))["bot_id"])

    async def state(self) -> dict[str, Any]:
        """Return everything that happened; its parts are named in `control/views.py`."""
        found: dict[str, Any] = await self.look("state")
        return found

    async def records(self) -> dict[str, Any]:
        """Return the `requests`, `violations`, `refusals` (every error answer), `typing` and `reactions` so far."""
        found: dict[str, Any] = await self.look("records")
        return found

    async def gateway(self) -> dict[str, Any]:
        """Return the gateway's `connections`, `sessions`, and how many `identifies` and `resumes` there were."""
        found: dict[str, Any] = await self.look("gateway")
        return found

    async def violations(self) -> list[str]:
        """Return the requests and frames that a correct client would not have sent; empty at the end of every test."""
        found: list[str] = (await self.records())["violations"]
        return found

    async def requests(self, match: str = "") -> list[dict[str, Any]]:
        """Return the requests whose method and path contain a text."""
        found: list[dict[str, Any]] = (await self.records())["requests"]
        return [each for each in found if match in f"{each['method']} {each['path']}"]

    async def messages(self, channel: int) -> list[Posted]:
        """Return a channel's messages, the oldest first, deleted and ephemeral ones too."""
        return [Posted.read(each) for each in await self.look("messages", channel_id=str(channel))]

    async def bot_messages(self, channel: int) -> list[Posted]:
        """Return the bot's own messages in a channel or thread, without deleted ones and a thread's automatic lines."""
        me = await self.bot_id()
        found = await self.messages(channel)
        return [each for each in found if each.author_id == me and each.type in BY_SOMEBODY and not each.deleted]

    async def wait_for_messages(
        self, channel: int, *, count: int = 1, seconds: float = 5, where: Listed | None = None
    ) -> list[Posted]:
        """Wait until the bot has posted enough in a channel or thread, and return what it posted.

        Args:
            channel: a channel, thread or direct message.
            count: how many messages at least.
            seconds: how long to wait at most.
            where: what else must be true of them.
        """

        def wanted(found: list[Posted]) -> bool:
            return len(found) >= count and (where is None or where(found))

        return await self.wait_for(lambda: self.bot_messages(channel), wanted, seconds, f"{count} messages")

    async def wait_for_thread(self, message: int, *, seconds: float = 5) -> int:
        """Wait until a thread hangs from a message, and return its id, which is the message's."""
        await self.wait_for(lambda: self.channel(message), lambda found: found is not None, seconds, "thread")
        return message

    async def channel(self, channel: int) -> dict[str, Any] | None:
        """Return a channel's or thread's object, or None where there is none."""
        found: dict[str, Any] = await self.look("channels", channel_id=str(channel))
        return found or None

    async def interaction(self, interaction: int) -> Used:
        """Return an interaction and what became of it."""
        return Used.read(await self.look(f"interactions/{interaction}"))

    async def wait_for_answer(
        self, interaction: int, *, seconds: float = 5, where: Callable[[Used], bool] | None = None
    ) -> Used:
        """Wait until an interaction has its first answer, and more if `where` says so."""

        def wanted(found: Used) -> bool:
            return found.callback_type is not None and (where is None or where(found))

        return await self.wait_for(lambda: self.interaction(interaction), wanted, seconds, "answer")

    async def autocomplete(
        self, name: str, focused: str, typed: str, /, *, channel: int, user: int, seconds: float = 3, **others: str
    ) -> tuple[dict[str, Any], ...]:
        """Type into an option of a command and return the choices that the bot offers."""
        interaction = await self.type_into_option(name, focused, typed, channel=channel, user=user, **others)
        return (await self.wait_for_answer(interaction, seconds=seconds)).choices

    async def wait_for_sessions(self, count: int = 1, *, seconds: float = 10) -> None:
        """Wait until so many gateway sessions are connected."""

        def wanted(found: dict[str, Any]) -> bool:
            return len([each for each in found["sessions"] if each["connected"]]) >= count

        await self.wait_for(self.gateway, wanted, seconds, "gateway session")

    async def file_bytes(self, file: PostedFile) -> bytes:
        """Return an attachment's bytes, whatever became of its address."""
        async with self.session.get(f"/_fake/files/{file.id}") as response:
            if response.status != 200:
                raise FakeError(f"no file {file.id}")
            return await response.read()
