"""Where a command was used, and what whoever uses it may do there."""

from bot.domain.commands import CommandCall
from bot.words import phrase

DENIED = phrase("Only people who may manage this channel can change its settings.")


def channel_scope(call: CommandCall) -> str:
    """Return the scope of the channel in which a command was used, also when it was used in a thread of it."""
    return call.place.scopes[1]


def person(author: str) -> str:
    """Return what platforms show as a person's name, where only one reads it: nobody is notified."""
    return f"<@{author}>"
