"""The fake's workspaces, its page for permissions and `oauth.v2.access` behave as Slack's documents say."""

from base64 import b64encode
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack.client import FakeRefused, SlackFake

BACK = "http://127.0.0.1:1/slack/oauth_redirect"
SCOPES = "channels:history,channels:read,chat:write,im:write,users:read"


def page(slack: SlackFake, **changes: str) -> str:
    query = {"client_id": slack.client_id, "scope": SCOPES, "redirect_uri": BACK, "state": "s"} | changes
    return f"{slack.url}/oauth/v2/authorize?{urlencode(query)}"


async def code_of(team: SlackFake, *, org_wide: bool = False) -> str:
    address = await team.authorise(page(team), org_wide=org_wide)
    query = parse_qs(urlsplit(address).query)
    assert address.startswith(f"{BACK}?")
    assert query["state"] == ["s"]
    return query["code"][0]


async def exchange(slack: SlackFake, secret: str = "", **grant: str) -> dict[str, object]:
    credentials = b64encode(f"{slack.client_id}:{secret or slack.client_secret}".encode()).decode()
    client = AsyncWebClient(base_url=slack.api_url, session=slack.session)
    headers = {"Authorization": f"Basic {credentials}"}
    return dict((await client.api_call("oauth.v2.access", data=grant, headers=headers)).data)


async def error_of(slack: SlackFake, secret: str = "", **grant: str) -> str:
    with pytest.raises(SlackApiError) as caught:
        await exchange(slack, secret, **grant)
    return str(caught.value.response["error"])


async def test_a_code_gives_a_token_of_its_workspace_once(slack: SlackFake):
    team = await slack.create_team("Analysts")
    code = await code_of(team)
    assert await error_of(slack, "wrong", code=code, redirect_uri=BACK) == "bad_client_secret"
    granted = await exchange(slack, code=code, redirect_uri=BACK)
    assert granted["team"] == {"id": team.team_id, "name": "Analysts"}
    assert granted["bot_user_id"] == team.bot_user_id
    assert (granted["token_type"], granted["is_enterprise_install"]) == ("bot", False)
    assert "refresh_token" not in granted
    assert await error_of(slack, code=code, redirect_uri=BACK) == "invalid_code"


async def test_a_code_is_bound_to_where_it_was_sent(slack: SlackFake):
    code = await code_of(slack)
    assert await error_of(slack, code=code, redirect_uri="http://127.0.0.1:2/") == "bad_redirect_uri"


async def test_a_refusal_leads_back_with_an_error(slack: SlackFake):
    address = await slack.authorise(page(slack), allow=False)
    assert parse_qs(urlsplit(address).query) == {"error": ["access_denied"], "state": ["s"]}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"client_id": "x"}, "invalid_client_id"),
        ({"scope": "admin"}, "invalid_scope"),
        ({"redirect_uri": "https://elsewhere.example.com"}, "bad_redirect_uri"),
        ({"state": ""}, "no state"),
    ],
)
async def test_the_page_for_permissions_complains_of_a_wrong_link(
    slack: SlackFake, change: dict[str, str], complaint: str
):
    with pytest.raises(FakeRefused, match=complaint):
        await slack.authorise(page(slack, **change))
    assert complaint in (await slack.take_violations())[0]


async def test_a_token_reaches_its_own_workspace_alone(slack: SlackFake):
    tokens: list[str] = []
    channels: list[str] = []
    for name in ("Analysts", "Bakers"):
        team = await slack.create_team(name)
        tokens.append(str((await exchange(slack, code=await code_of(team), redirect_uri=BACK))["access_token"]))
        channels.append(await team.create_channel([await team.create_user()]))
    client = AsyncWebClient(tokens[0], base_url=slack.api_url, session=slack.session)
    assert (await client.auth_test())["team"] == "Analysts"
    assert [one["id"] for one in (await client.users_conversations())["channels"]] == [channels[0]]
    await client.chat_postMessage(channel=channels[0], text="hello")
    with pytest.raises(SlackApiError, match="channel_not_found"):
        await client.chat_postMessage(channel=channels[1], text="hello")


async def test_with_rotation_a_token_ends_and_what_renews_it_is_spent_once(slack: SlackFake):
    await slack.options(token_seconds=43_200)
    team = await slack.create_team("Analysts")
    granted = await exchange(slack, code=await code_of(team), redirect_uri=BACK)
    assert granted["expires_in"] == 43_200
    spent = {"grant_type": "refresh_token", "refresh_token": str(granted["refresh_token"])}
    renewed = await exchange(slack, **spent)
    assert await error_of(slack, **spent) == "invalid_refresh_token"
    old, new = (
        AsyncWebClient(str(one["access_token"]), base_url=slack.api_url, session=slack.session)
        for one in (granted, renewed)
    )
    assert (await old.auth_test())["team_id"] == (await new.auth_test())["team_id"]
    await slack.expire_tokens()
    for client in (old, new):
        with pytest.raises(SlackApiError, match="token_expired"):
            await client.auth_test()


async def test_an_organisations_token_reaches_all_its_workspaces_and_must_say_which(slack: SlackFake):
    teams = [await slack.create_team(name, organisation="E0000000001") for name in ("Analysts", "Bakers")]
    other = await slack.create_team("Carpenters", organisation="E0000000002")
    granted = await exchange(slack, code=await code_of(teams[0], org_wide=True), redirect_uri=BACK)
    assert (granted["team"], granted["is_enterprise_install"]) == (None, True)
    client = AsyncWebClient(str(granted["access_token"]), base_url=slack.api_url, session=slack.session)
    assert (await client.auth_test())["is_enterprise_install"] is True
    for team in teams:
        channel = await team.create_channel([await team.create_user()])
        await client.chat_postMessage(channel=channel, text="hello")
        listed = await client.users_conversations(team_id=team.team_id)
        assert [one["id"] for one in listed["channels"]] == [channel]
    with pytest.raises(SlackApiError, match="missing_argument"):
        await client.users_conversations()
    channel = await other.create_channel([await other.create_user()])
    with pytest.raises(SlackApiError, match="channel_not_found"):
        await client.chat_postMessage(channel=channel, text="hello")


async def test_an_app_that_was_removed_has_no_token_and_is_in_no_channel(slack: SlackFake):
    await slack.options(delivery="none")
    team = await slack.create_team("Analysts")
    granted = await exchange(slack, code=await code_of(team), redirect_uri=BACK)
    channel = await team.create_channel([await team.create_user()])
    await team.uninstall()
    client = AsyncWebClient(str(granted["access_token"]), base_url=slack.api_url, session=slack.session)
    with pytest.raises(SlackApiError, match="invalid_auth"):
        await client.chat_postMessage(channel=channel, text="hello")
    assert [one.payload["event"]["type"] for one in await slack.deliveries()] == ["tokens_revoked", "app_uninstalled"]
