"""`mynah slack manifest` and `mynah discord invite-url`: how an app comes into a workspace."""

from typing import Annotated

import typer

from bot.app.opening import discord_invite_url, slack_manifest
from bot.cli.screen import out, show_json
from bot.domain.errors import SettingInvalid

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
) -> None:
    """Print the app manifest: paste it at api.slack.com/apps, "Create New App", "From a manifest"."""
    show_json(slack_manifest(request_url=url))


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
