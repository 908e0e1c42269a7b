"""Acts that build the place: users, guilds, channels, permissions, the application's switches."""

from typing import Any

from tests.fakes.discord import payloads
from tests.fakes.discord.control.context import Context
from tests.fakes.discord.model import DM, GUILD_TEXT, Channel, Guild, Member, Overwrite, Role, User
from tests.fakes.discord.permissions import EVERYONE, INVITED, named
from tests.fakes.discord.world import Event

MEMBER_OVERWRITE = 1


def add_user(act: Context) -> dict[str, Any]:
    """Make a user; `name`, `bot`, `accepts_dms`."""
    user = User(
        id=act.world.ids.next(),
        name=act.text("name"),
        bot=act.payload.get("bot", False),
        accepts_dms=act.payload.get("accepts_dms", True),
    )
    act.world.users[user.id] = user
    return {"id": user.id}


def add_private_channel(act: Context) -> dict[str, Any]:
    """Make a direct message among users, without the bot; `user_ids`."""
    channel = Channel(id=act.world.ids.next(), type=DM, recipients=tuple(act.payload["user_ids"]))
    act.world.channels[channel.id] = channel
    return {"id": channel.id}


def change_user(act: Context) -> None:
    """Let a user take direct messages or not; `user_id`, `accepts_dms`."""
    act.world.user(act.text("user_id")).accepts_dms = bool(act.payload["accepts_dms"])


def add_guild(act: Context) -> dict[str, Any]:
    """Make a guild that the bot is in; `name`, `owner_id`, `members`, `premium_tier`, `locale`, `id`, `denied` by name."""
    world, now = act.world, act.world.clock.now()
    guild_id = act.optional("id") or world.ids.next()
    denied = named(act.payload.get("denied") or [])
    bot_role = Role(id=world.ids.next(), name="mynah", permissions=int(INVITED & ~denied), managed=True, position=1)
    everyone = Role(id=guild_id, name="@everyone", permissions=int(EVERYONE & ~denied))
    guild = Guild(
        id=guild_id,
        name=act.text("name"),
        owner_id=act.optional("owner_id") or "1",
        premium_tier=act.payload.get("premium_tier", 0),
        preferred_locale=act.payload.get("locale", "en-US"),
        roles={guild_id: everyone, bot_role.id: bot_role},
        members={world.bot_id: Member(user_id=world.bot_id, joined_at=now, roles=[bot_role.id])},
    )
    world.guilds[guild.id] = guild
    for user_id in act.payload.get("members", ()):
        guild.members[user_id] = Member(user_id=world.user(user_id).id, joined_at=now)
    world.publish(Event(name="GUILD_CREATE", data=payloads.guild_create(world, guild), guild_id=guild.id))
    return {"id": guild.id}


def add_member(act: Context) -> None:
    """Let a user join a guild, with a role of their own; `guild_id`, `user_id`, `permissions` by name."""
    world = act.world
    guild, user = world.guild(act.text("guild_id")), world.user(act.text("user_id"))
    member = guild.members.setdefault(user.id, Member(user_id=user.id, joined_at=world.clock.now()))
    names = act.payload.get("permissions") or []
    if names:
        role = Role(id=world.ids.next(), name=f"of {user.name}", permissions=int(named(names)), position=2)
        guild.roles[role.id] = role
        member.roles.append(role.id)
        data = {"guild_id": guild.id, "role": payloads.role(role)}
        world.publish(Event(name="GUILD_ROLE_CREATE", data=data, guild_id=guild.id))
    data = {**payloads.member(world, member), "guild_id": guild.id}
    world.publish(Event(name="GUILD_MEMBER_ADD", data=data, guild_id=guild.id))


def add_role(act: Context) -> dict[str, Any]:
    """Make a role and give it to members; `guild_id`, `name`, `members`.

    https://docs.discord.com/developers/events/gateway-events#guild-member-update
    """
    world, guild = act.world, act.world.guild(act.text("guild_id"))
    role = Role(id=world.ids.next(), name=act.text("name"), permissions=0, position=len(guild.roles))
    guild.roles[role.id] = role
    data = {"guild_id": guild.id, "role": payloads.role(role)}
    world.publish(Event(name="GUILD_ROLE_CREATE", data=data, guild_id=guild.id))
    for user_id in act.payload["members"]:
        guild.members[user_id].roles.append(role.id)
    return {"id": role.id}


