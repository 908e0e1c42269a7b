"""What Slack tells of people when it is asked: their language and their user groups, and how commands name them."""

import pytest

from adapters.slack.adapter import SlackPlatform
from adapters.slack.directory import GROUP_MS
from bot.domain.channels import parse_setting
from bot.domain.errors import PlatformProblem
from tests.doubles.clock import ManualClock
from tests.doubles.intake import RecordingIntake
from tests.fakes.slack.client import SlackFake
from tests.integration.test_slack_platform.harness import account_of, serving


async def test_the_locale_of_somebodys_client(slack: SlackFake, platform: SlackPlatform):
    grace = await slack.create_user("Grace", locale="pt-BR")
    assert await platform.locale(grace, workspace=slack.team_id) == "pt-BR"


async def test_where_slack_does_not_tell_it_is_left_alone_for_a_moment(
    slack: SlackFake, platform: SlackPlatform, ada: str
):
    assert await platform.locale("U0NOBODY000", workspace=slack.team_id) == "", "somebody of another workspace"
    await slack.fault("* /api/users.info", "error", error="missing_scope")
    for person in (ada, "U0NOBODY000"):
        with pytest.raises(PlatformProblem):
            await platform.locale(person, workspace=slack.team_id)
    assert len(await slack.requests("users.info")) == 2


async def test_members_of_a_user_group_are_known_for_some_minutes(slack: SlackFake, ada: str):
    grace, clock = await slack.create_user("Grace"), ManualClock()
    group = await slack.set_usergroup([ada])
    async with SlackPlatform(account_of(slack), clock) as platform:
        among = {group, "U123", "S0GONE", "sales"}
        for person, groups in ((ada, [group]), (grace, []), (ada, [group])):
            assert await platform.groups(person, workspace=slack.team_id, among=among) == groups
        assert len(await slack.requests("usergroups.users.list")) == 2, "each group once"

        await slack.set_usergroup([grace], group=group)
        assert await platform.groups(grace, workspace=slack.team_id, among={group}) == []
        clock.advance(GROUP_MS / 1000 + 1)
        assert await platform.groups(grace, workspace=slack.team_id, among={group}) == [group]


async def test_a_rule_takes_people_and_user_groups_as_they_are_mentioned(
    slack: SlackFake, platform: SlackPlatform, channel: str, ada: str
):
    admin, intake = await slack.create_user("Grace", is_admin=True), RecordingIntake()
    group = await slack.set_usergroup([ada])
    async with serving(platform, intake, slack):
        typed = f"settings allow <@{ada}|ada>, <!subteam^{group}|@team>"
        used = await slack.slash("/mynah", typed, user=admin, channel=channel)
        await slack.wait_delivered(used.delivery)
    (call,) = intake.calls
    assert parse_setting("allow", call.options["value"]) == (ada, group)


@pytest.mark.parametrize("is_admin", [True, False])
async def test_admins_of_the_workspace_are_told_from_others(
    slack: SlackFake, platform: SlackPlatform, *, is_admin: bool
):
    person, intake = await slack.create_user("Grace", is_admin=is_admin), RecordingIntake()
    channel = await slack.create_channel([person], creator=person)
    async with serving(platform, intake, slack):
        used = await slack.slash("/mynah", "pair ABCDEFGH", user=person, channel=channel)
        await slack.wait_delivered(used.delivery)
    (call,) = intake.calls
    assert (call.name, call.options, call.may_administer) == ("pair", {"code": "ABCDEFGH"}, is_admin)
