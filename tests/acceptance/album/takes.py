"""The pictures of the pages: what people do, and where the camera then looks."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from adapters.discord.panel import Deed, to_signal as panel_signal
from bot.domain.messages import Action
from tests.acceptance.album.camera import Camera, SlackCamera, camera
from tests.acceptance.album.speech import reply_voice
from tests.acceptance.discord_scene import DiscordScene
from tests.acceptance.recordings import drone
from tests.acceptance.scenes import Scene
from tests.acceptance.slack_scene import SlackScene
from tests.acceptance.stages import Stage, open_stage
from tests.fakes.openrouter.client import Action as Fault, Script
from tests.fakes.slack.client import SlackFake
from tests.fakes.slack.values import BotMessage
from tests.pictures import discord
from tests.pictures.elements import Message

QUESTION = "What is a good name for a talking bird, and why?"
ANSWER = "Call it **Echo**: it gives your words back, and everybody can spell it."
HEARS, ANSWERS, SPEAKS = "google/*", "openai/gpt-4o-mini", "openai/gpt-audio-mini"

MODELS = (
    '{"chat_model": "openrouter/openai/gpt-4o-mini", "transcription_model": "openrouter/google/gemini-2.5-flash", '
    '"video_model": "openrouter/google/gemini-2.5-flash", "speech_model": "openrouter/openai/gpt-audio-mini"}'
)
"""What the service is set to in the pictures."""

SLACK, DISCORD = "slack", "discord"
BOTH = (SLACK, DISCORD)


@dataclass(frozen=True, kw_only=True)
class Take:
    """Somebody in a place, with a camera."""

    stage: Stage
    scene: Scene
    camera: Camera

    @property
    def slack_scene(self) -> SlackScene:
        assert isinstance(self.scene, SlackScene)
        return self.scene

    @property
    def slack(self) -> SlackCamera:
        assert isinstance(self.camera, SlackCamera)
        return self.camera

    async def script(self, *, heard: str = QUESTION, answer: str = ANSWER) -> None:
        """Tell the models what to say."""
        gateway = self.stage.openrouter
        await gateway.answer(Script(text=heard), model=HEARS)
        await gateway.answer(Script(text=answer), model=ANSWERS)
        await gateway.answer(Script(audio=reply_voice()), model=SPEAKS)

    async def ask(self, text: str, *, answer: str = ANSWER, clips: int = 0) -> str:
        """Write to Mynah in a channel, and wait until it has answered; returns the message."""
        return await self.write(f"{self.scene.mention} {text}", answer=answer, clips=clips)

    async def write(self, text: str, *, answer: str = ANSWER, clips: int = 0) -> str:
        """Write something, and wait until it is answered; returns the message."""
        await self.script(answer=answer)
        message = await self.scene.write(text)
        return await self.answered(message, clips=clips)

    async def record(self, *, clips: int = 1) -> str:
        """Send a voice note, and wait until it is answered; returns it."""
        await self.script()
        return await self.answered(await self.camera.record(), clips=clips)

    async def answered(self, message: str, *, texts: int = 1, clips: int = 0) -> str:
        await self.scene.wait(message, texts=texts, clips=clips)
        await self.stage.over(message)
        return message


Shoot = Callable[[Stage], Awaitable[list[Message]]]


async def alone(stage: Stage) -> Take:
    """Somebody new in a direct message."""
    scene = await stage.scene.alone()
    return Take(stage=stage.with_scene(scene), scene=scene, camera=camera(scene))


async def in_channel(stage: Stage) -> Take:
    """Somebody new in a channel."""
    scene = await stage.scene.among_others()
    return Take(stage=stage.with_scene(scene), scene=scene, camera=camera(scene))


# --- voice in, and what comes back ---------------------------------------------------


async def voice_note(stage: Stage) -> list[Message]:
    take = await alone(stage)
    return await take.camera.talk(await take.record())


async def mention(stage: Stage) -> list[Message]:
    take = await in_channel(stage)
    return await take.camera.talk(await take.ask(QUESTION))


async def quoted(stage: Stage) -> list[Message]:
    take = await in_channel(stage)
    await take.script()
    note = await take.camera.record()
    message = await take.answered(await take.scene.refer(take.scene.mention, to=note))
    return [(await take.camera.talk(note))[0], *await take.camera.talk(message)]


async def together(stage: Stage) -> list[Message]:
    take = await alone(stage)
    await take.script(answer="Good morning, Ada. It rings at seven, as every day.")
    await take.scene.use("settings", manages=take.scene.name == DISCORD, name="gather_seconds", value="2.5")
    messages = [await take.scene.write(text) for text in ("Good morning!", "One more thing:", "when does it ring?")]
    await take.answered(messages[-1])
    if take.scene.name == DISCORD:
        return await take.camera.talk(messages[0])
    return [shown for message in messages for shown in await take.camera.talk(message)]


async def long_recording(stage: Stage) -> list[Message]:
    take = await alone(stage)
    sentence = "We met in the garden, and the oak behind the house is forty feet high. "
    await take.script(heard=sentence * 45, answer="You talked about the oak behind the house: it is forty feet high.")
    message = await take.scene.send(drone(90, name="interview.wav"))
    await take.scene.until(message, lambda found: any(reply.files for reply in found), seconds=60)
    await take.stage.over(message)
    return (await take.camera.talk(message))[-2:]


async def long_answer(stage: Stage) -> list[Message]:
    take = await alone(stage)
    await take.scene.use("settings", manages=True, name="max_tokens", value="2000")
    paragraph = "Birds talk with two voices at once, because air passes two pairs of lips where the windpipe parts. "
    message = await take.write("How do birds talk?", answer="\n\n".join([(paragraph * 4).strip()] * 7))
    return await take.camera.talk(message)


async def working(stage: Stage) -> list[Message]:
    """Slack, while the model has not said anything yet."""
    take, fake, scene = await thinking(stage)
    message = await take.camera.record()
    await fake.wait_for(scene.channel, message, _thinks, seconds=30)
    await fake.wait_until(lambda state: _session(state, message) == ["processing"])
    shown = [*await take.camera.talk(message), *await take.slack.session(message)]
    await take.answered(message, clips=1)
    return shown


async def stopped(stage: Stage) -> list[Message]:
    take, fake, scene = await thinking(stage)
    message = await take.camera.record()
    (begun,) = await fake.wait_for(scene.channel, message, _thinks, seconds=30)
    await fake.stop_stream(scene.channel, begun.ts, scene.user)
    await fake.wait_for(scene.channel, message, _is_stopped, seconds=30)
    return await take.camera.talk(message)


async def thinking(stage: Stage) -> tuple[Take, SlackFake, SlackScene]:
    """Somebody whose question the model thinks about for a while."""
    take = await alone(stage)
    await take.script()
    await stage.openrouter.answer(Script(text=ANSWER, ttft_s=4), model=ANSWERS)
    assert isinstance(take.scene, SlackScene)
    return take, take.scene.fake, take.scene


def _is_stopped(found: Sequence[BotMessage]) -> bool:
    return found[0].finished and "Stopped." in str(found[0].blocks)


def _session(state: Mapping[str, Any], thread: str) -> list[str]:
    rows = [row for row in state["statuses"] if (row["thread_ts"], row["what"]) == (thread, "session")]
    return [row["value"] for row in rows[-1:]]


def _thinks(found: Sequence[BotMessage]) -> bool:
    plans = [block for one in found for block in one.blocks if block["type"] == "plan"]
    states = {task["task_id"]: task["status"] for plan in plans for task in plan["tasks"]}
    return states.get("thinking") == "in_progress"


# --- commands and menus ---------------------------------------------------------------


async def ask(stage: Stage) -> list[Message]:
    take = await in_channel(stage)
    await take.script()
    return await take.camera.talk(await take.answered(await take.scene.begin("ask", question=QUESTION)))


async def transcribe(stage: Stage) -> list[Message]:
    take = await in_channel(stage)
    await take.script()
    link = await take.scene.link_to(await take.camera.record())
    return await take.camera.talk(await take.answered(await take.scene.begin("transcribe", message=link)))


async def say(stage: Stage) -> list[Message]:
    take = await in_channel(stage)
    await take.script()
    asked = await take.scene.begin("say", text="Lunch is ready.")
    return await take.camera.talk(await take.answered(asked, texts=0, clips=1))


def from_menu(command: str, words: str = "", answer: str = "") -> Shoot:
    """Return the picture of what is done with a message from its menu."""

    async def shoot(stage: Stage) -> list[Message]:
        take = await in_channel(stage)
        await take.script(answer=answer)
        source = await (take.scene.write(words) if words else take.camera.record())
        below = source if take.scene.name == SLACK else None
        if command == "summarise":
            await take.scene.write("At noon, in the garden. I bring the salad.", under=below)
        chosen = await take.scene.choose(command, of=source)
        await take.answered(chosen, texts=0 if command == "say" else 1, clips=int(command == "say"))
        return await take.camera.talk(source)

    return shoot


def told(command: str, *, manages: bool = False, talks: bool = False, **options: str) -> Shoot:
    """Return the picture of a command's answer to its author alone."""

    async def shoot(stage: Stage) -> list[Message]:
        take = await (alone(stage) if manages and stage.scene.name == SLACK else in_channel(stage))
        if talks:
            await take.ask(QUESTION)
        about = {} if take.scene.name == SLACK else {"manages": manages}
        await take.scene.use(command, **about, **options)
        return await take.camera.told()

    return shoot


