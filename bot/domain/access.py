"""Access: who may use Mynah where, and how much of it within the hour. Who may not is told why, and nothing is paid."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.channels import SERVICE_ORIGIN, ChannelConfig, DirectMessages, SettledConfig
from bot.domain.messages import Author, Place
from bot.domain.moments import show_moment
from bot.words import phrase, say, say_count

HOUR_MS = 3_600_000
MINUTE_MS = 60_000

NOT_ALLOWED = phrase(
    "I may not answer you here. Who manages this channel decides that, with the settings `allow` and `deny`."
)
NOT_PAIRED = phrase(
    "I do not know you yet. Write me a direct message: I answer with a code, by which an admin can let you in."
)
NO_DIRECT_MESSAGES = phrase("I do not talk in direct messages here. Please ask me in a channel that I am in.")


def refusal(author: Author, place: Place, config: ChannelConfig, *, paired: bool = False) -> str:
    """Return why a person may not use Mynah in a place, in one sentence for them; empty when they may.

    Args:
        author: the person, with the groups among those that the settings name.
        place: where.
        config: its settings.
        paired: whether somebody let them in who is in charge of direct messages.
    """
    names = {author.id, *author.groups}
    if names & set(config.deny) or (config.allow and not names & set(config.allow)):
        return say(NOT_ALLOWED)
    if not place.direct or config.direct_messages is DirectMessages.ON:
        return ""
    if config.direct_messages is DirectMessages.OFF:
        return say(NO_DIRECT_MESSAGES)
    return "" if paired else say(NOT_PAIRED)


def is_stranger(author: Author, place: Place, config: ChannelConfig, *, paired: bool) -> bool:
    """Return whether a person lacks nothing but to be let in; arguments as in `refusal`."""
    if paired or not place.direct or config.direct_messages is not DirectMessages.PAIRED:
        return False
    return not refusal(author, place, config, paired=True)


def welcome(code: str) -> str:
    """Tell a stranger how they are let in."""
    return say(
        "I do not know you yet, so I answer you as soon as an admin has let you in. Give them this code: **{code}**. "
        "`/mynah pair {code}` lets you in; it holds for an hour.",
        code=code,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """How many messages of one person are answered within an hour."""

    limit: int
    """Messages; 0 is no limit."""
    within: str
    """The scope in which they are counted."""

    def goes_on_at(self, answered: Sequence[int], now: int) -> int | None:
        """Return when the next message is answered; None when it is now.

        Args:
            answered: when the newest messages that were answered came, the newest first, at least `limit` of them.
            now: like all of these in milliseconds since 1970.
        """
        if not self.limit or len(answered) < self.limit:
            return None
        oldest = answered[self.limit - 1]
        return oldest + HOUR_MS if oldest > now - HOUR_MS else None

    def sentence(self, goes_on_at: int, now: int) -> str:
        """Tell a person when their messages are answered again."""
        minutes = max(1, -(-(goes_on_at - now) // MINUTE_MS))
        return say(
            "That is more than the {messages} an hour that I answer each person here. "
            "I am glad to go on at {moment}, in {minutes}.",
            messages=say_count("{count} message", "{count} messages", self.limit),
            moment=show_moment(goes_on_at),
            minutes=say_count("{count} minute", "{count} minutes", minutes),
        )


def rate(settled: SettledConfig, place: Place) -> Rate:
    """Return the rate of a place: it is counted in the scope that sets it, at the broadest in the workspace."""
    origin = settled.origins["per_hour"]
    within = origin if origin in place.scopes and origin != SERVICE_ORIGIN else place.scopes[0]
    return Rate(limit=settled.config.per_hour, within=within)
