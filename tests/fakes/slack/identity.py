"""The one app of the fake, its workspaces, and the tokens that open them."""

from dataclasses import dataclass

TEAM_ID = "T0000000001"
TEAM_NAME = "Loopback"
APP_ID = "A0000000001"
BOT_ID = "B0000000001"
BOT_USER_ID = "U00000000BOT"
BOT_NAME = "mynah"
BOT_TOKEN = "xoxb-loopback-bot"
APP_TOKEN = "xapp-1-loopback-app"
SIGNING_SECRET = "loopback-signing-secret"
VERIFICATION_TOKEN = "loopback-verification"

BOT_SCOPES = frozenset(
    {
        "app_mentions:read",
        "assistant:write",
        "channels:history",
        "channels:read",
        "chat:write",
        "chat:write.customize",
        "commands",
        "files:read",
        "files:write",
        "groups:history",
        "groups:read",
        "im:history",
        "im:read",
        "im:write",
        "mpim:history",
        "mpim:read",
        "reactions:read",
        "reactions:write",
        "usergroups:read",
        "users:read",
    }
)


CLIENT_ID = "1111.2222"
CLIENT_SECRET = "loopback-client-secret"


@dataclass(frozen=True, kw_only=True)
class Team:
    """A workspace, and who the app is in it."""

    id: str
    name: str
    bot_user: str
    bot: str
    organisation: str = ""
    """The Enterprise organisation that it belongs to."""


LOOPBACK = Team(id=TEAM_ID, name=TEAM_NAME, bot_user=BOT_USER_ID, bot=BOT_ID)
"""The workspace that is there from the start, with the app in it."""


@dataclass(frozen=True, kw_only=True)
class Token:
    """A credential of the app."""

    value: str
    """What the client sends as bearer."""
    kind: str
    """`bot` (xoxb-) or `app` (xapp-)."""
    scopes: frozenset[str]
    """What it may do."""
    revoked: bool = False
    """Whether the workspace has taken it back."""
    team: str = TEAM_ID
    """The workspace that it opens; empty when it opens all of an organisation."""
    organisation: str = ""
    """The organisation whose workspaces it opens; empty when it opens one workspace."""
    expires_at: float | None = None
    """Seconds since 1970; None for never."""

    def holds(self, now: float) -> bool:
        """Whether it is neither revoked nor expired."""
        return not self.revoked and (self.expires_at is None or now < self.expires_at)

    def opens(self, team: Team) -> bool:
        """Whether it opens a workspace."""
        return team.organisation == self.organisation if self.organisation else team.id == self.team


def default_tokens() -> dict[str, Token]:
    """The tokens of a fresh workspace, by value."""
    tokens = (
        Token(value=BOT_TOKEN, kind="bot", scopes=BOT_SCOPES),
        Token(value=APP_TOKEN, kind="app", scopes=frozenset({"connections:write"})),
    )
    return {token.value: token for token in tokens}
