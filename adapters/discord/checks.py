"""What the doctor asks of Discord: each finding says what is wrong, why, and how to mend it."""

from collections.abc import Mapping, Sequence
from typing import Any

import discord

from adapters.discord.account import PERMISSIONS, DiscordAccount, invite_url
from adapters.discord.advice import ask_advice
from adapters.discord.client import PORTAL, Client, sign_in
from adapters.discord.outcomes import read
from bot.domain.errors import PlatformProblem, PostNotDone
from bot.domain.health import Finding
from bot.domain.shards import all_of
from bot.ports import Clock

SERVERS = 200
"""Of these many the permissions are looked at: one page, https://docs.discord.com/developers/resources/user."""

WITHOUT_INTENT = (
    "direct ones, those that mention the bot, commands and menus are heard; what is said without its name, also in its "
    "own threads, arrives empty and is left"
)
WITH_INTENT = "direct messages, mentions, commands, and what is said without its name where a channel wants that"

NEEDED = discord.Permissions(PERMISSIONS)


async def findings(account: DiscordAccount, clock: Clock) -> Sequence[Finding]:
    """Look at the token, the message-content intent, and what the bot may do where it was invited, without connecting.

    See https://docs.discord.com/developers/resources/application#application-object-application-flags.
    """
    try:
        client = await sign_in(account, clock)
    except PostNotDone as error:
        what = f"The Discord bot's token could not be checked: {error.reason}."
        return [Finding(ok=False, what=what, fix="Check the network, and https://discordstatus.com.")]
    except PlatformProblem:
        what = "Discord does not accept the bot's token, so no message comes in."
        return [Finding(ok=False, what=what, fix=f"Reset it on the page Bot of {PORTAL}, and set the new one.")]
    try:
        who = Finding(ok=True, what=f"The Discord bot's token is that of {client.user}.")
        return [who, _intent(client, account), await _gateway(client, account), await _servers(client)]
    finally:
        await client.close()


def _intent(client: Client, account: DiscordAccount) -> Finding:
    """Say what the setting and the application's flags make of the bot's hearing.

    See https://docs.discord.com/developers/events/gateway#message-content-intent.
    """
    flags = client.application_flags
    allowed = flags.gateway_message_content or flags.gateway_message_content_limited
    if not account.message_content:
        more = "is switched on for the application, so message_content may be true" if allowed else "is not needed"
        what = f"Of Discord's messages, {WITHOUT_INTENT}; the Message Content Intent {more}."
        return Finding(ok=True, what=what)
    if allowed:
        review = " (without a review, below 10,000 users)" if not flags.gateway_message_content else ""
        what = f"Discord's Message Content Intent is switched on{review}: {WITH_INTENT}."
        return Finding(ok=True, what=what)
    return Finding(
        ok=False,
        what="Discord's Message Content Intent is switched off, so Discord will not let the bot connect.",
        fix=f"Switch it on on the page Bot of {PORTAL}, or set message_content to false.",
    )


async def _gateway(client: Client, account: DiscordAccount) -> Finding:
    """Compare the shards with what Discord advises, and look how many sessions may still begin today."""
    try:
        advice = await ask_advice(client)
    except PlatformProblem as error:
        what = f"Discord did not say how many shards it advises: {error.reason}."
        return Finding(ok=False, what=what, fix="Run the doctor again later.")
    shards = account.shards or all_of(advice.shards)
    if shards.count < advice.shards:
        what = f"Discord advises {advice.shards} shards, and discord.shards has {shards.count}: they may be refused."
        return Finding(
            ok=False, what=what, fix="Raise the number behind the slash for every process, or leave it empty."
        )
    if advice.remaining < len(shards.ids):
        what = f"Only {advice.remaining} sessions may begin today, and this process needs {len(shards.ids)} to connect."
        return Finding(ok=False, what=what, fix="Find out what restarts so often; Discord counts anew within a day.")
    held = f"shards {shards} of all processes" if shards.is_part else "all of them"
    count = f"{shards.count} shard{'s' if shards.count > 1 else ''}"
    return Finding(ok=True, what=f"Discord gets {count}, this process holds {held}; it advises {advice.shards}.")


async def _servers(client: Client) -> Finding:
    invite = invite_url(str(client.application_id))
    try:
        servers: Sequence[Mapping[str, Any]] = await read(client.http.get_guilds(SERVERS, with_counts=False))
    except PlatformProblem as error:
        what = f"Discord did not say in which servers the bot is: {error.reason}."
        return Finding(ok=False, what=what, fix="Run the doctor again later.")
    if not servers:
        return Finding(
            ok=False,
            what="The Discord bot is in no server, so nobody there can speak to it.",
            fix=f"Invite it: {invite}",
        )
    lacking = [f"in {server['name']}: {missing}" for server in servers if (missing := _missing(server))]
    if lacking:
        return Finding(
            ok=False,
            what=f"The Discord bot lacks permissions that replies need ({'; '.join(lacking)}).",
            fix=f"Give them to its role under Server Settings, Roles, or invite it again: {invite}",
        )
    count = len(servers)
    what = f"The Discord bot is in {count} server{'s' if count > 1 else ''}, with all permissions that it needs."
    return Finding(ok=True, what=what)


def _missing(server: Mapping[str, Any]) -> str:
    """Name what the bot may not do in a server; single channels may still say otherwise.

    See https://docs.discord.com/developers/topics/permissions#permissions-bitwise-permission-flags.
    """
    granted = discord.Permissions(int(server["permissions"]))
    if granted.administrator:
        return ""
    return ", ".join(name for name, needed in NEEDED if needed and not getattr(granted, name))
