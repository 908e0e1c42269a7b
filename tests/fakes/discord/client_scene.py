"""The driver's half that sets the scene: guilds, channels, users, permissions, and everything that goes wrong."""

from collections.abc import Mapping, Sequence

from tests.fakes.discord.control_client import ControlClient, text
from tests.fakes.discord.faults import Kind


class Scene(ControlClient):
    """Sets the scene and makes trouble."""

    async def token(self) -> str:
        """Return the bot's token."""
        return str((await self.act("application"))["token"])

    async def set_application(
        self,
        *,
        privileged_intents: Sequence[str] | None = None,
        shards: int | None = None,
        heartbeat_ms: int | None = None,
        max_concurrency: int | None = None,
        identify_seconds: float | None = None,
        session_starts: int | None = None,
    ) -> None:
        """Switch privileged intents and set what the gateway advises and allows.

        Args:
            privileged_intents: of `message_content`, `members`, `presences`.
            shards: how many are advised.
            heartbeat_ms: between two heartbeats.
            max_concurrency: how many sessions may begin at once.
            identify_seconds: how far apart other sessions must begin; 0 takes any.
            session_starts: how many sessions may still begin.
        """
        intents = None if privileged_intents is None else list(privileged_intents)
        await self.act(
            "application",
            privileged_intents=intents,
            shards=shards,
            heartbeat_ms=heartbeat_ms,
            max_concurrency=max_concurrency,
            identify_seconds=identify_seconds,
            session_starts=session_starts,
        )

    async def add_user(self, name: str, *, bot: bool = False, accepts_dms: bool = True) -> int:
        """Make a user, or another bot."""
        return int((await self.act("users", name=name, bot=bot, accepts_dms=accepts_dms))["id"])

    async def add_guild(
        self,
        name: str,
        *,
        members: Sequence[int] = (),
        owner: int | None = None,
        premium_tier: int = 0,
        guild: int | None = None,
        denied: Sequence[str] = (),
        locale: str = "en-US",
    ) -> int:
        """Make a guild with the bot and these members in it.

        Args:
            name: of the guild.
            members: who is in it beside the bot.
            owner: whose it is.
            premium_tier: how much it is boosted.
            guild: its id, and with it its shard.
            denied: what nobody may do there, by name, such as `SEND_VOICE_MESSAGES`.
            locale: the language that it prefers.
        """
        made = await self.act(
            "guilds",
            name=name,
            members=[str(each) for each in members],
            owner_id=text(owner),
            premium_tier=premium_tier,
            id=text(guild),
            denied=list(denied),
            locale=locale,
        )
        return int(made["id"])

    async def add_private_channel(self, *users: int) -> int:
        """Make a direct message among users, without the bot, and return its id."""
        return int((await self.act("private_channels", user_ids=[str(each) for each in users]))["id"])

    async def lose_guild(self, guild: int, *, unavailable: bool = False) -> None:
        """Send the bot away from a guild, or let the guild only be out of order."""
        await self.act("guild_losses", guild_id=str(guild), unavailable=unavailable)

    async def add_role(self, guild: int, *members: int, name: str = "team") -> int:
        """Make a role and give it to members."""
        made = await self.act("roles", guild_id=str(guild), name=name, members=[str(each) for each in members])
        return int(made["id"])

    async def add_member(self, guild: int, user: int, *, permissions: Sequence[str] = ()) -> None:
        """Let a user join a guild, or give a member permissions by name, such as `MANAGE_GUILD`."""
        await self.act("members", guild_id=str(guild), user_id=str(user), permissions=list(permissions))

    async def add_channel(self, guild: int, name: str) -> int:
        """Make a text channel."""
        return int((await self.act("channels", guild_id=str(guild), name=name))["id"])

    async def delete_channel(self, channel: int) -> None:
        """Delete a channel with its threads, or a thread alone."""
        await self.act("channel_deletions", channel_id=str(channel))

    async def accept_direct_messages(self, user: int, *, accepts: bool) -> None:
        """Let a user take direct messages or not."""
        await self.act("user_changes", user_id=str(user), accepts_dms=accepts)

    async def direct_message(self, user: int) -> int:
        """Return the channel of the bot's direct message with a user."""
        return int((await self.act("direct_messages", user_id=str(user)))["id"])

    async def set_permissions(
        self, channel: int, *, allow: Sequence[str] = (), deny: Sequence[str] = (), user: int | None = None
    ) -> None:
        """Allow and deny the bot (or a user) things in one channel, by name, such as `SEND_VOICE_MESSAGES`.

        Each call replaces what an earlier one set for the same user there.
        """
        await self.act("permissions", channel_id=str(channel), allow=list(allow), deny=list(deny), user_id=text(user))

    async def fail(
        self,
        kind: Kind,
        match: str,
        *,
        times: int = 1,
        skip: int = 0,
        seconds: float = 0.05,
        is_global: bool = False,
    ) -> None:
        """Let the next requests that match go wrong; see `faults.Fault`."""
        await self.act("faults", kind=kind, match=match, times=times, skip=skip, seconds=seconds, is_global=is_global)

    async def mend(self) -> None:
        """Let nothing go wrong any more."""
        await self.act("mendings")

    async def limit(
        self,
        *,
        enabled: bool = True,
        rules: Mapping[str, tuple[int, float]] | None = None,
        global_rule: tuple[int, float] | None = None,
    ) -> None:
        """Switch the rate limits on; rules by `METHOD /path/{template}` as (requests, seconds)."""
        chosen = {bucket: list(rule) for bucket, rule in (rules or {}).items()}
        await self.act("limits", enabled=enabled, rules=chosen, global_rule=global_rule and list(global_rule))

    async def expire_urls(self) -> None:
        """Let every attachment address given out so far stop working."""
        await self.act("expirations")

    async def advance(self, seconds: float) -> None:
        """Let time pass for tokens, nonces, addresses and limits."""
        await self.act("clock", seconds=seconds)

    async def cut_gateway(self) -> None:
        """Break every gateway connection as a lost network does."""
        await self.act("gateway", action="cut")

    async def close_gateway(self, code: int) -> None:
        """Close every gateway connection with a code."""
        await self.act("gateway", action="close", code=code)

    async def ask_to_reconnect(self) -> None:
        """Send every connection the gateway's reconnect frame."""
        await self.act("gateway", action="reconnect")

    async def hold_gateway(self) -> None:
        """Cut the gateway and keep new connections waiting until `release_gateway`."""
        await self.act("gateway", action="hold")

    async def take_gateway_down(self) -> None:
        """Cut every connection, and answer 503 to new ones until released."""
        await self.act("gateway", action="take_down")

    async def release_gateway(self) -> None:
        """Let held connections go on."""
        await self.act("gateway", action="release")

    async def forbid_resume(self) -> None:
        """Let no present session be resumed: a client that tries must identify anew and has missed what it missed."""
        await self.act("gateway", action="forbid_resume")

    async def refuse_identify(self, code: int, *, times: int = 1) -> None:
        """Close the next identifies with a code, such as 4004 (bad token) or 4014 (disallowed intents)."""
        await self.act("gateway", action="refuse_identify", code=code, times=times)

    async def reset(self) -> None:
        """Forget everything but the application's id and token, and cut the gateway."""
        await self.act("reset")
