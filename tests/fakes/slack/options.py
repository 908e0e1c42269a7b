"""How the fake behaves: what a test may change while it runs."""

from dataclasses import dataclass, fields, replace
from typing import Any

SUBSCRIPTIONS = (
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "team_access_revoked",
    "tokens_revoked",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
    "file_shared",
    "file_change",
    "file_deleted",
    "reaction_added",
    "reaction_removed",
    "app_context_changed",
    "agent_session_stopped",
    "member_joined_channel",
)


@dataclass(frozen=True, kw_only=True)
class Options:
    """The switches of the fake; every field can be changed by `POST /_fake/options`."""

    delivery: str = "socket"
    """Where events go: `socket` (Socket Mode), `http` (POST to `events_url`) or `none` (the app is not reached)."""
    events_url: str = ""
    """The app's request URL for events, slash commands and interactivity, when `delivery` is `http`."""
    ack_seconds: float = 3.0
    """How long an app may take to acknowledge, https://docs.slack.dev/apis/events-api/#responding."""
    retry_delays: tuple[float, ...] = (0.0, 60.0, 300.0)
    """Seconds before each redelivery, https://docs.slack.dev/apis/events-api/#retries."""
    subscriptions: tuple[str, ...] = SUBSCRIPTIONS
    """The bot events of the app's manifest."""
    own_events: bool = True
    """Whether the app is told of its own messages, as Slack does."""
    ping_seconds: float = 3.0
    """Time between two pings of a socket."""
    share_seconds: float = 0.1
    """Time between `files.completeUploadExternal` and the message that shows the file."""
    drop_shares: int = 0
    """How many of the next completed uploads are answered `ok` and never shared."""
    redirect: str = "none"
    """Downloads: `none`, `same` (redirected on this host, the token is still needed) or `foreign` (another host)."""
    trigger_seconds: float = 3.0
    """How long a `trigger_id` lives."""
    response_url_seconds: float = 1800.0
    """How long a `response_url` lives."""
    response_url_uses: int = 5
    """How often a `response_url` may be used."""
    missing: tuple[str, ...] = ()
    """Patterns of methods (`agents.*`) that this workspace does not know."""
    stream_idle_seconds: float = 0.0
    """A stream left alone for longer than this has expired; 0 keeps it for ever."""

    redirect_urls: tuple[str, ...] = ("http://127.0.0.1",)
    """The redirect URLs of the app's manifest; an address that begins with one of them is accepted."""
    token_seconds: int = 0
    """With token rotation, how long a token that comes by OAuth holds; 0 switches rotation off."""

    def changed(self, changes: dict[str, Any]) -> "Options":
        """Return a copy with some fields changed; raises ValueError for an unknown field."""
        unknown = set(changes) - {field.name for field in fields(self)}
        if unknown:
            raise ValueError(f"unknown options: {sorted(unknown)}")
        given: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in changes.items()
        }
        return replace(self, **given)
