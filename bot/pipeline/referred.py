"""referred: the messages that a message refers to, as they stand in it, or as its turn found them."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from bot.domain.journal import Step
from bot.domain.messages import Attachment, Author, Message, Quoted

STEP = "quote"
"""The step that looks them up."""


def quoted_in(message: Message, steps: Mapping[str, Step]) -> Sequence[Quoted]:
    """Return every message that one refers to, those twice of which its turn found out more.

    Args:
        message: one that may refer to others.
        steps: of its job.
    """
    step = steps.get(STEP)
    return (*message.quoted, *(found_by(step.result) if step is not None and step.result else ()))


def found_by(result: Mapping[str, object]) -> Sequence[Quoted]:
    """Return the messages that a turn looked up, by the result of that step."""
    return [_from_json(each) for each in cast("Sequence[Mapping[str, Any]]", result["quoted"])]


def _from_json(found: Mapping[str, Any]) -> Quoted:
    files = tuple(Attachment(**file) for file in found["attachments"])
    return Quoted(**{**found, "author": _author(found["author"]), "attachments": files})


def _author(found: Mapping[str, Any] | None) -> Author | None:
    return Author(**{**found, "groups": tuple(found.get("groups", ()))}) if found else None
