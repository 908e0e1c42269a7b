"""`mynah channels`: what places are set to."""

import asyncio
from typing import Annotated

import typer

from bot.app.opening import PLATFORMS, open_house
from bot.cli.screen import Json, out, show_json, show_rows
from bot.domain.channels import SETTINGS, show_setting
from bot.domain.errors import SettingInvalid
from bot.domain.messages import Place
from bot.settings import load_settings

channels_commands = typer.Typer(help="Show and change the settings of places.", no_args_is_help=True)

Scope = Annotated[
    str, typer.Argument(help="PLATFORM:WORKSPACE[:CHANNEL[:THREAD]], for example slack:T024BE7LD:C0123ABCD.")
]
Name = Annotated[str, typer.Argument(help=f"One of: {', '.join(SETTINGS)}.")]


@channels_commands.command("set")
def channels_set(scope: Scope, name: Name, value: Annotated[str, typer.Argument(help="The new value.")]) -> None:
    """Set one value for a workspace, channel or thread."""

    async def change() -> None:
        async with open_house(load_settings()) as house:
            await house.channels.set(_checked(scope), name, value, by="command line")

    asyncio.run(change())
    out.print(f"{scope}: {name} = {value}", markup=False)


@channels_commands.command("unset")
def channels_unset(scope: Scope, name: Name) -> None:
    """Take a value back: the broader scope's value holds again."""
    if name not in SETTINGS:
        raise SettingInvalid(name, f"there is no such setting; there are {', '.join(SETTINGS)}")

    async def change() -> bool:
        async with open_house(load_settings()) as house:
            return await house.channels.unset(_checked(scope), name, by="command line")

    was_set = asyncio.run(change())
    out.print(f"{scope}: {name} {'is no longer set here' if was_set else 'was not set here'}", markup=False)


@channels_commands.command("explain")
def channels_explain(scope: Scope, *, json: Json = False) -> None:
    """Show every setting that holds in a place, and where each comes from."""

    async def read() -> list[dict[str, object]]:
        async with open_house(load_settings()) as house:
            settled = await house.channels.config(_place(_checked(scope)))
        return [
            {"setting": name, "value": show_setting(getattr(settled.config, name)), "from": settled.origins[name]}
            for name in SETTINGS
        ]

    rows = asyncio.run(read())
    show_json(rows) if json else show_rows(rows, empty="")


def _checked(scope: str) -> str:
    parts = scope.split(":")
    if not 2 <= len(parts) <= 4 or not all(parts[2:]):  # direct messages of Discord have no workspace: `discord:`
        raise SettingInvalid(scope, "a place is PLATFORM:WORKSPACE[:CHANNEL[:THREAD]]")
    if parts[0] not in PLATFORMS:
        raise SettingInvalid(scope, f"there is no platform {parts[0]}; there are {', '.join(PLATFORMS)}")
    return scope


def _place(scope: str) -> Place:
    platform, workspace, channel, thread = (*scope.split(":"), "", "")[:4]
    return Place(platform=platform, workspace=workspace, channel=channel, thread=thread or None)
