"""Everything that the fake workspace holds: people, conversations, messages, files, views, and what was done to it."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.slack.identity import APP_ID, BOT_NAME, LOOPBACK, Team, Token, default_tokens

Json = dict[str, Any]


def now() -> float:
    """Seconds since 1970, by this machine's clock."""
    return time.time_ns() / 1e9


@dataclass(kw_only=True)
class Channel:
    """A conversation and its messages, by `ts` in the order of posting."""

    id: str
    kind: str
    """`public`, `private`, `im` or `mpim`."""
    name: str
    members: list[str]
    creator: str
    team: Team = LOOPBACK
    """The workspace that it is in."""
    archived: bool = False
    messages: dict[str, Json] = field(default_factory=dict)
    threads: dict[str, list[str]] = field(default_factory=dict)
    """Replies' `ts` by their parent's `ts`."""

    @property
    def has_bot(self) -> bool:
        """Whether the app is a member."""
        return self.team.bot_user in self.members

    def add(self, message: Json) -> None:
        """Store a message, and enter it in its thread."""
        self.messages[message["ts"]] = message
        parent = message.get("thread_ts")
        if parent and parent != message["ts"]:
            self.threads.setdefault(parent, []).append(message["ts"])

    def remove(self, ts: str) -> Json:
        """Take a message out, and out of its thread."""
        message = self.messages.pop(ts)
        parent = message.get("thread_ts")
        if parent and ts in self.threads.get(parent, []):
            self.threads[parent].remove(ts)
        return message


@dataclass(kw_only=True)
class StoredFile:
    """A file: Slack's object about it, and its bytes."""

    id: str
    object: Json
    """The file object of https://docs.slack.dev/reference/objects/file-object."""
    owner: str
    kind: str = "upload"
    content: bytes = b""
    content_type: str = "application/octet-stream"
    """What the download says it is, whatever the object claims."""
    announced: int = 0
    """The length that was announced for an upload."""
    state: str = "shared"
    """`pending` (no bytes yet), `uploaded`, `complete`, `shared` or `deleted`."""


@dataclass(kw_only=True)
class Stream:
    """A message that grows by `chat.appendStream`."""

    state: str = "in_progress"
    """`in_progress`, `completed`, `errored` (it expired) or `stopped` (by the user)."""
    touched_at: float = 0.0
    chunks: list[Json] = field(default_factory=list)


@dataclass(kw_only=True)
class Grants:
    """What people granted by OAuth."""

    codes: dict[str, Json] = field(default_factory=dict)
    """By the codes that were not exchanged yet."""
    refresh_tokens: dict[str, Token] = field(default_factory=dict)
    """The last tokens, by what they are renewed with, until it is spent."""


