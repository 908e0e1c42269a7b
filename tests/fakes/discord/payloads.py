"""The JSON that Discord's API and gateway send for each noun, messages aside.

https://docs.discord.com/developers/resources/channel and its neighbours.
"""

from typing import Any

from tests.fakes.discord.clock import iso
from tests.fakes.discord.model import DM, Channel, Guild, Member, Role, User
from tests.fakes.discord.world import World

MESSAGE_CONTENT_LIMITED, GUILD_MEMBERS_LIMITED, PRESENCE_LIMITED = 1 << 19, 1 << 15, 1 << 13
VERIFY_KEY = "0" * 64
ABSENT_IN_GUILDS = (
    "icon",
    "description",
    "home_header",
    "splash",
    "discovery_splash",
    "banner",
    "application_id",
    "afk_channel_id",
    "system_channel_id",
    "widget_channel_id",
    "max_presences",
    "vanity_url_code",
    "rules_channel_id",
    "safety_alerts_channel_id",
    "public_updates_channel_id",
    "incidents_data",
)
ZERO_IN_GUILDS = (
    "system_channel_flags",
    "verification_level",
    "default_message_notifications",
    "mfa_level",
    "explicit_content_filter",
    "premium_subscription_count",
    "nsfw_level",
)


def user(who: User) -> dict[str, Any]:
    """Return a user object."""
    return {
        "id": who.id,
        "username": who.name,
        "global_name": None if who.bot else who.name.title(),
        "discriminator": "0",
        "avatar": None,
        "avatar_decoration_data": None,
        "bot": who.bot,
        "flags": 0,
        "public_flags": 0,
        "primary_guild": None,
    }


def own_user(world: World) -> dict[str, Any]:
    """Return the bot's own user object, with what only itself sees."""
    me = user(world.users[world.bot_id])
    return {**me, "verified": True, "email": None, "mfa_enabled": True, "locale": "en-US"}


def application_flags(world: World) -> int:
    """Return the flags that show which privileged intents are switched on."""
    bits = {"message_content": MESSAGE_CONTENT_LIMITED, "members": GUILD_MEMBERS_LIMITED, "presences": PRESENCE_LIMITED}
    return sum(bit for name, bit in bits.items() if name in world.privileged_intents)


def application(world: World) -> dict[str, Any]:
    """Return the application object that its owner sees."""
    return {
        "id": world.application_id,
        "name": "Mynah",
        "icon": None,
        "description": "",
        "type": None,
        "bot": user(world.users[world.bot_id]),
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": VERIFY_KEY,
        "flags": application_flags(world),
        "flags_new": str(application_flags(world)),
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": user(User(id="1", name="owner")),
        "approximate_guild_count": len(world.guilds),
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "team": None,
        "eligible_oauth2_scopes": [],
    }


def role(it: Role) -> dict[str, Any]:
    """Return a role object."""
    return {
        "id": it.id,
        "name": it.name,
        "permissions": str(it.permissions),
        "position": it.position,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": it.managed,
        "mentionable": False,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }


def member(world: World, who: Member) -> dict[str, Any]:
    """Return a guild member object with its user."""
    return {"user": user(world.users[who.user_id]), **bare_member(who)}


def bare_member(who: Member) -> dict[str, Any]:
    """Return a guild member object without its user, as on a message event."""
    return {
        "nick": None,
        "avatar": None,
        "banner": None,
        "roles": list(who.roles),
        "joined_at": iso(who.joined_at),
        "premium_since": None,
        "communication_disabled_until": None,
        "deaf": False,
        "mute": False,
        "pending": False,
        "flags": 0,
    }


def channel(world: World, it: Channel) -> dict[str, Any]:
    """Return a channel object of any kind."""
    if it.thread is not None:
        return thread(world, it)
    if it.type == DM:
        return _direct_message(world, it)
    overwrites = [
        {"id": o.target, "type": o.kind, "allow": str(o.allow), "deny": str(o.deny)} for o in it.overwrites.values()
    ]
    return {
        "id": it.id,
        "type": it.type,
        "guild_id": it.guild_id,
        "name": it.name,
        "topic": it.topic,
        "position": it.position,
        "parent_id": it.parent_id,
        "permission_overwrites": overwrites,
        "last_message_id": it.last_message_id,
        "rate_limit_per_user": 0,
        "nsfw": False,
        "flags": 0,
    }


def _direct_message(world: World, it: Channel) -> dict[str, Any]:
    others = [user(world.users[who]) for who in it.recipients if who != world.bot_id]
    return {"id": it.id, "type": it.type, "last_message_id": it.last_message_id, "recipients": others, "flags": 0}


def thread(world: World, it: Channel) -> dict[str, Any]:
    """Return a thread's channel object, with the bot's membership where it has joined."""
    state = it.thread
    if state is None:
        raise ValueError("not a thread")
    found: dict[str, Any] = {
        "id": it.id,
        "type": it.type,
        "guild_id": it.guild_id,
        "parent_id": it.parent_id,
        "name": it.name,
        "owner_id": state.owner_id,
        "last_message_id": it.last_message_id,
        "rate_limit_per_user": 0,
        "message_count": state.sent,
        "total_message_sent": state.sent,
        "member_count": len(state.members),
        "flags": 0,
        "thread_metadata": {
            "archived": state.archived,
            "archive_timestamp": iso(state.archived_at),
            "auto_archive_duration": state.auto_archive_minutes,
            "locked": state.locked,
            "create_timestamp": iso(state.created_at),
        },
    }
    if world.bot_id in state.members:
        found["member"] = thread_member(it, world.bot_id)
    return found


def thread_member(it: Channel, user_id: str) -> dict[str, Any]:
    """Return a thread member object."""
    joined = it.thread.members[user_id] if it.thread else 0.0
    return {"id": it.id, "user_id": user_id, "join_timestamp": iso(joined), "flags": 0}


def guild(world: World, it: Guild) -> dict[str, Any]:
    """Return a guild object as REST gives it."""
    return {
        **dict.fromkeys(ABSENT_IN_GUILDS),
        **dict.fromkeys(ZERO_IN_GUILDS, 0),
        "id": it.id,
        "name": it.name,
        "owner_id": it.owner_id,
        "roles": [role(each) for each in it.roles.values()],
        "emojis": [],
        "stickers": [],
        "features": [],
        "region": "deprecated",
        "afk_timeout": 300,
        "widget_enabled": False,
        "max_members": 500000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "premium_tier": it.premium_tier,
        "preferred_locale": it.preferred_locale,
        "premium_progress_bar_enabled": False,
        "nsfw": False,
    }


def guild_create(world: World, it: Guild) -> dict[str, Any]:
    """Return a guild as the gateway introduces it: with its channels, active threads and the bot's own membership."""
    channels = [each for each in world.channels.values() if each.guild_id == it.id]
    return {
        **guild(world, it),
        "unavailable": False,
        "large": False,
        "joined_at": iso(it.members[world.bot_id].joined_at),
        "member_count": len(it.members),
        "members": [member(world, it.members[world.bot_id])],
        "channels": [channel(world, each) for each in channels if each.thread is None],
        "threads": [thread(world, each) for each in channels if each.thread is not None and not each.thread.archived],
        "presences": [],
        "voice_states": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }
