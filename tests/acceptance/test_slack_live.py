"""What somebody in Slack sees while Mynah works on a voice note, and what stands there afterwards."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.recordings import DATA
from tests.acceptance.slack_scene import SlackScene
from tests.acceptance.stages import Stage, open_stage
from tests.fakes.openrouter.client import Script
from tests.fakes.slack.client import Json
from tests.fakes.slack.values import BotMessage, Upload

pytestmark = [pytest.mark.timeout(120), pytest.mark.slow]

ANSWER = "A fine answer."
WORDS = "Good morning, Mynah."
CARDS = ["fetching", "converting", "listening", "thinking", "speaking"]


@dataclass(frozen=True, kw_only=True)
class Talk:
    """A voice note in a conversation of Slack."""

    stage: Stage
    scene: SlackScene
    thread: str
    """What its thread begins with."""
    message: str
    """The voice note."""

    async def over(self) -> Sequence[BotMessage]:
        """Wait until all is said, and return what was said in answer."""
        assert await self.stage.over(self.message, seconds=60) == "done"
        found = await self.scene.fake.bot_messages(self.scene.channel, self.thread)
        return [posted for posted in found if posted.ts > self.message]

    async def shown(self) -> Mapping[str, Sequence[object]]:
        """Return what was shown beside the messages of the thread, in order."""
        rows = [row for row in (await self.scene.fake.state())["statuses"] if row["thread_ts"] == self.thread]
        return {what: [row["value"] for row in rows if row["what"] == what] for what in ("session", "status", "title")}


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage("slack", tmp_path) as made:
        await made.openrouter.answer(Script(text=ANSWER, tokens_per_second=6))
        await made.openrouter.answer(Script(text=WORDS), model="google/*")
        yield made
        assert list(await made.scene.violations()) == []


def slack_of(stage: Stage) -> SlackScene:
    assert isinstance(stage.scene, SlackScene)
    return stage.scene


async def talk(stage: Stage, scene: SlackScene, *, under: str | None = None) -> Talk:
    upload = Upload(content=(DATA / "clip.m4a").read_bytes(), kind="slack_audio", duration_ms=5_500)
    text = "" if scene.channel.startswith("D") else scene.mention
    posted = await scene.fake.post(scene.channel, scene.user, text, files=(upload,), thread_ts=under)
    return Talk(stage=stage, scene=scene, thread=under or posted.ts, message=posted.ts)


def plan_of(posted: BotMessage) -> Json:
    return next(block for block in posted.blocks if block["type"] == "plan")


def text_of(posted: BotMessage) -> str:
    written = [block["text"] for block in posted.blocks if block["type"] == "markdown"]
    return written[0] if written else posted.text


async def test_in_a_direct_message_the_plan_and_the_answer_are_one_message(stage: Stage):
    scene = slack_of(stage)
    assert "Done." in await scene.use("settings", name="reply", value="both")
    voice_note = await talk(stage, scene)
    seen = await scene.fake.wait_for(
        scene.channel, voice_note.thread, lambda found: bool(found) and bool(found[0].blocks)
    )
    assert seen[0].streaming_state == "in_progress"
    answer, clip = await voice_note.over()

    assert (answer.ts, text_of(answer)) == (seen[0].ts, f"> {WORDS}\n\n{ANSWER}")
    assert (answer.finished, bool(clip.files)) == (True, True)
    cards = plan_of(answer)["tasks"]
    assert [(card["task_id"], card["status"]) for card in cards] == [(name, "complete") for name in CARDS]
    assert cards[3]["title"].startswith("Thought about an answer · ")
    assert plan_of(answer)["title"].startswith("Done in ")
    shown = await voice_note.shown()
    assert shown["session"] == ["processing", "active"]
    assert shown["title"] == [WORDS]
    assert [name for name in ("chat.startStream", "chat.stopStream") if not await scene.fake.requests(name)] == []


@pytest.mark.parametrize("missing", [[], ["agents.*", "chat.startStream"]], ids=["an agent", "no agent"])
async def test_in_the_thread_of_a_channel_too_also_where_there_are_no_agents(stage: Stage, missing: list[str]):
    scene = await slack_of(stage).among_others()
    await scene.fake.options(missing=missing)
    voice_note = await talk(stage, scene, under=await scene.write("Let us talk."))
    (answer,) = await voice_note.over()

    assert (answer.thread_ts, answer.finished) == (voice_note.thread, True)
    assert text_of(answer) == f"> {WORDS}\n\n{ANSWER}"
    assert {card["status"] for card in plan_of(answer)["tasks"]} == {"complete"}
    assert [card["task_id"] for card in plan_of(answer)["tasks"]] == CARDS[:4]
    shown = await voice_note.shown()
    assert shown["session"] == ([] if missing else ["processing", "active"])
    assert bool(shown["status"]) == bool(missing)
    assert not any(shown["status"][-1:]), "it says that it is still at work"
    assert len(await scene.fake.requests("chat.startStream")) == 1


async def test_who_presses_stop_gets_no_more(stage: Stage):
    scene = slack_of(stage)
    await stage.openrouter.answer(Script(text=" ".join(map(str, range(200))), tokens_per_second=4))
    message = await scene.write("Count, please.")

    def counts(found: Sequence[BotMessage]) -> bool:
        return bool(found) and "2" in found[0].text

    (begun,) = await scene.fake.wait_for(scene.channel, message, counts, seconds=30)
    await scene.fake.stop_stream(scene.channel, begun.ts, scene.user)
    (stopped,) = await scene.fake.wait_for(
        scene.channel, message, lambda found: "Stopped." in text_of(found[0]), seconds=30
    )
    assert text_of(stopped).startswith("0 1 2")
    assert stopped.finished
    rows = (await scene.fake.wait_until(lambda state: state["statuses"][-1]["value"] == "active"))["statuses"]
    assert [row["value"] for row in rows if row["what"] == "session"][-1] == "active"
