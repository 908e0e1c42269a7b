"""What Discord tells of people: their roles and their language, with messages, with commands, and when it is asked."""

import pytest

from adapters.discord.adapter import DiscordPlatform
from tests.doubles.intake import RecordingIntake
from tests.integration.test_discord_platform.harness import Scene, heard, serving


async def test_messages_tell_roles_and_the_language_of_the_server(scene: Scene, platform: DiscordPlatform):
    role = await scene.fake.add_role(scene.guild, scene.ada)
    author = (await heard(scene, platform)).author
    assert set(author.groups) == {str(scene.guild), str(role)}
    assert (author.locale, author.locale_here) == ("", "en-US")


async def test_a_server_may_prefer_another_language(scene: Scene, platform: DiscordPlatform, intake: RecordingIntake):
    guild = await scene.fake.add_guild("volière", members=[scene.ada], locale="fr")
    channel = await scene.fake.add_channel(guild, "général")
    async with serving(platform, intake, scene.fake):
        await scene.fake.post(channel, scene.ada, f"{scene.mention} salut")
        (message,) = await intake.wait_stored()
    assert message.author.locale_here == "fr"


@pytest.mark.parametrize("permission", ["MANAGE_GUILD", "MANAGE_CHANNELS"])
async def test_commands_tell_roles_the_language_and_who_is_in_charge(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake, permission: str
):
    role = await scene.fake.add_role(scene.guild, scene.ada)
    async with serving(platform, intake, scene.fake):
        about = {"channel": scene.channel, "user": scene.ada, "locale": "pt-BR", "permissions": [permission]}
        used = await scene.fake.use_slash("mynah pair", {"code": "ABCDEFGH"}, **about)
        await scene.fake.wait_for_answer(used)
    (call,) = intake.calls
    assert (call.author.locale, call.author.locale_here) == ("pt-BR", "en-US")
    assert str(role) in call.author.groups
    assert call.may_administer is (permission == "MANAGE_GUILD")


async def test_roles_of_who_is_only_read_in_the_history_are_asked_for(scene: Scene, platform: DiscordPlatform):
    role = str(await scene.fake.add_role(scene.guild, scene.ada))
    grace = await scene.fake.add_user("grace")
    among = {role, str(scene.ada), "S123"}
    where = {"workspace": str(scene.guild), "among": among}
    assert set(await platform.groups(str(scene.ada), **where)) == {role}
    assert set(await platform.groups(str(grace), **where)) == set(), "who is not in the server has none"
    assert set(await platform.groups(str(scene.ada), workspace="", among=among)) == set()
    assert await platform.locale(str(scene.ada), workspace=str(scene.guild)) == ""
