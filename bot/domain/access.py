"""Access: who may use Mynah where, and how much of it within the hour. Who may not is told why, and nothing is paid."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.budget_text import show_moment
from bot.domain.channels import SERVICE_ORIGIN, ChannelConfig, SettledConfig
from bot.domain.messages import Author, Place

HOUR_MS = 3_600_000
MINUTE_MS = 60_000

NOT_ALLOWED = "I may not answer you here. Who manages this channel decides that, with the settings `allow` and `deny`."
NO_DIRECT_MESSAGES = "I do not talk in direct messages here. Please ask me in a channel that I am in."


def refusal(author: Author, place: Place, config: ChannelConfig) -> str:
    """Return why a person may not use Mynah in a place, in one sentence for them; empty when they may."""
    if author.id in config.deny or (config.allow and author.id not in config.allow):
        return NOT_ALLOWED
    return NO_DIRECT_MESSAGES if place.direct and not config.direct_messages else ""


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
        messages = "1 message" if self.limit == 1 else f"{self.limit} messages"
        minutes = max(1, -(-(goes_on_at - now) // MINUTE_MS))
        return (
            f"That is more than the {messages} an hour that I answer each person here. "
            f"I am glad to go on at {show_moment(goes_on_at)}, in {minutes} {'minute' if minutes == 1 else 'minutes'}."
        )


def rate(settled: SettledConfig, place: Place) -> Rate:
    """Return the rate of a place: it is counted in the scope that sets it, at the broadest in the workspace."""
    origin = settled.origins["per_hour"]
    within = origin if origin in place.scopes and origin != SERVICE_ORIGIN else place.scopes[0]
    return Rate(limit=settled.config.per_hour, within=within)
