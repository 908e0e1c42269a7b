"""The one app and the one workspace of the fake, and the tokens that open it."""

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
        "users:read",
    }
)


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


def default_tokens() -> dict[str, Token]:
    """The tokens of a fresh workspace, by value."""
    tokens = (
        Token(value=BOT_TOKEN, kind="bot", scopes=BOT_SCOPES),
        Token(value=APP_TOKEN, kind="app", scopes=frozenset({"connections:write"})),
    )
    return {token.value: token for token in tokens}