async def language(stage: Stage) -> list[Message]:
    """Somebody whose client is in German."""
    scene = await stage.scene.foreign("de-DE" if stage.scene.name == SLACK else "de")
    await scene.use("me")
    return await camera(scene).told()


# --- settings -------------------------------------------------------------------------


async def settings(stage: Stage) -> list[Message]:
    take = await in_channel(stage)
    if isinstance(take.scene, DiscordScene):
        await take.scene.use("settings", manages=True)
        return await take.camera.told()
    await open_modal(take)
    return await take.camera.form()


async def settings_changed(stage: Stage) -> list[Message]:
    """Slack, after a form with a budget was sent."""
    take = await in_channel(stage)
    scene, admin = take.slack_scene, await open_modal(take)
    view = list((await scene.fake.state())["views"])[-1]
    sent = await scene.fake.fill_in(view, user=admin, budget_day="5")
    await scene.fake.wait_delivered(sent.delivery)
    return await take.camera.form()


async def open_modal(take: Take) -> str:
    """Open the settings as an admin; returns who."""
    scene = take.slack_scene
    admin = await scene.fake.create_user("Grace", is_admin=True)
    used = await scene.fake.slash("/mynah", "settings", user=admin, channel=scene.channel)
    await scene.fake.wait_delivered(used.delivery)
    await scene.fake.wait_until(lambda state: scene.channel in str(list(state["views"].values())[-1:]))
    return admin


