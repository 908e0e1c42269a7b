"""What a check of the installation finds."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that was checked."""

    what: str
    """For example `Slack bot token`."""
    ok: bool
    """Whether it is as it should be."""
    detail: str
    """What was found; when it is wrong, why that matters."""
    fix: str = ""
    """What to do about it; empty when it is right."""
