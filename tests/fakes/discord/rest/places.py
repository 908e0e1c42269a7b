"""The bot's account, its guilds, their members and its direct messages.

https://docs.discord.com/developers/resources/user, https://docs.discord.com/developers/resources/guild
"""

from typing import Any

from tests.fakes.discord import payloads, schemas
from tests.fakes.discord.calls import Call, Operation
from tests.fakes.discord.model import Guild
from tests.fakes.discord.permissions import effective
from tests.fakes.discord.refusals import refusal
from tests.fakes.discord.world import SESSION_STARTS


def own_user(call: Call) -> dict[str, Any]:
    """Answer with the bot's user."""
    return payloads.own_user(call.world)


def own_application(call: Call) -> dict[str, Any]:
    """Answer with the application."""
    return payloads.application(call.world)


def gateway(call: Call) -> dict[str, Any]:
    """Answer with the gateway's address and how many shards are advised."""
    world = call.world
    limit = {"total": SESSION_STARTS, "remaining": world.session_starts, "reset_after": 0}
    url = world.origin.replace("http", "ws", 1) + "/gw"
    concurrency = {"max_concurrency": world.max_concurrency}
    return {"url": url, "shards": world.shards, "session_start_limit": limit | concurrency}


def get_user(call: Call) -> dict[str, Any]:
    """Answer with any user."""
    return payloads.user(call.world.user(call.path["user_id"]))


def own_guilds(call: Call) -> list[dict[str, Any]]:
    """Answer with the guilds that the bot is in."""
    return [
        {
            "id": each.id,
            "name": each.name,
            "icon": None,
            "banner": None,
            "owner": each.owner_id == call.world.bot_id,
            "permissions": str(int(effective(each, None, call.world.bot_id))),
            "features": [],
        }
        for each in call.world.guilds.values()
        if call.world.bot_id in each.members
    ]


def open_direct_message(call: Call) -> dict[str, Any]:
    """Answer with the direct message with a user, opened if it was not."""
    user = call.world.user(str(call.payload["recipient_id"]))
    if user.bot:
        raise refusal(50007)
    return payloads.channel(call.world, call.world.direct_message(user.id))


def get_guild(call: Call) -> dict[str, Any]:
    """Answer with a guild."""
    return payloads.guild(call.world, _guild(call))


def list_channels(call: Call) -> list[dict[str, Any]]:
    """Answer with a guild's channels, without threads."""
    guild = _guild(call)
    found = [each for each in call.world.channels.values() if each.guild_id == guild.id and each.thread is None]
    return [payloads.channel(call.world, each) for each in found]


def list_roles(call: Call) -> list[dict[str, Any]]:
    """Answer with a guild's roles."""
    return [payloads.role(each) for each in _guild(call).roles.values()]


def get_member(call: Call) -> dict[str, Any]:
    """Answer with one member of a guild."""
    members = _guild(call).members
    if call.path["user_id"] not in members:
        raise refusal(10007)
    return payloads.member(call.world, members[call.path["user_id"]])


def list_members(call: Call) -> list[dict[str, Any]]:
    """Answer with a page of a guild's members; only with the privileged intent."""
    if "members" not in call.world.privileged_intents:
        raise refusal(50001)
    after, limit = int(call.query.get("after", 0)), int(call.query.get("limit", 1))
    found = sorted((each for each in _guild(call).members.values()), key=lambda each: int(each.user_id))
    page = [each for each in found if int(each.user_id) > after][:limit]
    return [payloads.member(call.world, each) for each in page]


def _guild(call: Call) -> Guild:
    guild = call.world.guild(call.path["guild_id"])
    if call.world.bot_id not in guild.members:
        raise refusal(50001)
    return guild


OPERATIONS = (
    Operation("GET", "/users/@me", own_user),
    Operation("GET", "/users/@me/guilds", own_guilds, query=schemas.GUILDS),
    Operation("POST", "/users/@me/channels", open_direct_message, body=schemas.DM_CREATE),
    Operation("GET", "/users/{user_id}", get_user),
    Operation("GET", "/oauth2/applications/@me", own_application),
    Operation("GET", "/applications/@me", own_application),
    Operation("GET", "/gateway/bot", gateway),
    Operation("GET", "/guilds/{guild_id}", get_guild, query=schemas.WITH_COUNTS),
    Operation("GET", "/guilds/{guild_id}/channels", list_channels),
    Operation("GET", "/guilds/{guild_id}/roles", list_roles),
    Operation("GET", "/guilds/{guild_id}/members", list_members, query=schemas.MEMBERS),
    Operation("GET", "/guilds/{guild_id}/members/{user_id}", get_member),
)