async def home(stage: Stage) -> list[Message]:
    take = await in_channel(stage)
    await take.ask(QUESTION)
    scene = take.slack_scene
    await scene.fake.wait_delivered(await scene.fake.open_home(scene.user))
    return await take.slack.home(scene.user)


async def home_of_admin(_: Stage) -> list[Message]:
    """Slack, in a workspace of its own, since all its channels stand there."""
    with TemporaryDirectory() as folder:
        async with open_stage(SLACK, Path(folder), CHANNELS=MODELS) as stage:
            take = await in_channel(stage)
            scene = take.slack_scene
            await take.scene.use("budget", manages=True, period="month", dollars="20")
            await take.ask(QUESTION)
            admin = await scene.fake.create_user("Grace", is_admin=True)
            await scene.fake.wait_delivered(await scene.fake.open_home(admin))
            return await take.slack.home(admin)


async def panel_form(stage: Stage) -> list[Message]:
    """Discord, behind a button of the panel."""
    take = await in_channel(stage)
    scene = take.scene
    assert isinstance(scene, DiscordScene)
    await scene.use("settings", manages=True)
    (panel,) = [one for one in await scene.fake.messages(scene.channel) if one.ephemeral]
    signal = panel_signal(Deed.ASK, "budget")
    pressed = await scene.fake.use_component(panel.id, signal, user=scene.user, permissions=("MANAGE_CHANNELS",))
    await scene._told(pressed)
    return await take.camera.form()


