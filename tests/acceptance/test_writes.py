"""Posts that a busy or broken network delays: every text and every clip stands there once."""

from collections.abc import Mapping, Sequence

import pytest

from tests.acceptance.discord_scene import DiscordScene
from tests.acceptance.scenes import Scene
from tests.acceptance.slack_scene import SlackScene
from tests.acceptance.stages import Stage
from tests.fakes.discord.faults import Kind

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(90), pytest.mark.slow]

ANSWER = "A fine answer."
SLOWLY = 2
"""Tokens a second; so it is seen growing."""

KINDS: Sequence[Kind] = ("429", "500", "drop_before", "drop_after")
"""Busy; broken; the connection lost before the post was taken; lost after it was taken."""

SLACK: Mapping[str, Sequence[str]] = {
    "text": ["POST /api/chat.[ps][ot][as][rt]*"],
    "edit": ["POST /api/chat.[aus][pt][dop]*"],
    "clip": ["POST /api/files.completeUploadExternal", "POST /upload/*"],
}
"""The calls of each part of a reply, whether it is streamed (start, append, stop) or edited (post, update)."""

DISCORD: Mapping[str, tuple[str, int]] = {
    "text": ("POST /channels/{}/messages", 0),
    "edit": ("PATCH /channels/{}/messages/*", 0),
    "clip": ("POST /channels/{}/messages", 1),
}
"""The same, and how many such calls come before; the clip is the second thing that is posted in a channel."""


async def plan_trouble(part: str, scenes: Sequence[Scene]) -> None:
    """Let this part of everybody's reply meet a trouble of its own."""
    for scene, kind in zip(scenes, KINDS, strict=True):
        if isinstance(scene, SlackScene):
            for call in SLACK[part]:
                await scene.fake.fault(call, kind)
        elif isinstance(scene, DiscordScene):
            call, skip = DISCORD[part]
            await scene.fake.fail(kind, call.format(scene.channel), skip=skip)


async def trouble_left(scene: Scene) -> list[object]:
    """Return the faults that met nothing."""
    if isinstance(scene, SlackScene):
        return list((await scene.fake.state())["faults"])
    assert isinstance(scene, DiscordScene)
    return [fault for fault in (await scene.fake.state())["faults"] if fault["hits"] < fault["times"]]


@pytest.mark.parametrize("part", SLACK)
async def test_a_reply_stands_there_once_whatever_the_network_does(stage: Stage, part: str):
    await stage.openrouter.say(ANSWER, tokens_per_second=SLOWLY if part == "edit" else 0)
    scenes = [await stage.scene.alone() for _ in KINDS]
    for scene in scenes:
        assert "Done." in await scene.use("settings", name="reply", value="both")
    await plan_trouble(part, scenes)
    messages = [await scene.write("Hello?") for scene in scenes]
    for scene, message in zip(scenes, messages, strict=True):
        await scene.wait(message, texts=1, clips=1, seconds=40)
        assert await stage.over(message) == "done"
    for scene, message in zip(scenes, messages, strict=True):
        replies = await scene.replies(message)
        assert [reply.text for reply in replies] == [ANSWER, ""]
        assert replies[1].clip
    assert await trouble_left(scenes[0]) == []
    assert await stage.charged() == len(KINDS)
