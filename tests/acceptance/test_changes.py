"""What becomes of a message afterwards: its reply follows, also when the process is killed in the middle of it."""

import asyncio
import time

import pytest

from tests.acceptance.scenes import Scene
from tests.acceptance.service import Installation
from tests.acceptance.slack_scene import SlackScene
from tests.acceptance.stages import Stage
from tests.acceptance.test_privacy import on_disk
from tests.fakes.openrouter.client import FakeOpenRouter, Script

on_stage = pytest.mark.asyncio(loop_scope="session")
pytestmark = [pytest.mark.timeout(120), pytest.mark.slow]

SLOWLY = "one two three four five six seven eight nine ten " * 20
STOPPED_WITHIN_SECONDS = 5.0


async def begin_slowly(stage: Stage, scene: Scene) -> str:
    """Ask something whose answer takes long; returns the message as soon as the answer grows."""
    await stage.openrouter.answer(Script(text=SLOWLY, tokens_per_second=10), containing="slowly")
    message = await scene.write(f"{scene.mention} tell me slowly")
    await scene.until(message, lambda found: any(reply.grows for reply in found), seconds=20)
    return message


async def followed(stage: Stage, message: str, revision: int = 1) -> None:
    """Wait until what became of a message is seen to."""
    await stage.over(f"{message}#{revision}")


# --- edits -----------------------------------------------------------------------


@on_stage
async def test_an_edit_redoes_the_reply_in_place_and_hears_nothing_twice(stage: Stage):
    scene = await stage.scene.among_others()
    await stage.openrouter.answer(Script(text="I said a lot."), model="google/*")
    await stage.openrouter.answer(Script(text="Summed up."), containing="sum it up")
    await stage.openrouter.answer(Script(text="Translated."), containing="translate it")
    message = await scene.speak("clip.mp3", f"{scene.mention} sum it up")
    before = await scene.wait(message, texts=1)
    assert before[0].text.endswith("Summed up.")
    await stage.over(message)
    paid = await stage.charged()

    await scene.edit(message, f"{scene.mention} translate it")
    await followed(stage, message)
    [reply] = await scene.replies(message)
    assert (reply.text.startswith("> I said a lot."), reply.text.endswith("Translated.")) == (True, True)
    assert await stage.charged() == paid + 1, "only the answer is asked anew"


@on_stage
async def test_what_the_platform_changes_by_itself_is_not_answered(stage: Stage):
    scene = await stage.scene.among_others()
    await stage.openrouter.say("A page.")
    message = await scene.write(f"{scene.mention} what is https://example.com/page")
    await scene.wait(message, texts=1)
    await stage.over(message)
    paid = await stage.charged()
    await scene.show_page(message)
    later = await scene.write(f"{scene.mention} and that?", under=message)
    await scene.wait(later, texts=1)
    await stage.over(later)
    assert await stage.charged() == paid + 1


@on_stage
async def test_an_edit_stops_the_answer_that_grows_and_goes_on_in_its_place(stage: Stage):
    scene = await stage.scene.alone()
    message = await begin_slowly(stage, scene)
    await stage.openrouter.answer(Script(text="Fast enough."), containing="quickly")
    begun = time.monotonic()
    await scene.edit(message, f"{scene.mention} tell me quickly")
    replies = await scene.until(message, lambda found: [reply.text for reply in found] == ["Fast enough."], seconds=20)
    assert time.monotonic() - begun < STOPPED_WITHIN_SECONDS
    assert len(replies) == 1
    await followed(stage, message)


@on_stage
async def test_a_message_that_is_edited_to_speak_to_mynah_is_answered(stage: Stage):
    scene = await stage.scene.among_others()
    await stage.openrouter.say("Here I am.")
    message = await scene.write("is anybody there?")
    await scene.edit(message, f"{scene.mention} is anybody there?")
    [reply] = await scene.wait(message, texts=1)
    assert reply.text == "Here I am."
    await stage.over(message)


# --- deletions -------------------------------------------------------------------


@on_stage
async def test_a_deletion_removes_the_reply_with_all_its_posts_and_the_words(stage: Stage):
    scene = await stage.scene.among_others()
    await scene.use("settings", manages=True, name="reply", value="both")
    await stage.openrouter.say("Yes, mirabilis.")
    message = await scene.write(f"{scene.mention} what is campanula?")
    await scene.wait(message, texts=1, clips=1)
    await stage.over(message)
    await scene.delete(message)
    await scene.until(message, lambda found: not found, seconds=20)
    await followed(stage, message)
    await stage.installation.run("forget", "slack:nobody:@nobody")  # which ends older versions on the disk
    kept = on_disk(stage.installation.folder)
    assert [word in kept for word in (b"mirabilis", b"campanula")] == [False, False]
    assert "I hold no messages of yours" in await scene.use("privacy")


