"""Several processes of one bot: shards that are split between them, and tokens that should not be."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.acceptance.commands import shown
from tests.acceptance.discord_scene import open_discord
from tests.acceptance.service import STEADY, Installation, Service
from tests.acceptance.slack_scene import open_slack

pytestmark = [pytest.mark.timeout(180), pytest.mark.slow]

SHARED = "connection is not ours alone"


async def said_aloud(service: Service) -> str:
    """Wait until a service says that somebody else is connected too; returns what it advises."""
    line = await service.wait_for(SHARED)
    assert line["level"] == "warning"
    return str(line["connection"] + line["advice"])


async def test_two_processes_share_the_shards_and_the_database_of_one_bot(tmp_path: Path):
    async with open_discord() as scene:
        fake = scene.fake
        await fake.set_application(shards=2, identify_seconds=5)
        channels = []
        for shard in (0, 1):
            guild = await fake.add_guild(f"aviary {shard}", members=[scene.user], guild=(1_000_000 + shard) << 22)
            channels.append(await fake.add_channel(guild, "general"))
        installation = Installation(folder=tmp_path, settings={**scene.settings, **STEADY})
        async with (
            installation.serving(DISCORD__SHARDS="0/2") as first,
            installation.serving(DISCORD__SHARDS="1/2") as second,
        ):
            await fake.wait_for_sessions(2, seconds=30)
            for channel in (*channels, scene.channel):
                place = replace(scene, channel=channel, guild=None)
                message = await place.write(f"{scene.mention} hello")
                await place.wait(message, texts=1)
            stored = [[line for line in each.log if line["event"] == "message stored"] for each in (first, second)]
            assert [len(lines) for lines in stored] == [2, 1], "the first shard has the direct messages, too"
            again = await shown(installation, "serve")
            assert again.status == 1
            assert "is served by process" in again.err
            assert not [line for line in first.log + second.log if line["event"] == SHARED]
        assert (await fake.gateway())["identifies"] == 2
        assert await fake.violations() == []


async def test_shards_that_two_processes_hold_are_told_aloud_and_by_the_doctor(tmp_path: Path):
    async with open_discord() as scene:
        await scene.fake.add_guild("aviary")
        await scene.fake.set_application(shards=3)
        installation = Installation(folder=tmp_path, settings=scene.settings)
        async with (
            installation.serving(DISCORD__SHARDS="0-1/3") as first,
            installation.serving(DISCORD__SHARDS="1-2/3") as second,
        ):
            await scene.fake.wait_for_sessions(4, seconds=60)
            said = await said_aloud(second) if not any(line["event"] == SHARED for line in first.log) else SHARED
            assert "shard 1 of 3" in said
            doctor = await shown(installation, "doctor")
        assert doctor.status == 1
        for words in ("A second process is connected", "shard 1 of 3", "discord.shards"):
            assert words in " ".join(doctor.out.split())
        logged = f"{first.log} {second.log} {doctor.out}"
        assert scene.settings["DISCORD__TOKEN"] not in logged


async def test_an_app_token_that_two_installations_use_is_told_aloud(tmp_path: Path):
    async with open_slack() as scene:
        here, there = (Installation(folder=tmp_path / name, settings=scene.settings) for name in ("here", "there"))
        for each in (here, there):
            each.folder.mkdir()
        async with here.serving():
            await scene.ready()
            async with there.serving() as second:
                said = await said_aloud(second)
                doctor = await shown(there, "doctor")
        assert "Slack app token" in said
        assert "another database" in said
        assert scene.settings["SLACK__APP_TOKEN"] not in said
        assert "another database" in " ".join(doctor.out.split())


async def test_without_the_message_content_intent_people_are_answered_who_speak_to_mynah(tmp_path: Path):
    async with open_discord() as scene:
        await scene.fake.set_application(privileged_intents=[])
        installation = Installation(
            folder=tmp_path, settings={**scene.settings, **STEADY, "DISCORD__MESSAGE_CONTENT": "false"}
        )
        among = await scene.among_others()
        async with installation.serving() as service:
            await scene.ready()
            for place, text in ((scene, "hello"), (among, f"{among.mention} hello")):
                message = await place.write(text)
                await place.wait(message, texts=1)
            nameless = await among.write("without your name", under=message)
            spoken = await scene.speak()
            await scene.wait(spoken, texts=1)
            asked = await among.begin("ask", question="how high is the oak?")
            await among.fake.wait_for_answer(int(asked), where=lambda used: bool(used.messages))
            assert [reply.text for reply in await among.replies(nameless)] == []
            assert not [line for line in service.log if str(line.get("job", "")).endswith(f":{nameless}")]
            doctor = await shown(installation, "doctor")
        assert "arrives empty and is left" in " ".join(doctor.out.split())
        assert list(await scene.violations()) == []
