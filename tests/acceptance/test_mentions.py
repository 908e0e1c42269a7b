"""What a model says calls nobody: not the channel, not everyone, not a person."""

import pytest

from tests.acceptance.discord_scene import DiscordScene
from tests.acceptance.slack_scene import SlackScene
from tests.acceptance.stages import Stage

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(60), pytest.mark.slow]

on_slack = pytest.mark.parametrize("shared_stage", ["slack"], indirect=True, scope="session")
on_discord = pytest.mark.parametrize("shared_stage", ["discord"], indirect=True, scope="session")


@on_slack
async def test_slack_is_told_of_nobody(stage: Stage):
    scene = await stage.scene.among_others()
    assert isinstance(scene, SlackScene)
    shout = f"<!channel> <!here> @everyone <@{scene.user}> <!subteam^S1> look!"
    await stage.openrouter.say(shout)
    message = await scene.write(f"{scene.mention} say something")
    (reply,) = await scene.wait(message, texts=1)
    await stage.over(message)
    assert reply.text == shout
    for method in ("chat.postMessage", "chat.update"):
        for call in await scene.fake.requests(method):
            if call["arguments"]["channel"] == scene.channel:
                assert "<" not in str(call["arguments"]["text"]) + str(call["arguments"]["blocks"])


@on_slack
async def test_the_words_of_a_command_call_nobody(stage: Stage):
    scene = await stage.scene.among_others()
    assert isinstance(scene, SlackScene)
    asked = await scene.begin("ask", question="<!channel> who is there?")
    await scene.wait(asked, texts=1)
    (root,) = [post for post in await scene.fake.bot_messages(scene.channel) if post.ts == asked]
    assert "<!" not in str(root.raw)
    assert root.text.endswith("used /ask: @channel who is there?")
    call = next(each for each in await scene.fake.requests("chat.postMessage") if scene.channel in str(each))
    assert (call["arguments"]["parse"], call["arguments"]["link_names"]) == ("none", False)


@on_discord
async def test_discord_is_told_of_nobody(stage: Stage):
    scene = await stage.scene.among_others()
    assert isinstance(scene, DiscordScene)
    shout = f"@everyone @here <@{scene.user}> <@&{scene.guild}> look!"
    await stage.openrouter.say(shout)
    message = await scene.write(f"{scene.mention} say something")
    (reply,) = await scene.wait(message, texts=1)
    await stage.over(message)
    assert reply.text == shout
    (post,) = await scene.fake.bot_messages(int(message))
    assert post.allowed_mentions == {"parse": []}
    assert (post.mentions, post.raw["mention_everyone"], post.raw["mention_roles"]) == ((), False, [])
