"""Which gateway session hears of which event, and how much of it.

https://docs.discord.com/developers/events/gateway#list-of-intents
"""

from typing import Any

from tests.fakes.discord import message_payloads

GUILDS, GUILD_MEMBERS, GUILD_PRESENCES = 1 << 0, 1 << 1, 1 << 8
GUILD_MESSAGES, GUILD_REACTIONS, GUILD_TYPING = 1 << 9, 1 << 10, 1 << 11
DIRECT_MESSAGES, DIRECT_REACTIONS, DIRECT_TYPING = 1 << 12, 1 << 13, 1 << 14
MESSAGE_CONTENT = 1 << 15

PRIVILEGED = {"members": GUILD_MEMBERS, "presences": GUILD_PRESENCES, "message_content": MESSAGE_CONTENT}
MESSAGES_WITH_CONTENT = frozenset({"MESSAGE_CREATE", "MESSAGE_UPDATE"})

_NEEDED: dict[str, tuple[int, int]] = {
    # event: (intent in guilds, intent in direct messages)
    "GUILD_CREATE": (GUILDS, 0),
    "GUILD_DELETE": (GUILDS, 0),
    "CHANNEL_CREATE": (GUILDS, 0),
    "CHANNEL_UPDATE": (GUILDS, 0),
    "CHANNEL_DELETE": (GUILDS, 0),
    "THREAD_CREATE": (GUILDS, 0),
    "THREAD_UPDATE": (GUILDS, 0),
    "THREAD_DELETE": (GUILDS, 0),
    "THREAD_MEMBERS_UPDATE": (GUILDS, 0),
    "GUILD_MEMBER_ADD": (GUILD_MEMBERS, 0),
    "MESSAGE_CREATE": (GUILD_MESSAGES, DIRECT_MESSAGES),
    "MESSAGE_UPDATE": (GUILD_MESSAGES, DIRECT_MESSAGES),
    "MESSAGE_DELETE": (GUILD_MESSAGES, DIRECT_MESSAGES),
    "MESSAGE_REACTION_ADD": (GUILD_REACTIONS, DIRECT_REACTIONS),
    "MESSAGE_REACTION_REMOVE": (GUILD_REACTIONS, DIRECT_REACTIONS),
    "TYPING_START": (GUILD_TYPING, DIRECT_TYPING),
}


def heard(name: str, intents: int, *, in_guild: bool) -> bool:
    """Tell whether a session with these intents gets an event; one without an intent goes to all."""
    if name not in _NEEDED:
        return True
    guild_intent, direct_intent = _NEEDED[name]
    return bool(intents & (guild_intent if in_guild else direct_intent))


def shard_of(guild_id: str | None, shards: int) -> int:
    """Return the shard that hears of a guild; direct messages go to the first.

    https://docs.discord.com/developers/events/gateway#sharding
    """
    return 0 if guild_id is None else (int(guild_id) >> 22) % shards


def disallowed(intents: int, switched_on: set[str]) -> list[str]:
    """Return the privileged intents asked for although the application has not switched them on."""
    return [name for name, bit in PRIVILEGED.items() if intents & bit and name not in switched_on]


def readable(name: str, data: dict[str, Any], intents: int, bot_id: str) -> dict[str, Any]:
    """Return an event's data as a session with these intents may read it."""
    if name not in MESSAGES_WITH_CONTENT or intents & MESSAGE_CONTENT or "guild_id" not in data:
        return data
    return message_payloads.censored(data, bot_id)
