"""A conversation as one prompt, because the router takes no other: https://fal.ai/models/openrouter/router/api."""

import re
from collections.abc import Sequence

from bot.domain.models import ChatTurn, Role

_MARK = re.compile(r"<(?=/?(?:user|assistant|conversation)>)", re.IGNORECASE)

HARMLESS = "\u2039"
"""Looks like the beginning of a mark, and is none."""

ASKED = (
    "This is a conversation so far. Write the assistant's reply to the last message of the user, "
    "and nothing else: no tags, and no comment on the conversation."
)

LISTEN = "Listen to the recording and answer what is said in it."
LOOK = "Say what is to be seen."


def system_of(turns: Sequence[ChatTurn]) -> str:
    """Return what the model is told beforehand; empty where it is told nothing."""
    return "\n\n".join(turn.text for turn in turns if turn.role is Role.SYSTEM and turn.text)


def prompt_of(turns: Sequence[ChatTurn]) -> str:
    """Write a conversation down: what the user says alone as it is, more of it with who says what.

    Nobody can put words into another's mouth: marks like ours in what is said are made harmless.
    """
    said = [turn for turn in turns if turn.role is not Role.SYSTEM]
    if len(said) == 1 and said[0].role is Role.USER:
        return _words(said[0])
    lines = [f"<{turn.role.value}>\n{_MARK.sub(HARMLESS, _words(turn))}\n</{turn.role.value}>" for turn in said]
    return "\n".join([ASKED, "", "<conversation>", *lines, "</conversation>"])


def _words(turn: ChatTurn) -> str:
    if turn.text.strip():
        return turn.text
    if turn.audio:
        return LISTEN
    return LOOK if turn.videos or turn.links or turn.pictures else "…"