class World:
    """Workspaces with one app in them."""

    def __init__(self) -> None:
        self.tokens: dict[str, Token] = default_tokens()
        self.teams: dict[str, Team] = {LOOPBACK.id: LOOPBACK}
        self.grants = Grants()
        self.users: dict[str, Json] = {}
        self.channels: dict[str, Channel] = {}
        self.files: dict[str, StoredFile] = {}
        self.blobs: dict[str, bytes] = {}
        self.streams: dict[tuple[str, str], Stream] = {}
        self.views: dict[str, Json] = {}
        self.homes: dict[str, Json] = {}
        self.offered: dict[tuple[str, str], list[Json]] = {}
        """What the app offered last for a menu of a view, by view and action."""
        self.triggers: dict[str, Json] = {}
        self.response_urls: dict[str, Json] = {}
        self.tickets: set[str] = set()
        self.ephemerals: list[Json] = []
        self.usergroups: dict[str, list[str]] = {}
        """Members of user groups, by the group's id."""
        self.statuses: list[Json] = []
        self.live_statuses: set[tuple[str, str | None]] = set()
        self.sessions: dict[str, Json] = {}
        self.journal: list[Json] = []
        self.requests: list[Json] = []
        self.violations: list[str] = []
        self.version = 0
        self._changed = asyncio.Event()
        self._last_ts, self._counter = 0, 0
        self.add_user(BOT_NAME, user_id=LOOPBACK.bot_user, is_bot=True)

    def new_id(self, prefix: str) -> str:
        """Return an id that was never used, such as `F0000000012`."""
        self._counter += 1
        return f"{prefix}{self._counter:010d}"

    def new_ts(self) -> str:
        """Return the next message time: seconds and microseconds, unique and rising."""
        self._last_ts = max(time.time_ns() // 1000, self._last_ts + 1)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def note(self, kind: str, **what: Any) -> None:
        """Write an effect down, and wake whoever waits for a change."""
        self.journal.append({"at": now(), "kind": kind, **what})
        self.touch()

    def violate(self, text: str) -> None:
        """Write down that the app broke a rule of the platform."""
        self.violations.append(text)
        self.touch()

    def show(self, channel: str, thread_ts: str | None, what: str, value: object) -> None:
        """Note what the agent shows beside its messages."""
        shown = {"channel": channel, "thread_ts": thread_ts, "what": what, "value": value}
        self.statuses.append({"at": now(), **shown})
        if what == "status" and value:
            self.live_statuses.add((channel, thread_ts))
        elif what == "status":
            self.live_statuses.discard((channel, thread_ts))
        self.touch()

    def touch(self) -> None:
        """Wake whoever waits for a change."""
        self.version += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait_changed(self, version: int, seconds: float) -> None:
        """Return when something changed after `version`, or after that many seconds."""
        if self.version != version:
            return
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return

    def add_team(self, name: str, *, organisation: str = "", bot_user: str = "") -> Team:
        """Create a workspace in which the app has a user of its own, or the one that it has in the organisation."""
        found = Team(
            id=self.new_id("T9"),
            name=name,
            bot_user=bot_user or self.new_id("U9"),
            bot=self.new_id("B9"),
            organisation=organisation,
        )
        self.teams[found.id] = found
        self.add_user(BOT_NAME, user_id=found.bot_user, is_bot=True, team=found)
        return found

    def is_org_wide(self, team: Team) -> bool:
        """Whether the app is in a workspace by an installation in the whole organisation."""
        return any(token.organisation and token.opens(team) and not token.revoked for token in self.tokens.values())

    def team_of(self, user: str) -> Team:
        """Return the workspace that somebody belongs to."""
        return self.teams[self.users[user]["team_id"]]

    def add_user(
        self,
        name: str,
        *,
        user_id: str | None = None,
        is_bot: bool = False,
        is_admin: bool = False,
        team: Team = LOOPBACK,
    ) -> Json:
        """Create a person or bot; returns Slack's user object."""
        identifier = user_id or self.new_id("U")
        user: Json = {
            "id": identifier,
            "team_id": team.id,
            "name": name.lower().replace(" ", "."),
            "deleted": False,
            "real_name": name,
            "tz": "Europe/London",
            "tz_offset": 0,
            "profile": {"real_name": name, "display_name": name, "team": team.id},
            "is_admin": is_admin,
            "is_owner": False,
            "is_primary_owner": False,
            "is_restricted": False,
            "is_ultra_restricted": False,
            "is_bot": is_bot,
            "is_app_user": False,
            "updated": int(now()),
        }
        if is_bot:
            user["profile"] |= {"bot_id": team.bot, "api_app_id": APP_ID}
        self.users[identifier] = user
        return user

    def add_channel(self, kind: str, *, name: str, members: list[str], creator: str, team: Team = LOOPBACK) -> Channel:
        """Create a conversation."""
        prefix = "D" if kind == "im" else "C"
        identifier = self.new_id(prefix)
        channel = Channel(id=identifier, kind=kind, name=name, members=members, creator=creator, team=team)
        self.channels[channel.id] = channel
        return channel

    def direct_channel(self, users: list[str]) -> Channel:
        """Find or create the direct conversation of the bot with these people."""
        team = self.team_of(users[0])
        members = [*users, team.bot_user]
        for channel in self.channels.values():
            if channel.kind in {"im", "mpim"} and set(channel.members) == set(members):
                return channel
        kind = "im" if len(users) == 1 else "mpim"
        name = "" if kind == "im" else f"mpdm-{'--'.join(users)}-1"
        return self.add_channel(kind, name=name, members=members, creator=team.bot_user, team=team)
