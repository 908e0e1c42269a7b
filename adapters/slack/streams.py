"""What to append to a streamed message so that it shows what it should, or that this cannot be appended. No I/O.

A streamed message can only grow: its text by what stands behind what it has, its cards one by one. What was taken back
(another model begins anew), what is not known to have arrived, and what is too long is shown by an edit instead, for
which the stream is stopped first. https://docs.slack.dev/reference/methods/chat.appendStream
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.slack.plan import Block, Task, Work, to_chunk, to_title_chunk
from adapters.slack.translate import Identity, harmless_markdown
from bot.domain.messages import Message, TextPart

STREAM_BYTES = 9_000
"""What one streamed message holds of text and titles, in UTF-8. Slack tells no limit; it has refused (`msg_too_long`) what
was above some 10,600 bytes, counting everything that was ever sent to the message."""

_UNFINISHED = re.compile(r"&#?\w*$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """What a streamed message is known to show."""

    text: str = ""
    """As it was sent, that is, escaped."""
    titles: Mapping[str, str] = field(default_factory=dict)
    """The last words of each card with its status, and under the empty name those above all cards."""
    sent: int = 0
    """Bytes of everything that was sent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Growth:
    """What is to be appended, and what the message shows then."""

    chunks: Sequence[Block]
    """See `chat.appendStream`; none when there is nothing new."""
    shown: Shown
    """Afterwards."""


def growth(shown: Shown | None, part: TextPart | None, work: Work) -> Growth | None:
    """Return what makes a streamed message show a text and a plan.

    Args:
        shown: what it shows; None when that is not known.
        part: the text; None leaves it as it is.
        work: the plan.

    Returns:
        None when this cannot be appended.
    """
    if shown is None:
        return None
    text = shown.text if part is None else streamed(part)
    if not text.startswith(shown.text):
        return None
    new = text.removeprefix(shown.text)
    titles, cards = _cards(shown, work)
    sent = shown.sent + len(new.encode()) + sum(len(card["title"].encode()) for card in cards)
    if sent > STREAM_BYTES:
        return None
    chunks = [*cards, {"type": "markdown_text", "text": new}] if new else cards
    return Growth(chunks=chunks, shown=Shown(text=text, titles=titles, sent=sent))


def streamed(part: TextPart) -> str:
    """Return a text as it is sent; of one that grows without what may still become an entity (`&am`)."""
    text = harmless_markdown(part.text)
    return _UNFINISHED.sub("", text) if part.growing else text


def _cards(shown: Shown, work: Work) -> tuple[Mapping[str, str], list[Block]]:
    """Return the words of all cards, and the chunks of those that are new or changed."""
    tasks = work.tasks()
    if not tasks:
        return shown.titles, []
    title = work.title()
    titles = {"": title, **{str(task.stage): _words(task) for task in tasks}}
    changed = [to_chunk(task) for task in tasks if shown.titles.get(str(task.stage)) != _words(task)]
    return titles, changed if shown.titles.get("") == title else [to_title_chunk(title), *changed]


def _words(task: Task) -> str:
    return f"{task.status} {task.title}"


def reader(answering: Message) -> Mapping[str, str]:
    """Return who a stream is for, which has to be said outside of direct messages."""
    place = answering.place
    if place.direct:
        return {}
    return {"recipient_user_id": answering.author.id, "recipient_team_id": place.workspace}


def is_ours_to_finish(item: Mapping[str, Any], me: Identity, answering: Message) -> bool:
    """Return whether a message from the history is a stream that we have begun for a message, and not finished.

    A stream gets its key with its end, and in a thread one turn runs at a time.
    """
    if item.get("user") != me.user and item.get("bot_id") != me.bot:
        return False
    return item.get("streaming_state") == "in_progress" and not item.get("metadata") and item["ts"] > answering.key
