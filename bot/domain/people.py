"""What people wish for themselves, and what is known of them: their language, and whether they want to be spoken to.

A wish holds in the workspace where it was said; one from a place that belongs to no workspace, as direct messages at some
platforms do, holds everywhere, until something else is wished in a workspace.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.channels import ReplyAs
from bot.domain.errors import SettingInvalid
from bot.words import LANGUAGES, language_of, phrase


class Voice(StrEnum):
    """Whether somebody wants to hear replies; `channel` leaves it to the channel."""

    ON = "on"
    OFF = "off"
    CHANNEL = "channel"


AUTO = "auto"
"""The language of whoever follows the platform in it."""

KINDS = ("voice", "language")
"""What may stand before what is wished, as people type it."""

LOCALE_HOURS = 12
"""How long a locale that the platform told when it was asked counts as known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """What is known of one person."""

    voice: Voice = Voice.CHANNEL
    """Whether they want to hear replies."""
    language: str = ""
    """The language that they want to be spoken to in, by its code; empty follows the platform."""
    locale: str = ""
    """Theirs, as the platform told it last; empty when it told none."""
    locale_at: int = 0
    """When it told that, in milliseconds since 1970 (UTC)."""

    @property
    def wishes(self) -> bool:
        """Whether they wish anything."""
        return bool(self.language) or self.voice is not Voice.CHANNEL


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What somebody wants to be different from now on; None stays as it is."""

    voice: Voice | None = None
    """As in `Person`."""
    language: str | None = None
    """As in `Person`."""


def parse_wish(words: Iterable[str]) -> Wish:
    """Read what somebody wishes, in any order: `off`, `voice off`, `de`, `language Deutsch`, `auto`.

    Raises:
        SettingInvalid: a word is neither about the voice nor a language that Mynah speaks.
    """
    voice: Voice | None = None
    language: str | None = None
    for word in (word.strip().lower() for word in words):
        if word in set(Voice):
            voice = Voice(word)
        elif word not in KINDS:
            language = _language(word)
    return Wish(voice=voice, language=language)


def _language(word: str) -> str:
    if word == AUTO:
        return ""
    by_name = {name.lower(): code for code, name in LANGUAGES.items()}
    code = by_name.get(word) or language_of(word)
    if not code:
        reason = phrase(
            "“{word}” is neither on, off or channel, for the voice, nor one of {languages} or auto, for the language",
            word=word,
            languages=", ".join(LANGUAGES),
        )
        raise SettingInvalid("me", reason)
    return code


def reply_to(voice: Voice, channel: ReplyAs) -> ReplyAs:
    """Return how somebody is replied to, by their wish and within what their channel allows.

    Who wants no voice gets none. Who wants voice gets it beside the text also where the channel would only mirror; a
    channel of texts stays one.
    """
    if voice is Voice.OFF:
        return ReplyAs.TEXT
    return ReplyAs.BOTH if voice is Voice.ON and channel is ReplyAs.MIRROR else channel
