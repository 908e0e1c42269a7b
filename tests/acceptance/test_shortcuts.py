"""What is done with a message of somebody else: from its menu, or by a link to it."""

from dataclasses import replace

import pytest

from bot.domain.shortcuts import TASKS
from tests.acceptance.discord_scene import DiscordScene
from tests.acceptance.hearing import TEXTS, play, word_errors
from tests.acceptance.recordings import DATA, VOICE_NOTE
from tests.acceptance.scenes import Scene
from tests.acceptance.service import Installation
from tests.acceptance.slack_scene import SlackScene
from tests.acceptance.stages import Stage
from tests.acceptance.test_conversation import said_to_model
from tests.acceptance.test_voice_note import quoted
from tests.fakes.discord.client import File
from tests.fakes.openrouter.client import Script

of_stage = pytest.mark.asyncio(loop_scope="session")
pytestmark = [pytest.mark.slow]

on_discord = pytest.mark.parametrize("shared_stage", ["discord"], indirect=True, scope="session")

SPOKEN = {"slack": "mp3", "discord": "ogg"}


@pytest.mark.timeout(240)
async def test_every_shortcut_works_with_the_embedded_models(scene: Scene, installation: Installation):
    async with installation.serving() as service:
        await scene.ready()
        here = await scene.among_others()
        note, text = await here.speak(), await here.write("The oak in our garden is forty feet high.")
        used = {name: await here.choose(name, of=note if name == "transcribe" else text) for name in ORDER}
        (transcript,) = await here.wait(used["transcribe"], texts=1, seconds=120)
        clips = [reply.clip for reply in await here.wait(used["say"], clips=1, seconds=120) if reply.clip]
        for name in ("translate", "summarise"):
            assert [reply for reply in await here.wait(used[name], texts=1, seconds=120) if reply.text], name
        for chosen in used.values():
            await service.wait_until(
                lambda line, job=chosen: line.get("event") == "turn done" and str(line["job"]).endswith(f":{job}"),
                seconds=60,
            )
    assert word_errors(quoted(transcript.text), TEXTS[VOICE_NOTE]) <= 0.2
    container, _, seconds, peak = play(clips[0])
    assert container == SPOKEN[scene.name]
    assert seconds > 1
    assert peak > 0.1
    usage = await installation.read("usage", "--by", "model")
    assert {row["model"]: row["calls"] for row in usage} == {
        "local/whisper-tiny.en": 1,
        "local/smollm2-135m-instruct": 2,
        "local/en_US-joe-medium": 1,
    }


ORDER = ("transcribe", "say", "translate", "summarise")
"""On Slack all but the first stand in one thread, so each is told apart by coming after the one before."""


@of_stage
@pytest.mark.timeout(60)
async def test_a_voice_note_in_a_channel_is_transcribed_and_nobody_is_overheard_afterwards(stage: Stage):
    scene = await stage.scene.among_others()
    await stage.openrouter.answer(Script(text="I should like some tea."), model="google/*")
    note = await scene.speak()
    chosen = await scene.choose("transcribe", of=note)
    (reply,) = await scene.wait(chosen, texts=1)
    assert reply.text == "> I should like some tea."
    assert await stage.over(chosen) == "done"
    if isinstance(scene, DiscordScene):
        await scene.fake.start_thread(scene.user, "about it", message=int(note))
    await scene.write("Did you hear that?", under=note)
    other = await scene.write(f"{scene.mention} hello?")
    await scene.wait(other, texts=1)
    await stage.over(other)
    assert await stage.charged() == 2


@of_stage
@pytest.mark.timeout(60)
async def test_a_link_is_transcribed(stage: Stage):
    scene = await stage.scene.among_others()
    await stage.openrouter.answer(Script(text="I should like some tea."), model="google/*")
    asked = await scene.begin("transcribe", message=await scene.link_to(await scene.speak()))
    assert [reply.text for reply in await scene.wait(asked, texts=1)] == ["> I should like some tea."]
    assert await stage.over(asked) == "done"


@of_stage
@pytest.mark.timeout(60)
async def test_a_language_is_named_for_a_link(stage: Stage):
    scene = await stage.scene.among_others()
    await stage.openrouter.say("Guten Morgen.")
    link = await scene.link_to(await scene.write("Good morning."))
    asked = await scene.begin("translate", language="German", text=link)
    assert [reply.text for reply in await scene.wait(asked, texts=1)] == ["Guten Morgen."]
    prompt = TASKS["translate"].prompt.format(language="German")
    assert await said_to_model(stage) == [("user", f"{prompt}\n\nGood morning.")]


