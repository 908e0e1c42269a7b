"""From where Slack tells us something: which workspace, and by whose installation. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Payload = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Where a payload comes from."""

    workspace: str
    """The workspace, `T…`; the organisation's id where Slack names no workspace."""
    organisation: str = ""
    """The Enterprise organisation, `E…`; empty for a workspace that belongs to none."""
    org_wide: bool = False
    """Whether it comes by an installation in the whole organisation."""
    named: bool = True
    """Whether the payload says so itself; Slack documents farewells that do not."""

    @property
    def installation(self) -> str:
        """The id of the installation that it comes by: the organisation's, or the workspace's."""
        return self.organisation if self.org_wide else self.workspace


def origin_of(body: Payload) -> Origin | None:
    """Return where a payload comes from; None for one that comes from no workspace, such as a check of the address.

    An event names the installation that it is for in `authorizations`: in a channel that workspaces share, the `team_id`
    beside it may be another's. What people do (commands, buttons, modals) names it at the top.

    Args:
        body: of an event (https://docs.slack.dev/apis/events-api/#events-JSON), of a slash command, or of an interaction
            (https://docs.slack.dev/reference/interaction-payloads).
    """
    authorization: Payload = next(iter(body.get("authorizations") or ()), {})
    view, user = _table(body.get("view")), _table(body.get("user"))
    workspace = (
        view.get("app_installed_team_id")
        or authorization.get("team_id")
        or _id(body.get("team"))
        or body.get("context_team_id")
        or body.get("team_id")
        or user.get("team_id")
    )
    organisation = (
        authorization.get("enterprise_id")
        or _id(body.get("enterprise"))
        or body.get("context_enterprise_id")
        or body.get("enterprise_id")
    )
    if not workspace and not organisation:
        return None
    told = authorization.get("is_enterprise_install", body.get("is_enterprise_install"))
    return Origin(
        workspace=str(workspace or organisation),
        organisation=str(organisation or ""),
        org_wide=told in {True, "true"} and bool(organisation),
        named=told is not None,
    )


def happened_at(body: Payload) -> int:
    """Return when an event happened, in milliseconds since 1970; Slack tells the second, of which this is the end."""
    return int(body["event_time"]) * 1000 + 999


def _id(value: object) -> str:
    """Return the id of what is given as a table, or as its id."""
    return str(_table(value).get("id") or "") if isinstance(value, Mapping) else str(value or "")


def _table(value: object) -> Payload:
    return value if isinstance(value, Mapping) else {}
