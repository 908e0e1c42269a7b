"""What the adapter is told about one Slack app."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, kw_only=True, slots=True)
class SlackAccount:
    """One Slack app in one workspace. With an app token it connects by Socket Mode, else Slack sends HTTP requests."""

    bot_token: str = field(repr=False)
    """`xoxb-…`, from "OAuth & Permissions"."""
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
    """Connections in Socket Mode: with two, one carries on while the other is renewed."""
    catch_up_seconds: int = 3 * 24 * 3600
    """Messages that were missed longer ago than this are not answered any more."""

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
