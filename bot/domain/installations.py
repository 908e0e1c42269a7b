"""Who let our app in: one installation for each workspace, or one for a whole organisation."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Installation:
    """An app in a workspace, or in all workspaces of an organisation that it was added to."""

    id: str
    """The workspace's id, or the organisation's when it is in the whole of it."""
    name: str
    """What people call the workspace or organisation."""
    organisation: str = ""
    """The organisation that the workspace belongs to; empty for none."""
    org_wide: bool = False
    """Whether it is in the whole organisation."""
    bot_user: str
    """Who we are there: what people mention."""
    bot: str
    """What our own messages carry."""
    scopes: tuple[str, ...] = ()
    """What we may do there."""
    installed_by: str = ""
    """The person who let us in."""
    installed_at: int
    """When, in milliseconds since 1970."""
    token: str = field(repr=False)
    """What calls are made with."""
    refresh_token: str = field(default="", repr=False)
    """What the next token is asked for with, once; empty for a token that does not expire."""
    expires_at: int | None = None
    """When the token ends, in milliseconds since 1970; None for never."""
    version: int = 0
    """Counts the tokens that were stored for this id: whoever stores the next one names the last."""

    def is_due(self, now: int, ahead: int) -> bool:
        """Return whether the token ends within so many milliseconds, or has ended."""
        return self.expires_at is not None and now + ahead >= self.expires_at
