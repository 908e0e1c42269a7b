"""Messages in quick succession: those of one person that wait together are answered together, by the last one's turn.

The last of them leads: its reply stands under what its author wrote last, where they are looking, and says what there is
to say to all. What the others say and bring comes first, in order.

They are told together by their `stream`: a conversation, or for messages that each begin a thread of their own, what one
person says at the top of a channel. There only what is said within moments belongs together; two questions of an hour ago
that are caught up on do not.
"""

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.budgets import user_scope
from bot.domain.messages import Errand, Message, Quoted

LONGEST = 4
"""Pauses that the first of several messages waits at most, however many follow."""


def gathers(message: Message) -> bool:
    """Return whether a message may be answered together with others: an ordinary one that is new."""
    plain = message.command is None and message.pressed is None and message.errand is Errand.ANSWER
    return plain and not (message.refusal or message.revision)


def stream_of(message: Message, now: int, pause: float) -> str:
    """Return what has to be alike for messages to be answered together.

    Args:
        message: one that `gathers`.
        now: in milliseconds since 1970 (UTC).
        pause: seconds within which another message belongs to it.
    """
    place = message.place
    if place.thread is None or place.thread != message.key:
        return place.conversation
    if message.said_at and now - message.said_at > pause * LONGEST * 1000 + LATE_MS:
        return place.conversation  # it is caught up on: what came next may have come an hour later
    return f"{place.scopes[1]} {user_scope(place, message.author)}"


LATE_MS = 5_000
"""How much later than it was said a message reaches us at most, while nothing is wrong."""


def together(messages: Sequence[Message]) -> Message:
    """Return one message that says and brings what several do, in order; it stands where the last one stands."""
    *before, last = messages
    if not before:
        return last
    quoted: dict[tuple[str, str], Quoted] = {}
    for message in messages:
        quoted |= {(each.channel, each.key): each for each in message.quoted}
    own = {(message.place.channel, message.key) for message in messages}
    return replace(
        last,
        text="\n".join(message.text for message in messages if message.text),
        attachments=tuple(file for message in messages for file in message.attachments),
        quoted=tuple(each for where, each in quoted.items() if where not in own),
    )