async def suggested(stage: Stage) -> list[Message]:
    """Discord, while somebody types a model's name."""
    take = await in_channel(stage)
    scene = take.scene
    assert isinstance(scene, DiscordScene)
    about = {"channel": scene.channel, "user": scene.user, "kind": "chat"}
    choices = await scene.fake.autocomplete("model", "model", "gemini", **about)
    return [discord.from_choices("/model", "gemini", choices)]


async def away(stage: Stage) -> list[Message]:
    """Discord, among people where the bot is not."""
    take = await alone(stage)
    scene = take.scene
    assert isinstance(scene, DiscordScene)
    grace = await scene.fake.add_user("grace")
    room = replace(scene, channel=await scene.fake.add_private_channel(scene.user, grace), guild=None)
    theirs = camera(replace(room, user=grace), **{str(grace): "Grace", str(scene.user): "Ada"})
    await take.script()
    note = await theirs.record()
    chosen = await room.choose("transcribe", of=note)
    await stage.over(chosen)
    return await theirs.talk(note)


# --- under a reply --------------------------------------------------------------------


async def correction(stage: Stage) -> list[Message]:
    take = await alone(stage)
    message = await take.record()
    await take.scene.press(message, Action.CORRECT)
    return await take.camera.form()


async def receipt(stage: Stage) -> list[Message]:
    take = await alone(stage)
    message = await take.record()
    await take.scene.press(message, Action.RECEIPT)
    return await take.camera.told()


async def edited(stage: Stage) -> list[Message]:
    take = await in_channel(stage)
    message = await take.ask("a name for a bird?", answer="Echo.")
    await take.script(answer="Echo, Kiwi or Pico.")
    await take.scene.edit(message, f"{take.scene.mention} three names for a bird?")
    await take.stage.over(f"{message}#1")
    return await take.camera.talk(message)


# --- money, access, trouble -----------------------------------------------------------


async def budget_used_up(stage: Stage) -> list[Message]:
    take = await in_channel(stage)
    await take.scene.use("budget", manages=True, period="day", dollars="0.0001")
    return await take.camera.talk(await take.ask(QUESTION))


async def in_doubt(stage: Stage) -> list[Message]:
    take = await in_channel(stage)
    await take.script()
    await stage.openrouter.fail(Fault.DROP_AFTER, path="*/chat/completions")
    message = await take.scene.write(f"{take.scene.mention} {QUESTION}")
    return await take.camera.talk(await take.answered(message))


async def retried(stage: Stage) -> list[Message]:
    take = await in_channel(stage)
    await take.script()
    await stage.openrouter.fail(Fault.DROP_AFTER, path="*/chat/completions")
    message = await take.answered(await take.scene.write(f"{take.scene.mention} {QUESTION}"))
    await take.scene.use("retry")
    await take.scene.wait(message, texts=2)
    return await take.camera.told()


async def not_allowed(stage: Stage) -> list[Message]:
    take = await in_channel(stage)
    await take.scene.use("settings", manages=True, name="deny", value=f"<@{take.scene.person}>")
    return await take.camera.talk(await take.ask(QUESTION))


