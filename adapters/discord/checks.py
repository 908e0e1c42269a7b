"""What the doctor asks of Discord: each finding says what is wrong, why, and how to mend it."""

from collections.abc import Mapping, Sequence
from typing import Any

import discord

from adapters.discord.account import PERMISSIONS, DiscordAccount, invite_url
from adapters.discord.client import PORTAL, Client, sign_in
from adapters.discord.outcomes import read
from bot.domain.errors import PlatformProblem, PostNotDone
from bot.domain.health import Finding
from bot.ports import Clock

SERVERS = 200
"""Of these many the permissions are looked at: one page, https://docs.discord.com/developers/resources/user."""

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
        return [who, _intent(client, account), await _servers(client)]
    finally:
        await client.close()


def _intent(client: Client, account: DiscordAccount) -> Finding:
    if not account.message_content:
        what = "Of Discord's messages, only direct ones, mentions and commands are heard, as message_content says."
        return Finding(ok=True, what=what)
    flags = client.application_flags
    if flags.gateway_message_content or flags.gateway_message_content_limited:
        return Finding(ok=True, what="Discord's Message Content Intent is switched on.")
    return Finding(
        ok=False,
        what="Discord's Message Content Intent is switched off, so Discord will not let the bot connect.",
        fix=f"Switch it on on the page Bot of {PORTAL}, or set message_content to false.",
    )


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