@on_stage
async def test_a_deletion_stops_the_answer_that_grows_and_removes_it(stage: Stage):
    scene = await stage.scene.alone()
    message = await begin_slowly(stage, scene)
    begun = time.monotonic()
    await scene.delete(message)
    await scene.until(message, lambda found: not found, seconds=20)
    assert time.monotonic() - begun < STOPPED_WITHIN_SECONDS
    await followed(stage, message)
    assert await scene.replies(message) == []


# --- stop, leaving ---------------------------------------------------------------


@on_stage
async def test_the_stop_button_ends_the_reply_where_it_is(stage: Stage):
    scene = await stage.scene.alone()
    if not isinstance(scene, SlackScene):
        pytest.skip("only Slack shows a button for that")
    message = await begin_slowly(stage, scene)
    about = {"channel": scene.channel, "thread_ts": message, "user": scene.user, "streaming_message_ts": []}
    event = {"type": "agent_session_stopped", **about, "event_ts": message}
    await scene.fake.wait_delivered(await scene.fake.send_event(event))
    [reply] = await scene.until(
        message, lambda found: any("Stopped." in reply.text and not reply.grows for reply in found), seconds=20
    )
    assert reply.text.startswith("one")
    await followed(stage, message)
    usage = await stage.installation.read("runs", "list", "--status", "cancelled")
    assert any(run["run"].endswith(f":{message}") for run in usage)


async def test_whoever_removes_mynah_takes_their_words_along(
    scene: Scene, remote_installation: Installation, openrouter: FakeOpenRouter
):
    await openrouter.say("Yes, mirabilis.")
    async with remote_installation.serving() as service:
        await scene.ready()
        place = await scene.among_others()
        if place.name == "discord":
            workspace = place.scope.rpartition(":")[0]
            await remote_installation.run("channels", "set", workspace, "purge_on_leave", "on")
        message = await place.write(f"{place.mention} what is campanula?")
        await place.wait(message, texts=1)
        await service.wait_for("turn done")
        assert b"campanula" in on_disk(remote_installation.folder)
        await place.send_away()
        await service.wait_for("workspace erased")
    kept = on_disk(remote_installation.folder)
    assert [word in kept for word in (b"mirabilis", b"campanula")] == [False, False]
    assert [row["calls"] for row in await remote_installation.read("usage") if "openai" in row["model"]] == [1]


# --- kill -9 ---------------------------------------------------------------------


@pytest.mark.parametrize("death", ["after:follow", "after:begin:post:text", "before:done:post:text", "before:finish"])
async def test_a_redo_goes_on_after_a_kill(
    scene: Scene, remote_installation: Installation, openrouter: FakeOpenRouter, death: str
):
    await openrouter.say("The first answer.")
    await openrouter.answer(Script(text="The second answer."), containing="Who")
    async with remote_installation.serving("tests.acceptance.mortal", TEST_DEATH=death) as service:
        await scene.ready()
        message = await scene.write("How are you?")
        await scene.wait(message, texts=1)
        await service.wait_for("turn done")
        await scene.edit(message, "Who are you?")
        assert await service.ended() == -9
    async with remote_installation.serving() as service:
        over = await service.wait_until(lambda line: line.get("event") in {"turn done", "turn waits for a decision"})
        for run in await remote_installation.read("runs", "list", "--status", "asked"):
            await remote_installation.run("runs", "retry", run["run"])
        await service.wait_for("turn done")
        replies = await scene.until(
            message, lambda found: any(reply.text == "The second answer." for reply in found), seconds=30
        )
    assert [reply.text for reply in replies] == ["The second answer."]
    again = int(over["event"] != "turn done")
    assert len((await openrouter.state()).charged) <= 2 + again


@pytest.mark.parametrize("death", ["after:follow", "before:finish"])
async def test_a_removal_goes_on_after_a_kill(
    scene: Scene, remote_installation: Installation, openrouter: FakeOpenRouter, death: str
):
    await openrouter.say("The first answer.")
    async with remote_installation.serving("tests.acceptance.mortal", TEST_DEATH=death) as service:
        await scene.ready()
        message = await scene.write("How are you?")
        await scene.wait(message, texts=1)
        await service.wait_for("turn done")
        await scene.delete(message)
        assert await service.ended() == -9
    async with remote_installation.serving() as service:
        await service.wait_for("turn done")
        await scene.until(message, lambda found: not found, seconds=20)
        await asyncio.sleep(0)
    assert await scene.replies(message) == []
