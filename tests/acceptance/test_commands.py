"""Commands: some are answered in the channel, some at once to their author alone, and some only for those in charge."""

import pytest

from bot.domain.channels import SETTINGS
from bot.domain.money import nanodollars, show_dollars
from tests.acceptance.discord_scene import DiscordScene
from tests.acceptance.hearing import play
from tests.acceptance.scenes import Scene
from tests.acceptance.slack_scene import SlackScene
from tests.acceptance.stages import Stage
from tests.fakes.discord.client import FakeError
from tests.fakes.openrouter.client import Script

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(60), pytest.mark.slow]

on_discord = pytest.mark.parametrize("shared_stage", ["discord"], indirect=True, scope="session")

CHAT = "openrouter/openai/gpt-4o-mini"
OTHER = "openrouter/google/gemini-2.5-flash"


async def in_public(stage: Stage, scene: Scene) -> list[str]:
    """Return what Mynah said in the channel, to everybody."""
    if isinstance(scene, SlackScene):
        return [post.text for post in await scene.fake.bot_messages(scene.channel)]
    assert isinstance(scene, DiscordScene)
    return [post.content for post in await scene.fake.bot_messages(scene.channel) if not post.ephemeral]


async def exactly_charged(stage: Stage) -> str:
    """Return the sum of what was charged, as people are told it."""
    return show_dollars(nanodollars(sum(call.cost_usd for call in (await stage.openrouter.state()).charged)))


# --- answered in the channel ------------------------------------------------------


async def test_ask_is_answered_in_the_channel(stage: Stage):
    scene = await stage.scene.among_others()
    await stage.openrouter.say("Forty feet.")
    asked = await scene.begin("ask", question="How high is the oak?")
    assert [reply.text for reply in await scene.wait(asked, texts=1)] == ["Forty feet."]
    await stage.over(asked)
    assert b"How high is the oak?" in await stage.openrouter.body(0)
    assert await stage.charged() == 1


async def test_transcribe_writes_the_last_recording_down(stage: Stage):
    scene = await stage.scene.among_others()
    await stage.openrouter.answer(Script(text="What was said."), model="google/*")
    await scene.speak()
    asked = await scene.begin("transcribe")
    assert [reply.text for reply in await scene.wait(asked, texts=1)] == ["> What was said."]
    await stage.over(asked)
    assert await stage.charged() == 1


async def test_say_speaks_and_asks_no_model(stage: Stage):
    scene = await stage.scene.among_others()
    asked = await scene.begin("say", text="Good morning, everybody.")
    (reply,) = await scene.wait(asked, clips=1)
    await stage.over(asked)
    container, _, seconds, peak = play(reply.clip)
    assert container == {"slack": "mp3", "discord": "ogg"}[scene.name]
    assert seconds > 0.5
    assert peak > 0.1
    assert len(await scene.replies(asked)) == 1
    assert await stage.charged() == 0


# --- answered to their author -------------------------------------------------------


async def test_what_a_channel_is_set_to_is_told_to_whoever_asks(stage: Stage):
    scene = await stage.scene.among_others()
    told = await scene.use("settings")
    assert [name for name in SETTINGS if f"`{name}` = " not in told] == []
    assert f"`chat_model` = {CHAT}" in await scene.use("model")
    assert f"`chat_model` = {CHAT}" in await scene.use("model", kind="chat")
    assert "local/en_US-joe-medium speaks with" in await scene.use("voice")
    assert SETTINGS["reply"].document in await scene.use("settings", name="reply")
    assert await scene.use("usage") == "Nothing was used here this month."
    assert await in_public(stage, scene) == []


async def test_usage_counts_what_was_used_here(stage: Stage):
    scene = await stage.scene.among_others()
    message = await scene.write(f"{scene.mention} hello?")
    await scene.wait(message, texts=1)
    await stage.over(message)
    charged = await exactly_charged(stage)
    assert (await scene.use("usage")).splitlines() == [
        f"**This channel**: {charged} in 1 call today, {charged} in 1 call this month.",
        "By model:",
        f"- {CHAT}: {charged} in 1 call today, {charged} in 1 call this month",
        "By person:",
        f"- you: {charged} in 1 call today, {charged} in 1 call this month",
    ]
    elsewhere = await stage.scene.among_others()
    assert await elsewhere.use("usage") == "Nothing was used here this month."


async def test_a_value_that_makes_no_sense_is_explained(stage: Stage):
    for said in (
        await stage.scene.use("settings", name="reply", value="loudly"),
        await stage.scene.use("settings", name="colour"),
        await stage.scene.use("model", kind="chat", model="openrouter/nobody/nothing"),
    ):
        assert said.startswith(("reply: 'loudly' is not one of", "colour: there is no such", "There is no model"))
    assert f"`chat_model` = {CHAT}" in await stage.scene.use("model")


# --- for those in charge ----------------------------------------------------------------

CHANGES = [
    ("model", {"kind": "chat", "model": OTHER}, "chat_model", OTHER),
    ("voice", {"voice": "another"}, "voice", "another"),
    ("settings", {"name": "reply", "value": "voice"}, "reply", "voice"),
]


@pytest.mark.parametrize(("command", "options", "setting", "value"), CHANGES)
async def test_only_who_manages_the_channel_changes_it(
    stage: Stage, command: str, options: dict[str, str], setting: str, value: str
):
    scene = await stage.scene.among_others()
    before = await scene.use("settings")
    assert "Only people who may manage this channel" in await scene.use(command, **options)
    assert await scene.use("settings") == before

    assert (await scene.use(command, manages=True, **options)).startswith("Done.")
    after = await scene.use("settings")
    assert f"`{setting}` = {value}  — {scene.scope}" in after
    assert len(set(after.splitlines()) - set(before.splitlines())) == 1
    assert await in_public(stage, scene) == []


@on_discord
@pytest.mark.parametrize("command", ["budget", "usage", "receipt", "retry"])
async def test_discord_shows_everybody_what_everybody_may_ask(stage: Stage, command: str):
    scene = await stage.scene.among_others()
    assert isinstance(scene, DiscordScene)
    used = await scene.fake.use_slash(f"mynah {command}", channel=scene.channel, user=scene.user)
    answered = await scene.fake.wait_for_answer(
        used, where=lambda found: any(not one.loading for one in found.messages)
    )
    assert all(one.ephemeral for one in answered.messages)


@on_discord
@pytest.mark.parametrize("command", ["model", "voice", "settings"])
async def test_discord_hides_what_only_who_manages_the_channel_may_use(stage: Stage, command: str):
    scene = await stage.scene.among_others()
    assert isinstance(scene, DiscordScene)
    with pytest.raises(FakeError, match="hidden from this user"):
        await scene.fake.use_slash(command, channel=scene.channel, user=scene.user)


async def test_a_changed_model_answers_from_then_on(stage: Stage):
    scene = await stage.scene.among_others()
    await scene.use("model", manages=True, kind="chat", model=OTHER)
    message = await scene.write(f"{scene.mention} hello?")
    await scene.wait(message, texts=1)
    assert [call.model for call in (await stage.openrouter.state()).calls] == [OTHER.removeprefix("openrouter/")]
    await stage.over(message)
    assert "Done." in await scene.use("settings", manages=True, name="chat_model", value="default")
    assert f"`chat_model` = {CHAT}  — service" in await scene.use("model")
