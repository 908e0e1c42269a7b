"""What a workspace, or a channel of it, does not offer: remembered, so that it is asked for once and not at every turn.

Agents and streams came late to Slack, and some plans, some kinds of channels and some apps do without them.
"""

import structlog

from adapters.slack.outcomes import SlackRefusal
from bot.domain.messages import Place

log = structlog.get_logger()

NOT_IN_WORKSPACE = frozenset(
    {
        "access_denied",
        "agents_not_enabled",
        "feature_disabled",
        "feature_not_enabled",
        "method_deprecated",
        "missing_scope",
        "no_permission",
        "not_allowed",
        "not_allowed_token_type",
        "not_an_agent",
        "team_access_not_granted",
        "unknown_method",
    }
)
"""What Slack says when an app may not use a method at all, https://docs.slack.dev/reference/methods."""

NOT_IN_CHANNEL = frozenset(
    {"channel_not_supported", "channel_type_not_supported", "method_not_supported_for_channel_type"}
)
"""What it says when only this kind of channel has it not."""


class Missing:
    """Remembers what was refused, for as long as the process runs."""

    def __init__(self) -> None:
        self._missing: set[tuple[str, ...]] = set()

    def is_known(self, feature: str, place: Place) -> bool:
        """Return whether a feature is known to be missing in a place."""
        workspace = (feature, place.workspace)
        return workspace in self._missing or (*workspace, place.channel) in self._missing

    def note(self, feature: str, place: Place, refusal: SlackRefusal) -> None:
        """Remember a refusal, where it is one that will be repeated."""
        log.info("not offered here", feature=feature, channel=place.channel, reason=refusal.error)
        if refusal.error in NOT_IN_WORKSPACE:
            self._missing.add((feature, place.workspace))
        elif refusal.error in NOT_IN_CHANNEL:
            self._missing.add((feature, place.workspace, place.channel))