def add_channel(act: Context) -> dict[str, Any]:
    """Make a text channel; `guild_id`, `name`, `type`, `topic`."""
    world = act.world
    guild = world.guild(act.text("guild_id"))
    channel = Channel(
        id=world.ids.next(),
        type=act.payload.get("type", GUILD_TEXT),
        name=act.text("name"),
        guild_id=guild.id,
        topic=act.optional("topic"),
        position=len(world.channels),
    )
    world.channels[channel.id] = channel
    world.publish(Event(name="CHANNEL_CREATE", data=payloads.channel(world, channel), guild_id=guild.id))
    return {"id": channel.id}


def lose_guild(act: Context) -> None:
    """Send the bot away from a guild, or with `unavailable` let the guild be out of order; `guild_id`.

    https://docs.discord.com/developers/events/gateway-events#guild-delete
    """
    world = act.world
    guild = world.guild(act.text("guild_id"))
    data: dict[str, Any] = {"id": guild.id}
    if act.payload.get("unavailable"):
        data["unavailable"] = True
    else:
        del guild.members[world.bot_id]
    world.publish(Event(name="GUILD_DELETE", data=data, guild_id=guild.id))


def delete_channel(act: Context) -> None:
    """Delete a channel with its threads, or a thread alone; `channel_id`.

    https://docs.discord.com/developers/events/gateway-events#thread-delete
    """
    world = act.world
    channel = world.channel(act.text("channel_id"))
    data = payloads.channel(world, channel)
    for gone in [each.id for each in world.channels.values() if channel.id in {each.id, each.parent_id}]:
        del world.channels[gone]
        world.messages.pop(gone, None)
    if channel.thread is None:
        world.publish(Event(name="CHANNEL_DELETE", data=data, guild_id=channel.guild_id))
        return
    told = {name: data[name] for name in ("id", "guild_id", "parent_id", "type")}
    world.publish(Event(name="THREAD_DELETE", data=told, guild_id=channel.guild_id))


def add_direct_message(act: Context) -> dict[str, Any]:
    """Open the bot's direct message with a user; `user_id`."""
    return {"id": act.world.direct_message(act.world.user(act.text("user_id")).id).id}


def set_permissions(act: Context) -> None:
    """Allow and deny things in one channel; `channel_id`, `user_id` (the bot by default), `allow`, `deny` by name."""
    world = act.world
    channel = world.channel(act.text("channel_id"))
    target = act.optional("user_id") or world.bot_id
    allow, deny = named(act.payload.get("allow") or []), named(act.payload.get("deny") or [])
    channel.overwrites[target] = Overwrite(target=target, kind=MEMBER_OVERWRITE, allow=int(allow), deny=int(deny))
    world.publish(Event(name="CHANNEL_UPDATE", data=payloads.channel(world, channel), guild_id=channel.guild_id))


def set_application(act: Context) -> dict[str, Any]:
    """Set and show the application.

    `privileged_intents`, `shards`, `heartbeat_ms`, `max_concurrency`, `identify_seconds`, `session_starts`.
    """
    world = act.world
    if "privileged_intents" in act.payload:
        world.privileged_intents = set(act.payload["privileged_intents"])
    for name in ("shards", "max_concurrency", "identify_seconds", "session_starts"):
        setattr(world, name, act.payload.get(name, getattr(world, name)))
    act.control.gateway.heartbeat_ms = act.payload.get("heartbeat_ms", act.control.gateway.heartbeat_ms)
    return {"id": world.application_id, "bot_id": world.bot_id, "token": world.token}


ACTS = {
    "users": add_user,
    "user_changes": change_user,
    "guilds": add_guild,
    "guild_losses": lose_guild,
    "private_channels": add_private_channel,
    "members": add_member,
    "roles": add_role,
    "channels": add_channel,
    "channel_deletions": delete_channel,
    "direct_messages": add_direct_message,
    "permissions": set_permissions,
    "application": set_application,
}
