"""Many workspaces let the app in by OAuth, and each is served with its own token."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.slack.adapter import SlackPlatform
from adapters.slack.catch_ups import AT_ONCE
from adapters.storage.installations import SqlInstallations
from bot.domain.audio import MediaFormat
from bot.domain.errors import PostRefused
from bot.domain.messages import Attachment, ClipPart, Message, Quoted, TextPart, VoiceClip
from tests.doubles.intake import RecordingIntake
from tests.fakes.process import wait_for_port
from tests.fakes.slack.browser import Browser, browsing
from tests.fakes.slack.client import SlackFake
from tests.integration.test_slack_platform.harness import NOTE, QuickClock, shown_text
from tests.integration.test_slack_platform.installing import listening, oauth_account_of, opened, said, stored


@pytest.fixture
async def installations(tmp_path: Path) -> AsyncIterator[SqlInstallations]:
    async with stored(tmp_path, QuickClock()) as found:
        yield found


@pytest.fixture
async def served(
    slack: SlackFake, port: int, installations: SqlInstallations, intake: RecordingIntake
) -> AsyncIterator[tuple[SlackPlatform, Browser]]:
    async with listening(slack, port, installations, intake, QuickClock()) as found:
        yield found


async def talk(team: SlackFake, text: str, **about: Any) -> tuple[str, str, str]:
    """Let somebody new in a new channel mention the app; returns the channel, the message and who."""
    user = await team.create_user()
    channel = await team.create_channel([user])
    posted = await team.post(channel, user, f"{team.mention} {text}", **about)
    return channel, posted.ts, user


async def test_two_workspaces_are_answered_each_with_its_own_token(
    slack: SlackFake, served: tuple[SlackPlatform, Browser], intake: RecordingIntake
):
    platform, browser = served
    teams = [await slack.create_team("Analysts"), await slack.create_team("Bakers")]
    for team in teams:
        assert "Mynah is in" in await browser.install(team)
    for team in teams:
        channel, ts, _ = await talk(team, f"from {team.team_id}")
        message = (await intake.wait_stored())[-1]
        await intake.wait(lambda now, ts=ts: any(one.key == ts for one in now.messages.values()))
        message = next(one for one in intake.messages.values() if one.key == ts)
        assert (message.place.workspace, message.text) == (team.team_id, f"from {team.team_id}")
        await platform.post(TextPart(text="heard"), answering=message, key="k")
        assert [shown_text(one) for one in await team.bot_messages(channel, ts)] == ["heard"]
    assert await opened(slack, "chat.postMessage") == [team.team_id for team in teams]


async def test_everything_that_a_turn_does_is_done_with_the_token_of_its_workspace(
    slack: SlackFake, served: tuple[SlackPlatform, Browser], intake: RecordingIntake, tmp_path: Path
):
    platform, browser = served
    for name in ("Analysts", "Bakers"):
        await browser.install(team := await slack.create_team(name))
    channel, ts, user = await talk(team, "listen", files=(NOTE,))
    (message,) = await intake.wait_stored()
    assert b"".join([chunk async for chunk in platform.fetch(message, message.attachments[0])]) == NOTE.content
    stub = Attachment(id=message.attachments[0].id, name="stub")
    assert [chunk async for chunk in platform.fetch(message, stub)]
    assert await platform.look_up(Quoted(channel=channel, key=ts), message=message)
    post = await platform.post(TextPart(text="one"), answering=message, key="first")
    assert await platform.find(answering=message, key="first") == post
    await platform.edit(post, TextPart(text="two"), answering=message)
    await platform.delete(post, answering=message)
    (tmp_path / "clip").write_bytes(b"ID3" + bytes(500))
    clip = VoiceClip(path=str(tmp_path / "clip"), format=MediaFormat.MP3, filename="reply.mp3", seconds=1.0)
    await platform.delete(await platform.post(ClipPart(clip=clip), answering=message, key="second"), answering=message)
    await platform.tell(user, "by the way", workspace=team.team_id)
    used = await slack.slash("/ask", "why?", user=user, channel=channel)
    assert (await slack.wait_delivered(used.delivery)).state == "acked"
    calls = [one for one in (await slack.state())["requests"] if one.get("opens")]
    assert {one["opens"] for one in calls if one["path"] != "/api/auth.test"} == {team.team_id}
    methods = {one["path"].removeprefix("/api/") for one in calls}
    assert methods >= {"chat.postMessage", "chat.update", "chat.delete", "conversations.replies", "files.info"}
    assert methods >= {"files.completeUploadExternal", "files.delete", "conversations.open"}


async def test_a_link_that_was_used_opens_nothing_again(slack: SlackFake, served: tuple[SlackPlatform, Browser]):
    _, browser = served
    team = await slack.create_team("Analysts")
    address = await team.authorise(await browser.leave())
    assert (await browser.come_back(address))[0] == 200
    status, page = await browser.come_back(address)
    assert status == 401
    assert "used before" in page


async def test_who_comes_back_in_another_browser_or_says_no_installs_nothing(
    slack: SlackFake, served: tuple[SlackPlatform, Browser], installations: SqlInstallations
):
    _, browser = served
    team = await slack.create_team("Analysts")
    address = await team.authorise(await browser.leave())
    for cookie in ("", "slack-app-oauth-state=made-up"):
        browser.cookie = cookie
        status, page = await browser.come_back(address)
        assert (status, "another browser" in page) == (400, True)
    refused = await team.authorise(await browser.leave(), allow=False)
    status, page = await browser.come_back(refused)
    assert (status, "did not allow it" in page) == (200, True)
    assert await installations.all() == []


async def test_a_state_or_a_code_that_was_made_up_is_refused(
    served: tuple[SlackPlatform, Browser], installations: SqlInstallations
):
    _, browser = served
    browser.cookie = "slack-app-oauth-state=made-up"
    status, _ = await browser.come_back(f"{browser.base}/slack/oauth_redirect?code=c&state=made-up")
    assert status == 401
    leaving = await browser.leave()
    state = leaving.split("state=")[1].split("&")[0]
    status, page = await browser.come_back(f"{browser.base}/slack/oauth_redirect?code=c&state={state}")
    assert (status, "did not accept" in page) == (401, True)
    assert await installations.all() == []


async def test_when_slack_does_not_answer_the_page_says_so_and_another_try_works(
    slack: SlackFake, served: tuple[SlackPlatform, Browser]
):
    _, browser = served
    team = await slack.create_team("Analysts")
    address = await team.authorise(await browser.leave())
    await slack.fault("POST /api/oauth.v2.access", "drop_before")
    status, page = await browser.come_back(address)
    assert (status, "Try again" in page) == (401, True)
    await browser.install(team)


async def test_a_workspace_that_removed_the_app_is_forgotten_and_told_why_nothing_works(
    slack: SlackFake, served: tuple[SlackPlatform, Browser], installations: SqlInstallations, intake: RecordingIntake
):
    platform, browser = served
    team, other = await slack.create_team("Analysts"), await slack.create_team("Bakers")
    for one in (team, other):
        await browser.install(one)
    channel, _, user = await talk(team, "hello")
    await intake.wait_stored()
    for delivery in await team.uninstall():
        assert (await slack.wait_delivered(delivery)).state == "acked"
    assert [one.id for one in await installations.all()] == [other.team_id]
    for _ in range(2):
        with pytest.raises(PostRefused, match=r"not installed in the workspace .*/slack/install"):
            await platform.post(TextPart(text="late"), answering=said(team, channel, user), key="k")
    late = await team.command("events", event=_message(channel, user), team=team.team_id)
    assert (await slack.wait_delivered(late["deliveries"][0])).state == "acked"
    assert len(intake.messages) == 1
    used = await slack.slash("/usage", "", user=user, channel=channel)
    answer = (await slack.wait_delivered(used.delivery)).attempts[-1]["answer"]
    assert "not installed" in str(answer)


async def test_an_old_farewell_does_not_end_a_new_installation(
    slack: SlackFake, served: tuple[SlackPlatform, Browser], installations: SqlInstallations, intake: RecordingIntake
):
    _, browser = served
    team = await slack.create_team("Analysts")
    await browser.install(team)
    farewells = await team.uninstall()
    for delivery in farewells:
        await slack.wait_delivered(delivery)
    payload = next(one for one in await slack.deliveries() if one.id == farewells[1]).payload
    await browser.install(team)
    stale = payload | {"event_time": payload["event_time"] - 60, "event_id": "EvSTALE001"}
    purged = list(intake.happened)
    await slack.wait_delivered(await slack.send_body(stale))
    assert intake.happened == purged
    assert [one.id for one in await installations.all()] == [team.team_id]


async def test_revoked_tokens_of_people_end_no_installation(
    slack: SlackFake, served: tuple[SlackPlatform, Browser], installations: SqlInstallations
):
    _, browser = served
    await browser.install(team := await slack.create_team("Analysts"))
    revoked = {"type": "tokens_revoked", "tokens": {"oauth": ["U0000000099"], "bot": []}}
    sent = await team.command("events", event=revoked, team=team.team_id)
    assert (await slack.wait_delivered(sent["deliveries"][0])).state == "acked"
    assert len(await installations.all()) == 1


async def test_an_organisation_lets_the_app_in_once_for_all_its_workspaces(
    slack: SlackFake, served: tuple[SlackPlatform, Browser], installations: SqlInstallations, intake: RecordingIntake
):
    platform, browser = served
    teams = [await slack.create_team(name, organisation="E0000000001") for name in ("Analysts", "Bakers")]
    page = await browser.install(teams[0], org_wide=True)
    assert "workspaces/add" in page
    for team in teams:
        channel, ts, user = await talk(team, "hello")
        await intake.wait(lambda now, ts=ts: any(one.key == ts for one in now.messages.values()))
        message = next(one for one in intake.messages.values() if one.key == ts)
        assert message.place.workspace == team.team_id
        await platform.post(TextPart(text="heard"), answering=message, key="k")
        await platform.tell(user, "by the way", workspace=team.team_id)
        assert [shown_text(one) for one in await team.bot_messages(channel, ts)] == ["heard"]
    assert set(await opened(slack, "chat.postMessage")) == {"E0000000001"}
    assert list(await installations.workspaces()) == sorted(team.team_id for team in teams)
    for delivery in await teams[1].uninstall(org_wide=True):
        await slack.wait_delivered(delivery)
    assert await installations.all() == []
    assert {("left", f"slack:{team.team_id}") for team in teams} <= set(intake.happened)
    with pytest.raises(PostRefused, match="not installed"):
        await platform.tell(user, "late", workspace=teams[0].team_id)


async def told_twice(slack: SlackFake, deliveries: list[str]) -> None:
    for delivery in deliveries:
        assert (await slack.wait_delivered(delivery)).state == "acked"
    for delivery in deliveries:
        assert (await slack.wait_delivered(await slack.send_again(delivery))).state == "acked"


@pytest.fixture
async def teams(
    slack: SlackFake, served: tuple[SlackPlatform, Browser], intake: RecordingIntake
) -> tuple[SlackFake, SlackFake]:
    """Two workspaces of an organisation that let the app in; the first had done so before by itself."""
    _, browser = served
    first, second = [await slack.create_team(name, organisation="E0000000001") for name in ("Analysts", "Bakers")]
    await browser.install(first)
    await browser.install(first, org_wide=True)
    for team in (first, second):
        await talk(team, "hello")
    await intake.wait_stored(2)
    return first, second


@pytest.mark.parametrize("unnamed", [False, True], ids=["named", "unnamed"])
async def test_a_workspace_that_its_organisation_serves_is_not_left_when_its_own_installation_ends(
    slack: SlackFake,
    teams: tuple[SlackFake, SlackFake],
    installations: SqlInstallations,
    intake: RecordingIntake,
    unnamed: bool,
):
    own = teams[0].team_id
    await told_twice(slack, await teams[0].uninstall(unnamed=unnamed))
    assert intake.happened == []
    assert [one.id for one in await installations.all()] == ["E0000000001"]
    assert own in await installations.workspaces("E0000000001")


@pytest.mark.parametrize("unnamed", [False, True], ids=["named", "unnamed"])
async def test_when_an_organisation_ends_its_installation_only_those_with_their_own_are_not_left(
    slack: SlackFake,
    teams: tuple[SlackFake, SlackFake],
    installations: SqlInstallations,
    intake: RecordingIntake,
    unnamed: bool,
):
    first, second = teams
    await told_twice(slack, await first.uninstall(org_wide=True, unnamed=unnamed))
    assert set(intake.happened) == {("left", f"slack:{second.team_id}")}
    assert [one.id for one in await installations.all()] == [first.team_id]


async def test_workspaces_that_an_organisation_takes_back_are_left_but_not_those_with_their_own(
    slack: SlackFake,
    teams: tuple[SlackFake, SlackFake],
    installations: SqlInstallations,
    intake: RecordingIntake,
):
    first, second = teams
    for team in teams:
        await told_twice(slack, await team.withdraw())
    assert set(intake.happened) == {("left", f"slack:{second.team_id}")}
    assert list(await installations.workspaces()) == [first.team_id]
    assert [one.id for one in await installations.all()] == ["E0000000001", first.team_id]


async def test_what_was_missed_is_caught_up_on_in_every_workspace(
    slack: SlackFake, port: int, installations: SqlInstallations, intake: RecordingIntake
):
    teams = [await slack.create_team("Analysts")]
    teams += [await slack.create_team(name, organisation="E0000000001") for name in ("Bakers", "Carpenters")]
    places: list[tuple[SlackFake, str, str]] = []
    async with listening(slack, port, installations, intake, QuickClock()) as (_, browser):
        await browser.install(teams[0])
        await browser.install(teams[1], org_wide=True)
        for team in teams:
            channel, _, user = await talk(team, f"before in {team.team_id}")
            places.append((team, channel, user))
        await intake.wait_stored(3)
    for team, channel, user in places:
        await team.post(channel, user, f"{team.mention} missed in {team.team_id}", deliver=False)
    async with listening(slack, port, installations, intake, QuickClock()):
        messages: list[Message] = await intake.wait_stored(6)
    missed = {one.text: one.place.workspace for one in messages if one.text.startswith("missed")}
    assert missed == {f"missed in {team.team_id}": team.team_id for team in teams}


async def test_what_was_missed_is_found_also_where_a_new_message_comes_before_it_is_a_workspaces_turn(
    slack: SlackFake, port: int, installations: SqlInstallations, intake: RecordingIntake
):
    places: list[tuple[SlackFake, str, str]] = []
    async with listening(slack, port, installations, intake, QuickClock()) as (_, browser):
        for number in range(AT_ONCE + 1):
            await browser.install(team := await slack.create_team(f"Team {number}"))
            channel, _, user = await talk(team, "before")
            places.append((team, channel, user))
        await intake.wait_stored(len(places))
    for team, channel, user in places:
        await team.post(channel, user, f"{team.mention} missed", deliver=False)
    await slack.fault("* /api/conversations.history", "slow", seconds=1.0, count=AT_ONCE)
    async with listening(slack, port, installations, intake, QuickClock()):
        last, channel, user = max(places, key=lambda place: place[0].team_id)
        await last.post(channel, user, f"{last.mention} new")
        await intake.wait_stored(2 * len(places) + 1)
    assert intake.texts.count("missed") == len(places)


async def test_the_doctor_names_every_workspace_and_those_whose_tokens_are_gone(
    slack: SlackFake, served: tuple[SlackPlatform, Browser]
):
    platform, browser = served
    (page, _) = await platform.check()
    assert (page.ok, page.what.endswith("none has yet.")) == (True, True)
    good, gone = await slack.create_team("Analysts"), await slack.create_team("Bakers")
    wide = await slack.create_team("Carpenters", organisation="E0000000001")
    await browser.install(good)
    await browser.install(gone)
    await browser.install(wide, org_wide=True)
    await slack.options(subscriptions=[])
    await gone.uninstall()
    page, organisation, first, second, way_in = await platform.check()
    assert "3 have" in page.what
    assert [organisation.ok, first.ok, second.ok, way_in.ok] == [True, True, False, True]
    assert "organisation Organisation E0000000001 (E0000000001)" in organisation.what
    assert f"workspace Analysts ({good.team_id})" in first.what
    assert f"Bakers ({gone.team_id}) does not work" in second.what
    assert "install Mynah again" in second.fix


async def test_events_and_installations_come_by_one_http_server(
    slack: SlackFake, port: int, installations: SqlInstallations, intake: RecordingIntake
):
    account = replace(oauth_account_of(slack, port), app_token="", signing_secret=slack.signing_secret)
    await slack.options(delivery="http", events_url=f"http://127.0.0.1:{port}/slack/events")
    async with (
        SlackPlatform(account, QuickClock(), installations) as platform,
        asyncio.TaskGroup() as group,
        browsing(port) as browser,
    ):
        task = group.create_task(platform.serve(intake))
        await wait_for_port(port)
        team = await slack.create_team("Analysts")
        await browser.install(team)
        _, ts, _ = await talk(team, "hello")
        (message,) = await intake.wait_stored()
        await platform.post(TextPart(text="heard"), answering=message, key="k")
        task.cancel()
    assert (message.key, message.place.workspace) == (ts, team.team_id)
    assert await opened(slack, "chat.postMessage") == [team.team_id]


async def test_by_socket_the_http_server_takes_no_events(served: tuple[SlackPlatform, Browser]):
    _, browser = served
    async with browser.session.post(f"{browser.base}/slack/events", json={}) as response:
        assert response.status == 404


def _message(channel: str, user: str) -> dict[str, str]:
    ts = "1760000000.000100"
    return {"type": "message", "channel": channel, "user": user, "text": "late", "ts": ts, "event_ts": ts}
