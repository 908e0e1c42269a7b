"""Times and spans as people read them, in the language that is spoken."""

from collections.abc import Mapping
from datetime import UTC, datetime

from bot.words import Phrase, phrase, say

MONTHS = (
    phrase("January"),
    phrase("February"),
    phrase("March"),
    phrase("April"),
    phrase("May"),
    phrase("June"),
    phrase("July"),
    phrase("August"),
    phrase("September"),
    phrase("October"),
    phrase("November"),
    phrase("December"),
)

PERIOD_WORDS: Mapping[str, Phrase] = {"day": phrase("day"), "month": phrase("month")}
"""What a budget lasts for."""


def show_moment(at: int) -> str:
    """Write a time (ms since 1970) for people: `1 December, 00:00 UTC`."""
    moment = datetime.fromtimestamp(at / 1000, UTC)
    return say("{day} {month}, {time} UTC", day=moment.day, month=MONTHS[moment.month - 1], time=f"{moment:%H:%M}")
