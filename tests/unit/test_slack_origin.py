"""From where a payload comes, as Slack's documents show its kinds."""

import pytest

from adapters.slack.oauth import to_installation, to_slack
from adapters.slack.origin import Origin, happened_at, origin_of
from bot.domain.installations import Installation

EVENT = {
    "type": "event_callback",
    "team_id": "T1",
    "context_team_id": "T1",
    "context_enterprise_id": None,
    "event": {"type": "message"},
    "event_time": 1_760_000_000,
    "authorizations": [
        {"enterprise_id": None, "team_id": "T1", "user_id": "U1", "is_bot": True, "is_enterprise_install": False}
    ],
}
ORG_WIDE = {"enterprise_id": "E1", "team_id": "T1", "user_id": "U1", "is_bot": True, "is_enterprise_install": True}
COMMAND = {"team_id": "T1", "command": "/ask", "is_enterprise_install": "false"}
PRESS = {"type": "block_actions", "team": {"id": "T1"}, "enterprise": None, "is_enterprise_install": False}


@pytest.mark.parametrize(
    ("body", "origin"),
    [
        (EVENT, Origin(workspace="T1")),
        (EVENT | {"authorizations": []}, Origin(workspace="T1", named=False)),
        ({"team_id": "T1", "enterprise_id": "E1"}, Origin(workspace="T1", organisation="E1", named=False)),
        ({**EVENT, "team_id": "T2", "context_team_id": "T2"}, Origin(workspace="T1")),
        (EVENT | {"authorizations": [ORG_WIDE]}, Origin(workspace="T1", organisation="E1", org_wide=True)),
        (
            EVENT | {"authorizations": [ORG_WIDE | {"team_id": None}]},
            Origin(workspace="T1", organisation="E1", org_wide=True),
        ),
        (
            {"authorizations": [ORG_WIDE | {"team_id": None}]},
            Origin(workspace="E1", organisation="E1", org_wide=True),
        ),
        (
            EVENT | {"authorizations": [ORG_WIDE | {"is_enterprise_install": False}]},
            Origin(workspace="T1", organisation="E1"),
        ),
        (COMMAND, Origin(workspace="T1")),
        (
            COMMAND | {"enterprise_id": "E1", "is_enterprise_install": "true"},
            Origin(workspace="T1", organisation="E1", org_wide=True),
        ),
        (PRESS, Origin(workspace="T1")),
        (
            PRESS | {"team": None, "user": {"id": "U1", "team_id": "T3"}, "enterprise": {"id": "E1"}},
            Origin(workspace="T3", organisation="E1"),
        ),
        (PRESS | {"view": {"app_installed_team_id": "T4"}}, Origin(workspace="T4")),
    ],
)
def test_the_workspace_is_that_of_the_installation(body: dict[str, object], origin: Origin):
    assert origin_of(body) == origin


@pytest.mark.parametrize("body", [{}, {"type": "url_verification", "challenge": "c"}, {"ssl_check": "1"}])
def test_what_comes_from_no_workspace_has_no_origin(body: dict[str, object]):
    assert origin_of(body) is None


def test_the_installation_is_the_organisations_or_the_workspaces():
    assert Origin(workspace="T1", organisation="E1", org_wide=True).installation == "E1"
    assert Origin(workspace="T1", organisation="E1").installation == "T1"


def test_a_moment_lasts_until_the_end_of_its_second():
    assert happened_at(EVENT) == 1_760_000_000_999


@pytest.mark.parametrize("org_wide", [False, True])
@pytest.mark.parametrize("expires_at", [None, 1_760_043_200_000])
def test_an_installation_survives_the_way_through_the_sdks_words(expires_at: int | None, *, org_wide: bool):
    known = Installation(
        id="E1" if org_wide else "T1",
        name="Analysts",
        organisation="E1",
        org_wide=org_wide,
        bot_user="UBOT",
        bot="B1",
        scopes=("chat:write", "files:read"),
        installed_by="U1",
        installed_at=1_760_000_000_000,
        token="xoxb-1",
        refresh_token="" if expires_at is None else "xoxe-1",
        expires_at=expires_at,
    )
    assert to_installation(to_slack(known)) == known
    assert "xox" not in repr(known)
