"""What the adapter is told about one Discord application, and how it is invited."""

from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import quote, urlencode, urlsplit

from bot.domain.shards import ShardRange

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})

PERMISSIONS = 70_677_981_940_800
"""See channels, read their history, send messages, files and voice messages, start public threads and send in them."""

SCOPES = ("bot", "applications.commands")


@dataclass(frozen=True, kw_only=True, slots=True)
class DiscordAccount:
    """One Discord application. The addresses hold for the whole process: discord.py keeps them in globals."""

    token: str = field(repr=False)
    """The bot's token, from the page "Bot" of https://discord.com/developers/applications."""
    message_content: bool = True
    """Whether the privileged message-content intent is switched on for the application. Without it, messages that
    neither mention the bot nor are sent to it directly arrive empty."""
    api_url: str = "https://discord.com/api/v10"
    """The REST API."""
    gateway_url: str = "wss://gateway.discord.gg/"
    """Where events come from."""
    file_hosts: tuple[str, ...] = ("cdn.discordapp.com", "media.discordapp.net")
    """Hosts that attachments are fetched from, each as `host` or `host:port`. Plain HTTP, and any port where none is
    named, are allowed for hosts of this machine only, for tests."""
    shards: ShardRange | None = None
    """The shards of this process; None for as many as Discord advises, and all of them."""
    identify_seconds: float = 5.0
    """How far apart sessions may begin, https://docs.discord.com/developers/events/gateway#rate-limiting."""
    catch_up_seconds: int = 3 * 24 * 3600
    """Messages that were missed longer ago than this are not answered any more."""

    @property
    def mark(self) -> str:
        """What tells the token from others in logs and in the storage."""
        return sha256(self.token.encode()).hexdigest()[:8]

    def is_file_host(self, url: str) -> bool:
        """Whether an attachment may be fetched from an address."""
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
        local = host in LOOPBACK_HOSTS
        if parts.scheme != "https" and not (local and parts.scheme == "http"):
            return False
        if port is not None and f"{host}:{port}" in self.file_hosts:
            return True
        return host in self.file_hosts and (port is None or local)


def invite_url(application_id: str) -> str:
    """Return the address at which an admin lets the bot into a server.

    See https://docs.discord.com/developers/topics/oauth2#bot-authorization-flow.

    Args:
        application_id: from the page "General Information" of the application.
    """
    query = {"client_id": application_id, "permissions": PERMISSIONS, "scope": " ".join(SCOPES)}
    return f"https://discord.com/oauth2/authorize?{urlencode(query, quote_via=quote)}"
