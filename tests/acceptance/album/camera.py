"""A camera for both platforms: what stands in a conversation, what one person is shown, which form is open."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from typing_extensions import override

from tests.acceptance.album.speech import discord_waveform, loudness
from tests.acceptance.discord_scene import DiscordScene
from tests.acceptance.recordings import DATA
from tests.acceptance.scenes import Scene
from tests.acceptance.slack_scene import SlackScene
from tests.fakes.discord.client import File
from tests.fakes.slack.values import Upload
from tests.pictures import discord, slack
from tests.pictures.elements import DISCORD, SLACK, Message, Skin
from tests.pictures.levelling import levelled

ME = "Mynah"
PRIVATE = "only you can see this"
SECONDS = 5.5


class Camera(Protocol):
    """Looks at what a platform's fake holds, and returns what is drawn of it."""

    skin: Skin

    async def record(self, text: str = "") -> str:
        """Send a voice note with the true shape of its sound; returns the message."""
        ...

    async def talk(self, message: str) -> list[Message]:
        """What everybody sees from a message on: it, what is below it, and the answers."""
        ...

    async def told(self) -> list[Message]:
        """What the person was told last, whom nobody else sees."""
        ...

    async def form(self) -> list[Message]:
        """The form that opened last."""
        ...


def camera(scene: Scene, **names: str) -> Camera:
    """Return a camera for a scene; `names` by the ids that stand in its messages."""
    if isinstance(scene, SlackScene):
        return SlackCamera(scene, names)
    assert isinstance(scene, DiscordScene)
    return DiscordCamera(scene, names)


class SlackCamera(Camera):
    skin = SLACK

    def __init__(self, scene: SlackScene, names: Mapping[str, str]) -> None:
        self._scene, self._fake = scene, scene.fake
        self._people = {scene.user: "Ada", scene.fake.bot_user_id: ME, **names}
        self._names = {**{known: f"@{name}" for known, name in self._people.items()}, scene.channel: "#general"}

    @override
    async def record(self, text: str = "") -> str:
        content = (DATA / "clip.m4a").read_bytes()
        upload = Upload(content=content, kind="slack_audio", duration_ms=int(SECONDS * 1000), wave=loudness())
        scene = self._scene
        return (await self._fake.post(scene.channel, scene.user, text, files=(upload,))).ts

    @override
    async def talk(self, message: str) -> list[Message]:
        found = await self._fake.messages(self._scene.channel)
        own = next(one for one in found if one["ts"] == message)
        thread = own.get("thread_ts", message)
        below = [one for one in found if message in {one["ts"], one.get("thread_ts")} or _after(one, thread, message)]
        return [self._message(one) for one in below]

    def _message(self, payload: Mapping[str, Any], note: str = "") -> Message:
        author = ME if note else self._people.get(str(payload.get("user")), ME)
        return slack.from_message(self._level(payload), author=author, bot=author == ME, note=note)

    def _level(self, payload: Any) -> Any:
        return levelled(payload, self._names)

    @override
    async def told(self) -> list[Message]:
        shown = await self._fake.private(self._scene.channel, self._scene.user)
        answers = [one.attempts[-1]["answer"] for one in await self._fake.deliveries() if one.kind == "slash_commands"]
        (newest,) = shown[-1:] or answers[-1:]
        return [self._message(newest, note=PRIVATE)]

    @override
    async def form(self) -> list[Message]:
        opened: dict[str, Any] = (await self._fake.state())["views"]
        return [slack.from_view(self._level(list(opened.values())[-1]), author=ME)]

    async def home(self, user: str) -> list[Message]:
        """The Home tab of a person."""
        return [slack.from_view(self._level(await self._fake.home(user)), author=ME)]

    async def session(self, thread: str) -> list[Message]:
        """What Slack shows of an agent at work: its own Stop button."""
        rows = (await self._fake.state())["statuses"]
        found = [row for row in rows if row["thread_ts"] == thread and row["what"] == "session"]
        return [slack.from_session(row["value"], author=ME) for row in found[-1:]]


def _after(one: Mapping[str, Any], thread: str, message: str) -> bool:
    return one.get("thread_ts") == thread and one["ts"] > message


class DiscordCamera(Camera):
    skin = DISCORD

    def __init__(self, scene: DiscordScene, names: Mapping[str, str]) -> None:
        self._scene, self._fake = scene, scene.fake
        self._people = {str(scene.user): "Ada", scene.mention.strip("<@>"): ME, **names}
        self._names = {**{known: f"@{name}" for known, name in self._people.items()}, str(scene.channel): "#general"}

    @override
    async def record(self, text: str = "") -> str:
        voice = File(
            name="voice-message.ogg",
            data=(DATA / "voice-note.ogg").read_bytes(),
            content_type="audio/ogg",
            duration_secs=SECONDS,
            waveform=discord_waveform(),
        )
        scene = self._scene
        return str(await self._fake.post(scene.channel, scene.user, voice=voice))

    @override
    async def talk(self, message: str) -> list[Message]:
        places = (self._scene.channel, int(message))
        found = {posted.id: posted for place in places for posted in await self._messages(place)}
        return [self._message(found[known].raw) for known in sorted(found) if known >= int(message)]

    async def _messages(self, place: int) -> Sequence[Any]:
        if await self._fake.channel(place) is None:
            return ()
        found = await self._fake.messages(place)
        return [one for one in found if one.type in {0, 19, 20, 23} and not one.deleted and not one.loading]

    def _message(self, payload: Mapping[str, Any]) -> Message:
        author = self._people.get(str(payload["author"]["id"]), ME)
        note = PRIVATE if payload["flags"] & 64 else ""
        return discord.from_message(levelled(payload, self._names), author=author, bot=author == ME, note=note)

    @override
    async def told(self) -> list[Message]:
        found = [one for one in await self._fake.messages(self._scene.channel) if one.ephemeral]
        newest = [one for one in found if one.raw.get("interaction_id") == found[-1].raw.get("interaction_id")]
        return [self._message(one.raw) for one in newest]

    @override
    async def form(self) -> list[Message]:
        opened = await self._fake.interaction(self._scene._forms[self._scene.user])
        assert opened.modal is not None
        return [discord.from_modal(levelled(opened.modal, self._names), author=ME)]
