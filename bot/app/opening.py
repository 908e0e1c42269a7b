"""The composition root: opens everything in order, closes it in reverse. With `remote`, the only importer of adapters.

The libraries of Slack, Discord and remote gateways take most of a second to import, so only who uses them does.
"""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from adapters.discord.account import DiscordAccount, invite_url as discord_invite_url
from adapters.local.gateway import LocalGateway
from adapters.media.media import PydubMedia
from adapters.slack.account import OAuth, SlackAccount
from adapters.slack.manifest import manifest as slack_manifest, manifest_link as slack_manifest_link
from adapters.storage.audit import SqlAudit
from adapters.storage.blobs import FileBlobs
from adapters.storage.channels import SqlChannels
from adapters.storage.cipher import new_key
from adapters.storage.clock import SystemClock
from adapters.storage.conversations import SqlConversations
from adapters.storage.database import open_database
from adapters.storage.installations import SqlInstallations
from adapters.storage.jobs import SqlJobs
from adapters.storage.journal import SqlJournal
from adapters.storage.ledger import SqlLedger
from adapters.storage.locks import SqlLocks
from adapters.storage.pairings import SqlPairings
from adapters.storage.people import SqlPeople
from adapters.storage.records import SqlRecords
from adapters.storage.reviews import SqlReviews
from adapters.storage.workers import is_running
from adapters.terminal.adapter import CLIP, TerminalPlatform, clip_named, terminal_message
from bot.domain.errors import SettingInvalid
from bot.domain.shards import parse_shards
from bot.pipeline.house import House
from bot.ports import Clock, Gateway, Installations, Platform
from bot.settings import Settings

__all__ = [
    "CLIP",
    "TerminalPlatform",
    "clip_named",
    "discord_invite_url",
    "is_running",
    "new_key",
    "slack_manifest",
    "slack_manifest_link",
    "terminal_message",
]

PLATFORMS = ("slack", "discord", TerminalPlatform.name)
"""Where places are."""


@asynccontextmanager
async def open_house(
    settings: Settings, platforms: Mapping[str, Platform] | None = None, *, serving: bool = False
) -> AsyncIterator[House]:
    """Open everything that the pipeline works with. Worker processes and models start when they are first needed.

    Args:
        settings: of this process.
        platforms: what this process replies to.
        serving: whether this is the one service of its database.
    """
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        part = settings.discord.part.replace("/", "-of-")
        opening = open_database(settings.database_url, serving=serving, part=part)
        database = await stack.enter_async_context(opening)
        media = await stack.enter_async_context(PydubMedia(workers=settings.media_workers or os.cpu_count() or 1))
        yield House(
            clock=clock,
            jobs=SqlJobs(database, clock),
            journal=SqlJournal(database, clock),
            ledger=SqlLedger(database, clock),
            channels=SqlChannels(database, clock, settings.channel_defaults),
            conversations=SqlConversations(database, clock),
            records=SqlRecords(database, clock),
            reviews=SqlReviews(database, clock),
            people=SqlPeople(database, clock),
            pairings=SqlPairings(database, clock),
            audit=SqlAudit(database, clock),
            locks=SqlLocks(database, clock),
            blobs=FileBlobs(settings.data / "media"),
            media=media,
            gateways=await _open_gateways(settings, clock, stack, serving=serving),
            platforms=platforms or {},
            limits=settings.limits.audio,
            prices={name: table.price for name, table in settings.prices.items()},
        )


async def _open_gateways(
    settings: Settings, clock: Clock, stack: AsyncExitStack, *, serving: bool
) -> Mapping[str, Gateway]:
    """Open the embedded models, and each remote gateway that is set up."""
    local = LocalGateway(settings.local.models, idle_seconds=settings.local.idle_minutes * 60)
    gateways: list[Gateway] = [await stack.enter_async_context(local)]
    if settings.has_remote_gateways:
        from bot.app.remote import remote_gateways  # noqa: PLC0415

        remote = remote_gateways(settings, clock, serving=serving)
        gateways += [await stack.enter_async_context(gateway) for gateway in remote]
    return {gateway.name: gateway for gateway in gateways}


@asynccontextmanager
async def open_platforms(settings: Settings, *, serving: bool = False) -> AsyncIterator[Mapping[str, Platform]]:
    """Open each platform whose account is set up; nothing connects before it serves.

    Args:
        settings: of this process.
        serving: whether this is the service.
    """
    slack, discord = _slack_account(settings), _discord_account(settings)
    async with AsyncExitStack() as stack:
        platforms: list[Platform] = []
        if slack is not None:
            from adapters.slack.adapter import SlackPlatform  # noqa: PLC0415

            opening = open_installations(settings, serving=serving)
            installed = await stack.enter_async_context(opening) if slack.oauth else None
            platforms.append(await stack.enter_async_context(SlackPlatform(slack, SystemClock(), installed)))
        if discord is not None:
            from adapters.discord.adapter import DiscordPlatform  # noqa: PLC0415

            platforms.append(await stack.enter_async_context(DiscordPlatform(discord, SystemClock())))
        yield {platform.name: platform for platform in platforms}


def _slack_account(settings: Settings) -> SlackAccount | None:
    slack = settings.slack
    oauth = _slack_oauth(settings)
    if (slack.bot_token is None and oauth is None) or (slack.app_token is None and slack.signing_secret is None):
        return None
    return SlackAccount(
        bot_token=slack.bot_token.get_secret_value() if slack.bot_token else "",
        oauth=oauth,
        app_token=slack.app_token.get_secret_value() if slack.app_token else "",
        signing_secret=slack.signing_secret.get_secret_value() if slack.signing_secret else "",
        http_host=slack.host,
        http_port=slack.port,
        api_url=slack.api_url,
        file_hosts=slack.file_hosts,
        sockets=slack.sockets,
        pace=slack.pace,
    )


def _slack_oauth(settings: Settings) -> OAuth | None:
    slack = settings.slack
    if not slack.client_id:
        return None
    if slack.bot_token is not None:
        raise SettingInvalid("slack.bot_token", "is for one workspace, and slack.client_id for many: set one of them")
    if slack.client_secret is None:
        raise SettingInvalid("slack.client_secret", "is needed beside slack.client_id")
    if not slack.public_url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        raise SettingInvalid(
            "slack.public_url", "must be the https:// address at which Slack's users reach this server"
        )
    secret = slack.client_secret.get_secret_value()
    return OAuth(client_id=slack.client_id, client_secret=secret, public_url=slack.public_url.rstrip("/"))


@asynccontextmanager
async def open_installations(settings: Settings, *, serving: bool = False) -> AsyncIterator[Installations]:
    """Open who let the Slack app in.

    Args:
        settings: of this process.
        serving: whether this is the service: it encrypts all tokens with the newest key. A command leaves them as they
            are, since a service that began before that key was set could not open them.

    Raises:
        SettingInvalid: there is no key, or the service finds that it opens nothing.
        StorageUnavailable: the database cannot be opened.
    """
    key = settings.slack.encryption_key
    keys = [each.strip() for each in key.get_secret_value().split(",")] if key else []
    async with open_database(settings.database_url) as database:
        installations = SqlInstallations(database, SystemClock(), keys)
        if serving:
            await installations.lock_anew()
        yield installations


def _discord_account(settings: Settings) -> DiscordAccount | None:
    discord = settings.discord
    if discord.token is None:
        return None
    return DiscordAccount(
        token=discord.token.get_secret_value(),
        message_content=discord.message_content,
        shards=parse_shards(discord.shards),
        api_url=discord.api_url,
        gateway_url=discord.gateway_url,
        file_hosts=discord.file_hosts,
    )
