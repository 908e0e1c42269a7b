"""The composition root: opens everything in order, closes it in reverse. With `remote`, the only importer of adapters.

The libraries of Slack, Discord and remote gateways take most of a second to import, so only who uses them does.
"""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from adapters.discord.account import DiscordAccount, invite_url as discord_invite_url
from adapters.local.gateway import LocalGateway
from adapters.media.media import PydubMedia
from adapters.slack.account import SlackAccount
from adapters.slack.manifest import manifest as slack_manifest
from adapters.storage.audit import SqlAudit
from adapters.storage.blobs import FileBlobs
from adapters.storage.channels import SqlChannels
from adapters.storage.clock import SystemClock
from adapters.storage.conversations import SqlConversations
from adapters.storage.database import open_database
from adapters.storage.jobs import SqlJobs
from adapters.storage.journal import SqlJournal
from adapters.storage.ledger import SqlLedger
from adapters.storage.records import SqlRecords
from adapters.terminal.adapter import CLIP, TerminalPlatform, clip_named, terminal_message
from bot.pipeline.house import House
from bot.ports import Clock, Gateway, Platform
from bot.settings import Settings

__all__ = ["CLIP", "TerminalPlatform", "clip_named", "discord_invite_url", "slack_manifest", "terminal_message"]

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
        database = await stack.enter_async_context(open_database(settings.database_url, serving=serving))
        media = await stack.enter_async_context(PydubMedia(workers=settings.media_workers or os.cpu_count() or 1))
        yield House(
            clock=clock,
            jobs=SqlJobs(database, clock),
            journal=SqlJournal(database, clock),
            ledger=SqlLedger(database, clock),
            channels=SqlChannels(database, clock, settings.channel_defaults),
            conversations=SqlConversations(database, clock),
            records=SqlRecords(database, clock),
            audit=SqlAudit(database, clock),
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
async def open_platforms(settings: Settings) -> AsyncIterator[Mapping[str, Platform]]:
    """Open each platform whose account is set up; nothing connects before it serves."""
    slack, discord = _slack_account(settings), _discord_account(settings)
    async with AsyncExitStack() as stack:
        platforms: list[Platform] = []
        if slack is not None:
            from adapters.slack.adapter import SlackPlatform  # noqa: PLC0415

            platforms.append(await stack.enter_async_context(SlackPlatform(slack, SystemClock())))
        if discord is not None:
            from adapters.discord.adapter import DiscordPlatform  # noqa: PLC0415

            platforms.append(await stack.enter_async_context(DiscordPlatform(discord, SystemClock())))
        yield {platform.name: platform for platform in platforms}


def _slack_account(settings: Settings) -> SlackAccount | None:
    slack = settings.slack
    if slack.bot_token is None or (slack.app_token is None and slack.signing_secret is None):
        return None
    return SlackAccount(
        bot_token=slack.bot_token.get_secret_value(),
        app_token=slack.app_token.get_secret_value() if slack.app_token else "",
        signing_secret=slack.signing_secret.get_secret_value() if slack.signing_secret else "",
        http_host=slack.host,
        http_port=slack.port,
        api_url=slack.api_url,
        file_hosts=slack.file_hosts,
    )


def _discord_account(settings: Settings) -> DiscordAccount | None:
    discord = settings.discord
    if discord.token is None:
        return None
    return DiscordAccount(
        token=discord.token.get_secret_value(),
        message_content=discord.message_content,
        api_url=discord.api_url,
        gateway_url=discord.gateway_url,
        file_hosts=discord.file_hosts,
    )
