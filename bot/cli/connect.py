"""`mynah slack …` and `mynah discord invite-url`: how an app comes into a workspace, and where it is."""

import asyncio
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from bot.app.opening import discord_invite_url, new_key, open_installations, slack_manifest, slack_manifest_link
from bot.cli.house import show_time
from bot.cli.screen import Json, out, show_json, show_rows
from bot.domain.errors import SettingInvalid
from bot.domain.installations import Installation
from bot.settings import load_settings

slack_commands = typer.Typer(help="Set up the Slack app.", no_args_is_help=True)
discord_commands = typer.Typer(help="Set up the Discord application.", no_args_is_help=True)


@slack_commands.callback()
def slack() -> None:
    """Set up the Slack app."""


@slack_commands.command("manifest")
def manifest(
    url: Annotated[
        str, typer.Option(help="Public address that Slack sends events to: for HTTP Events instead of Socket Mode.")
    ] = "",
    oauth: Annotated[
        str, typer.Option(help="Public address of Mynah's HTTP server: for many workspaces, which install it by OAuth.")
    ] = "",
    *,
    org: Annotated[bool, typer.Option("--org", help="Let a whole Enterprise organisation install it.")] = False,
    link: Annotated[bool, typer.Option("--link", help="Print a link that makes the app by one click.")] = False,
) -> None:
    """Print the app manifest: paste it at api.slack.com/apps, "Create New App", "From a manifest"."""
    for name, address in (("--url", url), ("--oauth", oauth)):
        if address and not address.startswith("https://"):
            raise SettingInvalid(name, "must be an https:// address, which Slack can reach")
    made = slack_manifest(request_url=url, public_url=oauth, org_wide=org)
    if link:
        sys.stdout.write(slack_manifest_link(made) + "\n")
    else:
        show_json(made)


@slack_commands.command("key")
def key() -> None:
    """Print a new key for slack.encryption_key; to replace one, put the new one in front of it, with a comma between."""
    sys.stdout.write(new_key() + "\n")


@slack_commands.command("installations")
def installations(*, json: Json = False) -> None:
    """List the workspaces and organisations that installed Mynah by OAuth."""
    rows = [_row(each) for each in asyncio.run(_installed())]
    if json:
        show_json(rows)
    else:
        show_rows(rows, empty="Nobody has installed Mynah by OAuth.")


async def _installed() -> Sequence[Installation]:
    async with open_installations(load_settings()) as found:
        return await found.all()


def _row(installed: Installation) -> dict[str, object]:
    return {
        "id": installed.id,
        "name": installed.name,
        "kind": "organisation" if installed.org_wide else "workspace",
        "installed": show_time(installed.installed_at),
        "by": installed.installed_by,
        "token until": "for ever" if installed.expires_at is None else show_time(installed.expires_at),
    }


@discord_commands.callback()
def discord() -> None:
    """Set up the Discord application."""


@discord_commands.command("invite-url")
def invite_url(
    application: Annotated[str, typer.Argument(help="Application id, from discord.com/developers/applications.")],
) -> None:
    """Print the address that invites the bot with the permissions that it needs."""
    if not application.isdecimal():
        raise SettingInvalid(application, "an application id is a number, from the page General Information")
    out.print(discord_invite_url(application), markup=False)
