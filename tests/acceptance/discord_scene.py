"""Discord, with one person in one channel."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from typing_extensions import override

from adapters.discord.registration import menu_title
from bot.domain.commands import COMMANDS
from bot.domain.messages import Action
from tests.acceptance.recordings import DATA, VOICE_NOTE, Recording
from tests.acceptance.scenes import Holds, Reply, Scene
from tests.fakes.discord.client import FakeDiscord, File, Posted, Used
from tests.fakes.process import running


@dataclass(kw_only=True)
class DiscordScene(Scene):
    """Discord, through its gateway."""

    fake: FakeDiscord
    user: int
    channel: int
    settings: dict[str, str]
    mention: str
    guild: int | None = None
    """None in a direct message."""
    name: str = "discord"
    locale: str = "en-US"
    """In which the person uses Discord."""
    _threads: dict[str, int] = field(default_factory=dict)
    _forms: dict[int, int] = field(default_factory=dict)

    @property
    def person(self) -> str:
        return str(self.user)

    @property
    def scope(self) -> str:
        return f"discord:{self.guild or ''}:{self.channel}"

    @override
    async def ready(self) -> None:
        await self.fake.wait_for_sessions(1, seconds=30)

    @override
    async def write(self, text: str, *, under: str | None = None, told: bool = True) -> str:
        thread = int(under) if under and self.guild else None
        message = str(await self.fake.post(thread or self.channel, self.user, text))
        if thread:
            self._threads[message] = thread
        return message

    @override
    async def refer(self, text: str, *, to: str) -> str:
        return str(await self.fake.post(self.channel, self.user, text, reply_to=int(to)))

    @override
    async def speak(self, name: str = VOICE_NOTE, text: str = "", *, told: bool = True) -> str:
        content = (DATA / name).read_bytes()
        if name == VOICE_NOTE and not text:
            voice = File(
                name="voice-message.ogg", data=content, content_type="audio/ogg", duration_secs=5.5, waveform="AAECAwQF"
            )
            return str(await self.fake.post(self.channel, self.user, voice=voice))
        return str(await self.fake.post(self.channel, self.user, text, files=[File(name=name, data=content)]))

    @override
    async def send(self, *recordings: Recording, text: str = "") -> str:
        files = [File(name=each.name, data=each.content, content_type=each.declared) for each in recordings]
        return str(await self.fake.post(self.channel, self.user, text, files=files))

    @override
    async def edit(self, message: str, text: str) -> None:
        await self.fake.edit(int(message), text)

    @override
    async def show_page(self, message: str) -> None:
        await self.fake.embed(int(message), "https://example.com/page")

    @override
    async def delete(self, message: str) -> None:
        await self.fake.delete(int(message))

    @override
    async def send_away(self) -> None:
        if self.guild is None:
            raise ValueError("nobody is sent away from a direct message")
        await self.fake.lose_guild(self.guild)

    @override
    async def robot(self, text: str) -> str:
        robot = await self.fake.add_user("robot", bot=True)
        if self.guild is not None:
            await self.fake.add_member(self.guild, robot)
        return str(await self.fake.post(self.channel, robot, text))

    @override
    async def use(self, command: str, *, manages: bool = False, **options: str) -> str:
        # Discord itself hides commands that change something, until an admin of the server offers them to everybody.
        allowed = {"permissions": ["MANAGE_CHANNELS"]} if manages else {"offered": True}
        about = {"channel": self.channel, "user": self.user, "locale": self.locale, **allowed}
        used = await self.fake.use_slash(_typed(command), options, **about)
        answered = await self.fake.wait_for_answer(used, where=_is_answered)
        if not all(answer.ephemeral for answer in answered.messages):
            raise AssertionError(f"/{command} was answered to everybody: {answered}")
        return "\n".join(answer.content for answer in answered.messages)

    @override
    async def begin(self, command: str, **options: str) -> str:
        used = await self.fake.use_slash(_typed(command), options, channel=self.channel, user=self.user)
        await self.fake.wait_for_answer(used)
        return str(used)

    @override
    async def press(self, message: str, action: Action, *, which: int = -1, stranger: bool = False) -> str:
        found = [posted for posted in await self._posted(message) if posted.raw["components"]]
        user = self.user
        if stranger and self.guild is not None:
            user = await self.fake.add_user("mallory")
            await self.fake.add_member(self.guild, user)
        buttons = (each for row in found[which].raw["components"] for each in row["components"])
        custom_id = next(each["custom_id"] for each in buttons if each["custom_id"].startswith(f"{action}|"))
        return await self._told(await self.fake.use_component(found[which].id, custom_id, user=user))

    async def _told(self, used: int) -> str:
        """Return what one person is told after an interaction; empty when a form opened."""
        answered = await self.fake.wait_for_answer(used, where=lambda found: bool(found.modal) or _is_answered(found))
        self._forms[self.user] = used if answered.modal else self._forms.get(self.user, 0)
        if not all(answer.ephemeral for answer in answered.messages):
            raise AssertionError(f"a press was answered to everybody: {answered}")
        return "\n".join(answer.content for answer in answered.messages)

    @override
    async def form(self) -> Mapping[str, str]:
        opened = await self.fake.interaction(self._forms[self.user])
        fields = [labelled["component"] for labelled in (opened.modal or {})["components"]]
        return {field["custom_id"]: field.get("value", "") for field in fields}

    @override
    async def fill_in(self, *, answer: bool = False, **words: str) -> str:
        given = {**words, **({"answer": True} if answer else {})}
        return await self._told(await self.fake.submit_modal(self._forms[self.user], given))

    @override
    async def choose(self, command: str, *, of: str) -> str:
        title = menu_title(COMMANDS[command])
        return str(await self.fake.use_message_command(title, int(of), user=self.user))

    @override
    async def link_to(self, message: str) -> str:
        return f"https://discord.com/channels/{self.guild or '@me'}/{self.channel}/{message}"

    @override
    async def replies(self, message: str) -> Sequence[Reply]:
        return [_reply(posted, await self._contents(posted)) for posted in await self._posted(message)]

    @override
    async def until(self, message: str, holds: Holds, *, seconds: float) -> Sequence[Reply]:
        def wanted(found: list[Posted]) -> bool:
            return holds([_reply(posted, [b"?" for _ in posted.files]) for posted in found])

        await self.fake.wait_for(lambda: self._posted(message), wanted, seconds, "reply")
        return await self.replies(message)

    async def _posted(self, message: str) -> list[Posted]:
        """Return what Mynah posted after a message where it was written, and in the thread that was made from it."""
        places = (self._threads.get(message, self.channel), int(message))
        found = [posted for place in places for posted in await self.fake.bot_messages(place)]
        later = [posted for posted in found if posted.id > int(message)]
        theirs = [posted for posted in later if not posted.ephemeral or posted.raw.get("interaction_id") == message]
        return [posted for posted in theirs if not posted.loading]

    async def _contents(self, posted: Posted) -> Sequence[bytes]:
        return [await self.fake.file_bytes(file) for file in posted.files]

    @override
    async def violations(self) -> Sequence[str]:
        return await self.fake.violations()

    @override
    async def alone(self) -> "DiscordScene":
        user = await self.fake.add_user("ada")
        return replace(self, user=user, channel=await self.fake.direct_message(user), guild=None)

    @override
    async def foreign(self, locale: str) -> "DiscordScene":
        return replace(await self.alone(), locale=locale)

    @override
    async def group(self) -> str:
        if self.guild is None:
            raise AssertionError("only servers have roles")
        return f"<@&{await self.fake.add_role(self.guild, self.user)}>"

    @override
    async def among_others(self) -> "DiscordScene":
        user, other = await self.fake.add_user("ada"), await self.fake.add_user("charles")
        guild = await self.fake.add_guild("aviary", members=[user, other], owner=other)
        return replace(self, user=user, guild=guild, channel=await self.fake.add_channel(guild, "general"))


def _typed(command: str) -> str:
    """Return a command as it is typed: most stand behind the one door."""
    return COMMANDS[command].call.removeprefix("/")


def _reply(posted: Posted, contents: Sequence[bytes]) -> Reply:
    """Return a post; of its files, those with a title are no clip."""
    files = list(zip((file.title for file in posted.files), contents, strict=True))
    clip = b"".join(content for title, content in files if title is None)
    return Reply(text=posted.content, clip=clip, files={title: content for title, content in files if title})


def _is_answered(used: Used) -> bool:
    return bool(used.messages) and not used.messages[0].loading


@asynccontextmanager
async def open_discord() -> AsyncIterator[DiscordScene]:
    """Start a fake Discord with one person in a direct message with Mynah."""
    async with running("tests.fakes.discord") as url, FakeDiscord(url) as fake:
        ada = await fake.add_user("ada")
        settings = {
            "DISCORD__TOKEN": await fake.token(),
            "DISCORD__API_URL": fake.api_url,
            "DISCORD__GATEWAY_URL": fake.gateway_url,
            "DISCORD__FILE_HOSTS": f'["{url.removeprefix("http://")}"]',
        }
        channel, me = await fake.direct_message(ada), await fake.bot_id()
        yield DiscordScene(fake=fake, user=ada, channel=channel, settings=settings, mention=f"<@{me}>")
