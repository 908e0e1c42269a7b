"""Tokens that end are renewed before they do, once, whoever needs them, and never lost."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.slack.adapter import SlackPlatform
from adapters.storage.cipher import new_key
from adapters.storage.installations import SqlInstallations
from bot.domain.errors import PostNotDone, PostRefused, SettingInvalid
from bot.domain.messages import Message, TextPart
from tests.doubles.intake import RecordingIntake
from tests.fakes.slack.client import SlackFake
from tests.integration.test_slack_platform.harness import shown_text
from tests.integration.test_slack_platform.installing import (
    TWELVE_HOURS,
    LaterClock,
    listening,
    oauth_account_of,
    renewals,
    said,
    stored,
)


@pytest.fixture
def clock() -> LaterClock:
    return LaterClock()


@pytest.fixture
async def team(slack: SlackFake, port: int, tmp_path: Path, clock: LaterClock) -> SlackFake:
    """A workspace with the app in it, whose token holds for twelve hours."""
    await slack.options(token_seconds=TWELVE_HOURS)
    found = await slack.create_team("Analysts")
    async with (
        stored(tmp_path, clock) as installations,
        listening(slack, port, installations, RecordingIntake(), clock) as (_, browser),
    ):
        await browser.install(found)
    return found


@pytest.fixture
async def message(team: SlackFake) -> Message:
    user = await team.create_user()
    return replace(said(team, await team.create_channel([user]), user))


@asynccontextmanager
async def opened(
    slack: SlackFake, port: int, folder: Path, clock: LaterClock
) -> AsyncIterator[tuple[SlackPlatform, SqlInstallations]]:
    """Open the adapter as one process does."""
    async with (
        stored(folder, clock) as installations,
        SlackPlatform(oauth_account_of(slack, port), clock, installations) as platform,
    ):
        yield platform, installations


async def written(team: SlackFake, message: Message) -> list[str]:
    """Return what the app wrote."""
    return [shown_text(one) for one in await team.bot_messages(message.place.channel)]


async def post(platform: SlackPlatform, message: Message, text: str = "heard") -> None:
    await platform.post(TextPart(text=text), answering=message, key=text)


async def test_a_token_is_renewed_two_hours_before_its_end_and_not_earlier(
    slack: SlackFake, port: int, tmp_path: Path, clock: LaterClock, message: Message
):
    async with opened(slack, port, tmp_path, clock) as (platform, installations):
        clock.hours = 9.9
        await post(platform, message)
        assert await renewals(slack) == 0
        clock.hours = 10.1
        before = await installations.find(message.place.workspace)
        for _ in range(3):
            await post(platform, message)
        after = await installations.find(message.place.workspace)
    assert await renewals(slack) == 1
    assert before is not None
    assert after is not None
    assert before.token != after.token
    assert before.refresh_token != after.refresh_token


async def test_a_token_that_ends_in_the_middle_of_a_job_is_renewed_and_the_call_made_again(
    slack: SlackFake, port: int, tmp_path: Path, clock: LaterClock, team: SlackFake, message: Message
):
    async with opened(slack, port, tmp_path, clock) as (platform, _):
        await post(platform, message, "one")
        await slack.expire_tokens()
        await post(platform, message, "two")
        await post(platform, message, "three")
    assert await written(team, message) == ["one", "two", "three"]
    assert await renewals(slack) == 1


async def test_many_calls_of_two_processes_spend_the_token_once(
    slack: SlackFake, port: int, tmp_path: Path, clock: LaterClock, message: Message
):
    async with (
        opened(slack, port, tmp_path, clock) as (here, _),
        opened(slack, port, tmp_path, clock) as (there, _),
    ):
        await slack.expire_tokens()
        clock.hours = 13
        await slack.fault("POST /api/oauth.v2.access", "slow", seconds=0.5)
        async with asyncio.TaskGroup() as group:
            for number in range(5):
                for name, platform in (("here", here), ("there", there)):
                    person, workspace = message.author.id, message.place.workspace
                    group.create_task(platform.tell(person, f"{name} {number}", workspace=workspace))
    assert await renewals(slack) == 1


async def test_a_call_that_is_cancelled_loses_no_token_that_is_being_renewed(
    slack: SlackFake, port: int, tmp_path: Path, clock: LaterClock, team: SlackFake, message: Message
):
    clock.hours = 13
    async with opened(slack, port, tmp_path, clock) as (platform, _):
        await slack.expire_tokens()
        await slack.fault("POST /api/oauth.v2.access", "slow", seconds=0.5)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await post(platform, message, "cut off")
    async with opened(slack, port, tmp_path, clock) as (platform, _):
        await post(platform, message, "later")
    assert await written(team, message) == ["later"]
    assert await renewals(slack) == 1


async def test_while_slack_renews_nothing_the_old_token_is_used_until_its_end(
    slack: SlackFake, port: int, tmp_path: Path, clock: LaterClock, team: SlackFake, message: Message
):
    async with opened(slack, port, tmp_path, clock) as (platform, _):
        clock.hours = 11
        await slack.fault("POST /api/oauth.v2.access", "500", count=2)
        await post(platform, message, "one")
        await post(platform, message, "two")
        clock.hours = 13
        with pytest.raises(PostNotDone):
            await post(platform, message, "three")
        await post(platform, message, "four")
    assert await written(team, message) == ["one", "two", "four"]


async def test_a_token_that_slack_does_not_renew_is_told_with_what_to_do(
    slack: SlackFake, port: int, tmp_path: Path, clock: LaterClock, message: Message
):
    clock.hours = 13
    async with opened(slack, port, tmp_path, clock) as (platform, installations):
        found = await installations.find(message.place.workspace)
        assert found is not None
        assert await installations.claim_renewal(found, seconds=1)
        assert await installations.renewed(replace(found, refresh_token="xoxe-1-spent"))
        with pytest.raises(PostRefused, match=r"access to Analysts \(invalid_refresh_token\).*/slack/install"):
            await post(platform, message)


async def test_an_organisations_token_is_renewed_for_all_its_workspaces(
    slack: SlackFake, port: int, tmp_path: Path, clock: LaterClock
):
    await slack.options(token_seconds=TWELVE_HOURS)
    teams = [await slack.create_team(name, organisation="E0000000001") for name in ("Analysts", "Bakers")]
    intake = RecordingIntake()
    async with (
        stored(tmp_path, clock) as installations,
        listening(slack, port, installations, intake, clock) as (platform, browser),
    ):
        await browser.install(teams[0], org_wide=True)
        for team in teams:
            user = await team.create_user()
            await team.post(await team.create_channel([user]), user, f"{team.mention} hello")
        messages = await intake.wait_stored(2)
        await slack.expire_tokens()
        for message in messages:
            await post(platform, message)
    assert await renewals(slack) == 1


async def test_neither_tokens_nor_what_renews_them_can_be_read_from_the_files(
    slack: SlackFake, port: int, tmp_path: Path, clock: LaterClock, message: Message
):
    clock.hours = 11
    async with opened(slack, port, tmp_path, clock) as (platform, installations):
        before = await installations.find(message.place.workspace)
        await post(platform, message)
        after = await installations.find(message.place.workspace)
        on_disk = b"".join(path.read_bytes() for path in tmp_path.glob("mynah.db*"))
    assert before is not None
    assert after is not None
    secrets = [before.token, before.refresh_token, after.token, after.refresh_token]
    assert len(set(secrets)) == 4
    assert [secret for secret in secrets if secret.encode() in on_disk] == []
    assert message.place.workspace.encode() in on_disk
    assert b"xoxb" not in on_disk


async def test_tokens_that_no_key_opens_are_told_as_a_setting(tmp_path: Path, team: SlackFake, clock: LaterClock):
    async with stored(tmp_path, clock, key=new_key()) as installations:
        with pytest.raises(SettingInvalid, match=r"slack\.encryption_key: opens none"):
            await installations.find(team.team_id)


async def test_tokens_that_no_key_opens_are_to_the_pipeline_what_it_may_try_again(
    slack: SlackFake, port: int, tmp_path: Path, message: Message, clock: LaterClock
):
    async with (
        stored(tmp_path, clock, key=new_key()) as installations,
        SlackPlatform(oauth_account_of(slack, port), clock, installations) as platform,
    ):
        with pytest.raises(PostNotDone, match=r"slack\.encryption_key: opens none"):
            await post(platform, message)
        with pytest.raises(PostNotDone):
            await platform.locale(message.author.id, workspace=message.place.workspace)


async def test_the_state_that_somebody_leaves_with_is_not_in_the_files(tmp_path: Path, clock: LaterClock):
    async with stored(tmp_path, clock) as installations:
        state = await installations.issue_state(seconds=600)
    with sqlite3.connect(tmp_path / "mynah.db") as connection:
        assert connection.execute("SELECT count(*) FROM install_state").fetchone() == (1,)
    connection.close()
    assert state.encode() not in b"".join(path.read_bytes() for path in tmp_path.glob("mynah.db*"))