@of_stage
@pytest.mark.timeout(60)
async def test_a_conversation_is_summed_up_with_the_names_of_who_talked(stage: Stage):
    scene = await stage.scene.among_others()
    await stage.openrouter.say("Lunch is at noon.")
    first = await scene.write("When is lunch?")
    await scene.write("At noon.", under=first if isinstance(scene, SlackScene) else None)
    chosen = await scene.choose("summarise", of=first)
    assert [reply.text for reply in await scene.wait(chosen, texts=1)] == ["Lunch is at noon."]
    words = (await said_to_model(stage))[-1][1].removeprefix(TASKS["summarise"].prompt)
    assert words == "\n\nAda: When is lunch?\nAda: At noon."


@of_stage
@pytest.mark.timeout(60)
async def test_a_message_that_has_nothing_for_it_is_explained(stage: Stage):
    scene = await stage.scene.among_others()
    refusal = await stage.with_scene(scene).refusal(await scene.choose("transcribe", of=await scene.write("Hello.")))
    assert refusal.startswith("There is no recording in that message")


@of_stage
@on_discord
@pytest.mark.timeout(60)
async def test_where_the_bot_is_not_a_voice_message_is_transcribed_for_one_person_alone(stage: Stage):
    scene = stage.scene
    assert isinstance(scene, DiscordScene)
    await stage.openrouter.answer(Script(text="I should like some tea."), model="google/*")
    grace = await scene.fake.add_user("grace")
    room = await scene.fake.add_private_channel(scene.user, grace)
    content = (DATA / VOICE_NOTE).read_bytes()
    voice = File(name="voice-message.ogg", data=content, content_type="audio/ogg", duration_secs=5.5, waveform="AAEC")
    note = await scene.fake.post(room, grace, voice=voice)
    chosen = await replace(scene, channel=room, guild=None).choose("transcribe", of=str(note))
    answered = await scene.fake.wait_for_answer(
        int(chosen), seconds=30, where=lambda found: bool(found.messages) and not found.messages[0].loading
    )
    assert await stage.over(chosen) == "done"
    (answer,) = (await scene.fake.interaction(int(chosen))).messages
    assert (answer.content, answer.ephemeral) == ("> I should like some tea.", True)
    assert [one.id for one in await scene.fake.bot_messages(room)] == [answered.messages[0].id]


@of_stage
@on_discord
@pytest.mark.timeout(60)
async def test_where_the_bot_is_not_nobody_is_told_what_others_asked_there(stage: Stage):
    scene = stage.scene
    assert isinstance(scene, DiscordScene)
    grace = await scene.fake.add_user("grace")
    room = await scene.fake.add_private_channel(scene.user, grace)
    for person, words in ((scene.user, "My diagnosis is gout."), (grace, "What did others ask here?")):
        await stage.openrouter.say("I see.")
        asked = await scene.fake.use_slash("ask", {"question": words}, channel=room, user=person)
        assert await stage.over(str(asked)) == "done"
    assert "gout" not in str(await said_to_model(stage))
    receipt = await scene.fake.use_slash("mynah usage", {}, channel=room, user=grace)
    told = await scene.fake.wait_for_answer(receipt, seconds=30, where=lambda found: not found.messages[0].loading)
    assert "1 call" in told.messages[0].content


@of_stage
@on_discord
@pytest.mark.timeout(60)
async def test_a_translation_is_shown_to_who_asked_alone(stage: Stage):
    scene = await stage.scene.among_others()
    assert isinstance(scene, DiscordScene)
    await stage.openrouter.say("Good morning.")
    chosen = await scene.choose("translate", of=await scene.write("Guten Morgen."))
    await scene.wait(chosen, texts=1)
    assert await stage.over(chosen) == "done"
    (answer,) = await scene.fake.bot_messages(scene.channel)
    assert (answer.content, answer.ephemeral) == ("Good morning.", True)


@of_stage
@pytest.mark.timeout(60)
async def test_help_tells_of_commands_menus_and_voice_notes(stage: Stage):
    scene = await stage.scene.among_others()
    told = await scene.use("help")
    titles = {"slack": "- Summarise thread: ", "discord": "- Summarise from here: "}
    for part in ("`/ask <question> [recording]`", "`/mynah usage`", titles[scene.name], "**By voice note**"):
        assert part in told
    assert ("In a thread no command can be typed here" in told) is isinstance(scene, SlackScene)
