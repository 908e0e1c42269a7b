"""What the adapter is told about one Slack app."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})


INSTALL_PATH = "/slack/install"
REDIRECT_PATH = "/slack/oauth_redirect"


@dataclass(frozen=True, kw_only=True, slots=True)
class OAuth:
    """How workspaces let the app in: https://docs.slack.dev/authentication/installing-with-oauth."""

    client_id: str
    """From "Basic Information"."""
    client_secret: str = field(repr=False)
    """From "Basic Information"."""
    public_url: str
    """Where the HTTP server is reached from outside, `https://…`, without a slash at the end."""

    @property
    def install_url(self) -> str:
        """Where a workspace's admin begins."""
        return f"{self.public_url}{INSTALL_PATH}"

    @property
    def redirect_url(self) -> str:
        """Where Slack sends the admin back to."""
        return f"{self.public_url}{REDIRECT_PATH}"


@dataclass(frozen=True, kw_only=True, slots=True)
class SlackAccount:
    """One Slack app, in one workspace by its token, or in many by OAuth.

    With an app token it connects by Socket Mode, else Slack sends HTTP requests.
    """

    bot_token: str = field(default="", repr=False)
    """`xoxb-…`, from "OAuth & Permissions"; empty when workspaces let the app in by OAuth."""
    oauth: OAuth | None = None
    """How workspaces let the app in; None for the one workspace of `bot_token`."""
    app_token: str = field(default="", repr=False)
    """`xapp-…` with the scope `connections:write`, from "Basic Information"; empty for HTTP."""
    signing_secret: str = field(default="", repr=False)
    """From "Basic Information"; only for HTTP."""
    http_host: str = "127.0.0.1"
    """The address that HTTP requests are taken at."""
    http_port: int = 3000
    """The port that HTTP requests are taken at."""
    http_path: str = "/slack/events"
    """The path of the request URLs that are entered at Slack."""
    api_url: str = "https://slack.com/api/"
    """The Web API."""
    file_hosts: tuple[str, ...] = ("slack.com",)
    """Hosts, with their subdomains, that files are fetched from and that may see the token. A host of this machine may
    be named, for tests; only then plain HTTP is allowed."""
    sockets: int = 2
    """Connections in Socket Mode, from one to ten: with two, one carries on while the other is renewed."""
    silence_seconds: float = 60.0
    """A connection over which Slack says nothing for so long, not even a ping, is replaced."""
    recheck_seconds: float = 300.0
    """When Slack counts connections that are not ours, one of ours is renewed after so long, to be told again."""
    pace: float = 1.0
    """How many times as often as Slack publishes its methods are called; Slack grants some apps more."""
    catch_up_seconds: int = 3 * 24 * 3600
    """Messages that were missed longer ago than this are not answered any more."""

    @property
    def listens(self) -> bool:
        """Whether there is an HTTP server: for events, or for workspaces to let the app in."""
        return not self.uses_sockets or self.oauth is not None

    @property
    def uses_sockets(self) -> bool:
        """Whether it connects by Socket Mode."""
        return bool(self.app_token)

    def is_file_host(self, url: str) -> bool:
        """Whether a file may be fetched from an address, and the token be sent there."""
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        if host in LOOPBACK_HOSTS:
            return host in self.file_hosts
        return parts.scheme == "https" and any(host == name or host.endswith(f".{name}") for name in self.file_hosts)
