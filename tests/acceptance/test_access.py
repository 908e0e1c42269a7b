"""Who may use Mynah: who may not is told why, in a sentence that costs nothing."""

import pytest

from tests.acceptance.stages import Stage

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(60), pytest.mark.slow]

NOT_ALLOWED = "I may not answer you here. Who manages this channel decides that, with the settings `allow` and `deny`."

NO_DIRECT_MESSAGES = "I do not talk in direct messages here. Please ask me in a channel that I am in."


async def told(stage: Stage, text: str) -> list[str]:
    """Say something to Mynah, and return what it says to that when the turn is over."""
    message = await stage.scene.write(f"{stage.scene.mention} {text}")
    await stage.scene.wait(message, texts=1)
    await stage.over(message)
    return [reply.text for reply in await stage.scene.replies(message)]


async def test_who_is_denied_is_told_so_until_they_are_let_in_again(stage: Stage):
    stage = stage.with_scene(scene := await stage.scene.among_others())
    await stage.openrouter.say("Good morning.")
    done = await scene.use("settings", manages=True, name="deny", value=f"<@{scene.person}>")
    assert f"`deny` = {scene.person}  — {scene.scope}" in done
    assert await told(stage, "hello?") == [NOT_ALLOWED]
    assert await scene.use("usage") == NOT_ALLOWED
    assert "What is kept here" in await scene.use("privacy"), "which everybody has a right to know"
    assert await stage.charged() == 0

    await scene.use("settings", manages=True, name="deny", value="default")
    assert await told(stage, "hello?") == ["Good morning."]


async def test_only_those_on_the_list_are_answered(stage: Stage):
    await stage.openrouter.say("Good morning.")
    stage = stage.with_scene(scene := await stage.scene.among_others())
    await scene.use("settings", manages=True, name="allow", value="somebody.else")
    assert await told(stage, "hello?") == [NOT_ALLOWED]
    assert await stage.charged() == 0
    await scene.use("settings", manages=True, name="allow", value=f"somebody.else, {scene.person}")
    assert await told(stage, "hello?") == ["Good morning."]


async def test_who_says_more_than_the_limit_is_told_once_when_it_goes_on(stage: Stage):
    await stage.openrouter.say("Good morning.")
    stage = stage.with_scene(scene := await stage.scene.among_others())
    await scene.use("settings", manages=True, name="per_hour", value="1")
    assert await told(stage, "hello?") == ["Good morning."]
    (sentence,) = await told(stage, "are you there?")
    assert sentence.startswith(
        "That is more than the 1 message an hour that I answer each person here. I am glad to go on at"
    )
    assert sentence.endswith(("UTC, in 60 minutes.", "UTC, in 59 minutes."))

    third = await scene.write(f"{scene.mention} now?")
    await stage.service.wait_until(
        lambda line: line.get("event") == "message passed over" and line["job"].endswith(f":{third}")
    )
    assert list(await scene.replies(third)) == []
    await scene.use("settings", manages=True, name="per_hour", value="default")
    assert await told(stage, "and now?") == ["Good morning."]
    assert await stage.charged() == 2


async def test_direct_messages_are_switched_off_for_a_workspace(stage: Stage):
    workspace = stage.scene.scope.rpartition(":")[0]
    status, out, err = await stage.installation.run("channels", "set", workspace, "direct_messages", "off")
    assert (status, err) == (0, ""), out
    try:
        while await stage.scene.use("usage") != NO_DIRECT_MESSAGES:
            pass
        assert await told(stage, "hello?") == [NO_DIRECT_MESSAGES]
        assert await stage.scene.use("settings", name="allow", value="U1") == NO_DIRECT_MESSAGES
        assert await stage.charged() == 0
    finally:
        await stage.installation.run("channels", "unset", workspace, "direct_messages")
