"""What a check of the installation finds."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that was looked at."""

    ok: bool
    """False when somebody has to do something."""
    what: str
    """What was found, as a sentence: what is wrong and why that matters, or what is right."""
    fix: str = ""
    """What to do; empty when all is well."""
