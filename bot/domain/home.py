"""What somebody finds on a page of their own: what they used, what they wish, and for admins how the channels stand."""

from dataclasses import dataclass, field

from bot.domain.people import Person


@dataclass(frozen=True, kw_only=True, slots=True)
class HomeChannel:
    """How one channel stands."""

    channel: str
    """By the platform's id."""
    lines: tuple[str, ...]
    """Its models, what was spent, and its budgets (Markdown)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Home:
    """One person's page, in their language."""

    language: str
    """The person's."""
    usage: tuple[str, ...]
    """What they used this month (Markdown), a line each."""
    wishes: Person
    """What they wish for themselves."""
    channels: tuple[HomeChannel, ...] = ()
    """Those of the workspace, the costliest first; only for admins."""
    left_off: int = 0
    """How many more channels there are."""
    health: tuple[str, ...] = field(default=())
    """Gateways and the newest errors, a line each; only for admins."""