async def too_many(stage: Stage) -> list[Message]:
    take = await in_channel(stage)
    await take.scene.use("settings", manages=True, name="per_hour", value="1")
    await take.ask(QUESTION)
    return await take.camera.talk(await take.ask("and a second one?"))


async def trouble(stage: Stage) -> list[Message]:
    take = await alone(stage)
    message = await take.scene.send(drone(200, name="lecture.wav"))
    return await take.camera.talk(await take.answered(message))


async def pairing(stage: Stage) -> list[Message]:
    take = await alone(stage)
    workspace = take.scene.scope.rpartition(":")[0]
    await stage.installation.run("channels", "set", workspace, "direct_messages", "paired")
    try:
        while "do not know you yet" not in await take.scene.use("usage"):
            pass
        return await take.camera.talk(await take.write("hello?"))
    finally:
        await stage.installation.run("channels", "unset", workspace, "direct_messages")


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture of the pages."""

    shoot: Shoot
    """Makes what it shows."""
    platforms: tuple[str, ...] = BOTH
    """Where."""


PICTURES: Mapping[str, Picture] = {
    "voice-note": Picture(shoot=voice_note),
    "working": Picture(shoot=working, platforms=(SLACK,)),
    "stopped": Picture(shoot=stopped, platforms=(SLACK,)),
    "mention": Picture(shoot=mention),
    "quoted": Picture(shoot=quoted),
    "together": Picture(shoot=together),
    "long-recording": Picture(shoot=long_recording),
    "long-answer": Picture(shoot=long_answer, platforms=(DISCORD,)),
    "ask": Picture(shoot=ask),
    "transcribe": Picture(shoot=transcribe),
    "say": Picture(shoot=say),
    "menu-transcribe": Picture(shoot=from_menu("transcribe")),
    "menu-read-aloud": Picture(shoot=from_menu("say", "Lunch is ready.")),
    "menu-summarise": Picture(shoot=from_menu("summarise", "When is lunch?", "Lunch is at noon, in the garden.")),
    "menu-translate": Picture(shoot=from_menu("translate", "Guten Morgen!", "Good morning!")),
    "help": Picture(shoot=told("help")),
    "usage": Picture(shoot=told("usage", talks=True)),
    "budget": Picture(shoot=told("budget", manages=True, period="day", dollars="0.50")),
    "model": Picture(shoot=told("model")),
    "voice": Picture(shoot=told("voice")),
    "retry": Picture(shoot=retried),
    "privacy": Picture(shoot=told("privacy", talks=True)),
    "forget": Picture(shoot=told("forget", talks=True)),
    "me": Picture(shoot=told("me", voice="on")),
    "language": Picture(shoot=language),
    "settings": Picture(shoot=settings),
    "settings-changed": Picture(shoot=settings_changed, platforms=(SLACK,)),
    "settings-form": Picture(shoot=panel_form, platforms=(DISCORD,)),
    "suggested": Picture(shoot=suggested, platforms=(DISCORD,)),
    "home": Picture(shoot=home, platforms=(SLACK,)),
    "home-of-admin": Picture(shoot=home_of_admin, platforms=(SLACK,)),
    "away": Picture(shoot=away, platforms=(DISCORD,)),
    "correction": Picture(shoot=correction),
    "receipt": Picture(shoot=receipt),
    "edited": Picture(shoot=edited),
    "budget-used-up": Picture(shoot=budget_used_up),
    "in-doubt": Picture(shoot=in_doubt),
    "not-allowed": Picture(shoot=not_allowed),
    "too-many": Picture(shoot=too_many),
    "trouble": Picture(shoot=trouble),
    "pairing": Picture(shoot=pairing),
}
"""By name; the page's file is `docs/pictures/PLATFORM-NAME.svg`."""
