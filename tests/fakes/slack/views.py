"""Modals and Home tabs as Slack keeps them."""

from tests.fakes.slack.identity import APP_ID, BOT_ID, TEAM_ID
from tests.fakes.slack.world import Json, World


def keep_view(world: World, view: Json, *, view_id: str | None = None) -> Json:
    """Store a view under a new id, or in the place of `view_id`; returns Slack's view object."""
    identifier = view_id or world.new_id("V")
    kept = {
        "id": identifier,
        "team_id": TEAM_ID,
        "app_id": APP_ID,
        "bot_id": BOT_ID,
        "app_installed_team_id": TEAM_ID,
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
