"""Modals and Home tabs as Slack keeps them."""

from tests.fakes.slack.identity import APP_ID, LOOPBACK, Team
from tests.fakes.slack.world import Json, World


def keep_view(world: World, view: Json, *, view_id: str | None = None, team: Team = LOOPBACK) -> Json:
    """Store a view under a new id, or in the place of `view_id`; returns Slack's view object."""
    identifier = view_id or world.new_id("V")
    kept = {
        "id": identifier,
        "team_id": team.id,
        "app_id": APP_ID,
        "bot_id": team.bot,
        "app_installed_team_id": team.id,
        "callback_id": "",
        "private_metadata": "",
        "external_id": "",
        "state": {"values": {}},
        "root_view_id": identifier,
        "previous_view_id": None,
        **view,
        "hash": f"{world.new_ts()}.{world.new_id('h')}",
    }
    world.views[identifier] = kept
    world.note("view.updated" if view_id else "view.opened", view=identifier, type=view.get("type"))
    return kept
