"""What people wish for themselves, their language, their groups, and how strangers are let in to direct messages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.acceptance.scenes import Scene
from tests.acceptance.stages import Stage
from tests.acceptance.test_access import NOT_ALLOWED, told

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120), pytest.mark.slow]


async def language_of(stage: Stage, message: str) -> str:
    """Return the language in which a turn was taken."""
    begun = await stage.service.wait_until(
        lambda line: line.get("event") == "turn begins" and str(line.get("job", "")).endswith(f":{message}")
    )
    return str(begun["language"])


async def test_who_wants_no_voice_gets_none_and_who_wants_voice_gets_it(stage: Stage):
    stage = stage.with_scene(scene := await stage.scene.among_others())
    await stage.openrouter.say("Good morning.")
    await scene.use("settings", manages=True, name="reply", value="mirror")
    await scene.use("me", voice="on")
    message = await scene.write(f"{scene.mention} hello?")
    replies = await scene.wait(message, texts=1, clips=1)
    assert [bool(reply.clip) for reply in replies] == [False, True]

    await scene.use("me", voice="off")
    await scene.use("settings", manages=True, name="reply", value="both")
    assert await told(stage, "and now?") == ["Good morning."]
    assert "forgotten" in await scene.use("forget")
    message = await scene.write(f"{scene.mention} and now?")
    await scene.wait(message, texts=1, clips=1)


async def test_people_are_spoken_to_in_the_language_of_their_client_or_of_their_wish(stage: Stage):
    stage = stage.with_scene(scene := await stage.scene.foreign("de-DE" if stage.scene.name == "slack" else "de"))
    await stage.openrouter.say("Guten Morgen.")
    assert "Deutsch" in await scene.use("me")
    message = await scene.write("Hallo?")
    await scene.wait(message, texts=1)
    assert await language_of(stage, message) == "de"

    assert "Français" in await scene.use("me", language="fr")
    message = await scene.write("Hallo?")
    await scene.wait(message, texts=1)
    assert await language_of(stage, message) == "fr"


async def test_a_group_is_let_in_and_kept_out(stage: Stage):
    await stage.openrouter.say("Good morning.")
    stage = stage.with_scene(scene := await stage.scene.among_others())
    group = await scene.group()
    done = await scene.use("settings", manages=True, name="allow", value=group)
    assert "`allow` = " in done, done
    assert await told(stage, "hello?") == ["Good morning."]
    await scene.use("settings", manages=True, name="deny", value=group)
    assert await told(stage, "hello?") == [NOT_ALLOWED]
    assert await scene.use("usage") == NOT_ALLOWED


@asynccontextmanager
async def paired_only(stage: Stage) -> AsyncIterator[str]:
    """Let direct messages be for people who were let in; yields the scope of the workspace that they belong to."""
    workspace = stage.scene.scope.rpartition(":")[0]
    assert (await stage.installation.run("channels", "set", workspace, "direct_messages", "paired"))[0] == 0
    try:
        while "do not know you yet" not in await stage.scene.use("usage"):
            pass
        yield workspace
    finally:
        for name in ("direct_messages", "admins"):
            await stage.installation.run("channels", "unset", workspace, name)


async def code_told(stage: Stage, scene: Scene) -> str:
    """Return the code that somebody unknown is told."""
    (sentence,) = await told(stage.with_scene(scene), "hello?")
    return sentence.partition("**")[2].partition("**")[0]


async def test_a_stranger_is_let_in_by_a_code_on_the_command_line(stage: Stage):
    await stage.openrouter.say("Good morning.")
    desk, team = stage.installation, await stage.scene.among_others()
    async with paired_only(stage):
        code = await code_told(stage, stage.scene)
        again = await stage.scene.write("hello??")
        await stage.service.wait_until(
            lambda line: line.get("event") == "message passed over" and line["job"].endswith(f":{again}")
        )
        assert "Only an admin" in await team.use("pair", code=code), "whoever manages no workspace"
        status, out, _ = await desk.run("access", "pair", code.lower())
        assert (status, f":@{stage.scene.person}" in out) == (0, True)
        assert await told(stage, "hello?") == ["Good morning."]
        assert (await desk.run("access", "pair", code))[0] != 0
        assert await stage.charged() == 1


async def test_a_stranger_is_let_in_from_the_chat_and_sent_away_again(stage: Stage):
    await stage.openrouter.say("Good morning.")
    desk, team = stage.installation, await stage.scene.among_others()
    async with paired_only(stage) as workspace:
        await desk.run("channels", "set", workspace, "admins", team.person)
        code = await code_told(stage, stage.scene)
        while "from now on" not in (answer := await team.use("pair", code=code)):
            assert "Only an admin" in answer, answer  # the service has not read the new setting yet
        assert await told(stage, "hello?") == ["Good morning."]

        scope = f"{workspace}:@{stage.scene.person}"
        people = {row["person"]: row for row in await desk.read("access", "list")}
        assert people[scope]["by"] == team.person
        assert (await desk.run("access", "revoke", scope))[1] == f"{scope}: is let in no more\n"
        assert "do not know you yet" in await stage.scene.use("usage")
        changes = [(row["changed"], row["to"], row["by"]) for row in await desk.read("audit", "--within", scope)]
        assert changes == [("paired", "off", "command line"), ("paired", "on", team.person)]
