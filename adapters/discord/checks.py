"""What the doctor asks of Discord: each finding says what is wrong, why, and how to mend it."""

from adapters.discord.account import DiscordAccount, invite_url
from adapters.discord.client import PORTAL, Client, sign_in
from bot.domain.errors import PlatformProblem, PostNotDone
from bot.domain.health import Finding
from bot.ports import Clock


async def findings(account: DiscordAccount, clock: Clock) -> tuple[Finding, ...]:
    """Look at the token, the message-content intent and where the bot was invited, without connecting.

    See https://docs.discord.com/developers/resources/application#application-object-application-flags.
    """
    try:
        client = await sign_in(account, clock)
    except PostNotDone as error:
        what = f"The Discord bot's token could not be checked: {error.reason}."
        return (Finding(ok=False, what=what, fix="Check the network, and https://discordstatus.com."),)
    except PlatformProblem:
        what = "Discord does not accept the bot's token, so no message comes in."
        return (Finding(ok=False, what=what, fix=f"Reset it on the page Bot of {PORTAL}, and set the new one."),)
    try:
        who = Finding(ok=True, what=f"The Discord bot's token is that of {client.user}.")
        return (who, _intent(client, account), _servers(client))
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


def _servers(client: Client) -> Finding:
    application = client.application
    count = application.approximate_guild_count if application else 0
    if count:
        return Finding(ok=True, what=f"The Discord bot was invited to {count} server{'s' if count > 1 else ''}.")
    return Finding(
        ok=False,
        what="The Discord bot is in no server, so nobody there can speak to it.",
        fix=f"Invite it: {invite_url(str(client.application_id))}",
    )
