"""What the doctor says of Discord: what is wrong, why, and how to mend it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from adapters.discord.account import DiscordAccount
from adapters.discord.adapter import DiscordPlatform
from bot.domain.health import Finding
from bot.domain.shards import parse_shards
from tests.fakes.discord.client import FakeDiscord
from tests.integration.test_discord_platform.harness import QuickClock, Scene


async def checked(account: DiscordAccount) -> Sequence[Finding]:
    async with DiscordPlatform(account, QuickClock()) as platform:
        return await platform.check()


async def the_one_wrong(account: DiscordAccount) -> Finding:
    (wrong,) = [finding for finding in await checked(account) if not finding.ok]
    return wrong


async def test_all_is_well_and_nothing_connects(scene: Scene):
    await scene.fake.set_application(privileged_intents=["message_content"])
    assert [finding.ok for finding in await checked(await scene.account())] == [True, True, True, True]
    assert (await scene.fake.gateway())["identifies"] == 0


@pytest.mark.parametrize(
    ("changes", "what", "fix"),
    [
        ({"token": "wrong"}, "does not accept the bot's token", "Reset it"),
        ({"api_url": "http://127.0.0.1:9/api/v10"}, "could not be checked", "network"),
    ],
)
async def test_a_token_that_does_not_work_is_told_from_a_network_that_does_not(
    scene: Scene, changes: dict[str, str], what: str, fix: str
):
    wrong = await the_one_wrong(replace(await scene.account(), **changes))  # type: ignore[arg-type]
    assert what in wrong.what
    assert fix in wrong.fix


async def test_an_intent_that_is_switched_off_keeps_the_bot_out_unless_it_is_not_wanted(scene: Scene):
    await scene.fake.set_application(privileged_intents=[])
    account = await scene.account()
    wrong = await the_one_wrong(account)
    assert "Message Content Intent" in wrong.what
    assert "message_content" in wrong.fix
    assert all(finding.ok for finding in await checked(replace(account, message_content=False)))


@pytest.mark.parametrize(
    ("asked", "allowed", "said"),
    [
        (True, True, "what is said without its name"),
        (False, True, "so message_content may be true"),
        (False, False, "the Message Content Intent is not needed"),
    ],
)
async def test_the_doctor_says_what_the_bot_hears(scene: Scene, asked: bool, allowed: bool, said: str):
    await scene.fake.set_application(privileged_intents=["message_content"] if allowed else [])
    findings = await checked(replace(await scene.account(), message_content=asked))
    assert all(finding.ok for finding in findings)
    assert said in findings[1].what


async def test_fewer_shards_than_discord_advises_are_told(scene: Scene):
    await scene.fake.set_application(shards=4)
    account = await scene.account()
    assert "holds all of them; it advises 4" in (await checked(account))[2].what
    assert "shards 0-1/4" in (await checked(replace(account, shards=parse_shards("0-1/4"))))[2].what
    wrong = await the_one_wrong(replace(account, shards=parse_shards("0-1/2")))
    assert "advises 4 shards, and discord.shards has 2" in wrong.what


async def test_sessions_that_run_out_are_told_before_the_token_is_lost(scene: Scene):
    await scene.fake.set_application(shards=4, session_starts=3)
    wrong = await the_one_wrong(await scene.account())
    assert "Only 3 sessions" in wrong.what


async def test_a_bot_that_nobody_invited_gets_the_address_that_invites_it(fake: FakeDiscord):
    account = DiscordAccount(token=await fake.token(), api_url=fake.api_url, gateway_url=fake.gateway_url)
    wrong = await the_one_wrong(account)
    assert "no server" in wrong.what
    assert f"client_id={await fake.bot_id()}" in wrong.fix


async def test_permissions_that_replies_need_are_missed_by_name(scene: Scene):
    await scene.fake.add_guild("cage", denied=["SEND_VOICE_MESSAGES", "CREATE_PUBLIC_THREADS"])
    wrong = await the_one_wrong(await scene.account())
    assert "in cage: create_public_threads, send_voice_messages" in wrong.what
    assert "aviary" not in wrong.what
    assert "permissions=" in wrong.fix
