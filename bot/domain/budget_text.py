"""Budgets as people write and read them: scopes, periods and limits in, sentences out."""

import re
from collections.abc import Collection, Sequence

from bot.domain.budgets import EACH_USER, SERVICE, Budget, Period, user_scope
from bot.domain.errors import SettingInvalid
from bot.domain.messages import Author, Place
from bot.domain.moments import PERIOD_WORDS, show_moment
from bot.domain.money import Nanodollars, nanodollars, show_amount
from bot.words import phrase, say

OFF = "off"
"""What is written to lift a limit."""

SCOPE_FORM = (
    f"{SERVICE}, {EACH_USER}, PLATFORM, PLATFORM:WORKSPACE, PLATFORM:WORKSPACE:CHANNEL or PLATFORM:WORKSPACE:@USER"
)

_AMOUNT = re.compile(r"\$?\s?([0-9]{1,9}(?:\.[0-9]{1,9})?|\.[0-9]{1,9})\s?\$?")
_NAME = re.compile(r"@?[^\s:@]+")


# --- in ----------------------------------------------------------------------


def parse_limit(text: str) -> Nanodollars | None:
    """Read the most that may be spent, in US dollars: `5`, `$5`, `5.50`, `0.25`; None for `off`.

    Raises:
        SettingInvalid: it is no such amount. A comma is not guessed at: it parts thousands here and cents there.
    """
    said = text.strip()
    if said.lower() == OFF:
        return None
    found = _AMOUNT.fullmatch(said)
    if found is None:
        raise SettingInvalid(
            "dollars",
            phrase("{said} is no amount such as 5, $5.50 or 0.25; `{off}` lifts the limit", said=repr(said), off=OFF),
        )
    return nanodollars(found[1])


def parse_period(text: str) -> Period:
    """Read `day` or `month`.

    Raises:
        SettingInvalid: it is neither.
    """
    try:
        return Period(text.strip().lower())
    except ValueError:
        raise SettingInvalid("period", phrase("{text} is neither day nor month", text=repr(text))) from None


def parse_scope(text: str, platforms: Collection[str]) -> str:
    """Read whose budget is meant.

    Args:
        text: of the form SCOPE_FORM. A direct message of Discord has no workspace: `discord::CHANNEL`.
        platforms: the names of those that there are.

    Raises:
        SettingInvalid: no call would ever count for it.
    """
    if text in {SERVICE, EACH_USER}:
        return text
    platform, *names = text.split(":")
    if platform not in platforms:
        raise SettingInvalid(text, f"there is no platform {platform!r}; a scope is {SCOPE_FORM}")
    if not _is_below_platform(names):
        raise SettingInvalid(text, f"a scope is {SCOPE_FORM}")
    return text


def _is_below_platform(names: Sequence[str]) -> bool:
    match names:
        case []:
            return True
        case [workspace]:
            return _is_name(workspace)
        case [workspace, last]:
            return (not workspace or _is_name(workspace)) and bool(_NAME.fullmatch(last))
        case _:
            return False


def _is_name(text: str) -> bool:
    return bool(_NAME.fullmatch(text)) and not text.startswith("@")


# --- out ---------------------------------------------------------------------


def show_budget(budget: Budget, now: int, *, whose: str) -> str:
    """Write how a budget stands (Markdown), in one line.

    Args:
        budget: as it stands.
        now: in milliseconds since 1970.
        whose: in words.
    """
    limit = say("{amount} a {period}", amount=show_amount(budget.limit), period=PERIOD_WORDS[budget.period])
    stands = [
        say("{amount} spent", amount=show_amount(budget.spent)),
        *([say("{amount} held for calls under way", amount=show_amount(budget.held))] if budget.held else []),
        say("{amount} left", amount=show_amount(budget.left)),
    ]
    anew = say("Starts anew on {moment}.", moment=show_moment(budget.period.ends(now)))
    return f"**{whose}**, {limit}: {', '.join(stands)}. {anew}"


def whose_words(scope: str, place: Place, author: Author) -> str:
    """Return whose budget it is, in the words of somebody who asks in a place."""
    workspace, channel = place.scopes[:2]
    words = {
        SERVICE: phrase("Everybody together"),
        place.platform: phrase("All of {platform}", platform=place.platform.capitalize()),
        workspace: phrase("This workspace"),
        channel: phrase("This conversation") if place.direct else phrase("This channel"),
        user_scope(place, author): phrase("You"),
    }
    return say(words[scope]) if scope in words else scope
