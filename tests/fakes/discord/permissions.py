"""Who may do what where, computed as Discord documents it.

https://docs.discord.com/developers/topics/permissions
"""

from enum import IntFlag

from tests.fakes.discord.model import Channel, Guild


class Permission(IntFlag):
    """The permissions that the fake enforces or shows."""

    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    MANAGE_ROLES = 1 << 28
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38
    SEND_VOICE_MESSAGES = 1 << 46


INVITED = Permission(70677981940800)
"""What a bot's role gets when it is invited with the usual link of a voice-note bot."""
EVERYONE = INVITED | Permission.USE_APPLICATION_COMMANDS
ALL = Permission((1 << 53) - 1)


def named(names: list[str]) -> Permission:
    """Return the permissions with these names, such as `["SEND_MESSAGES"]`."""
    found = Permission(0)
    for name in names:
        found |= Permission[name]
    return found


def effective(guild: Guild, channel: Channel | None, user_id: str) -> Permission:
    """Return what a user may do in a channel (a thread's parent), or in the guild where `channel` is None."""
    if user_id not in guild.members:
        return Permission(0)
    role_ids = guild.members[user_id].roles
    granted = Permission(0)
    for role_id in (guild.id, *role_ids):
        granted |= Permission(guild.roles[role_id].permissions)
    if guild.owner_id == user_id or granted & Permission.ADMINISTRATOR:
        return ALL
    return granted if channel is None else _overwritten(granted, channel, [[guild.id], role_ids, [user_id]])


def _overwritten(granted: Permission, channel: Channel, layers: list[list[str]]) -> Permission:
    for layer in layers:
        allowed = denied = 0
        for target in layer:
            if overwrite := channel.overwrites.get(target):
                allowed |= overwrite.allow
                denied |= overwrite.deny
        granted = Permission(granted & ~denied | allowed)
    return granted
