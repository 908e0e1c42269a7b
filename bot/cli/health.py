"""`mynah doctor`, `mynah health` and `mynah config`: is everything as it should be?"""

import asyncio
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict

import typer
from pydantic import BaseModel, SecretStr
from rich.markup import escape

from bot.app import examine, is_alive
from bot.cli.screen import Json, out, show_json, show_rows
from bot.settings import load_settings, settings_file

config_commands = typer.Typer(help="Show and check the settings of this process.", no_args_is_help=True)


def doctor(*, json: Json = False) -> None:
    """Check everything: what is wrong, why it matters, and how to fix it. Status 1 when something is wrong."""
    findings = asyncio.run(examine(load_settings()))
    if json:
        show_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            mark = "[green]✓[/green]" if finding.ok else "[red]✗[/red]"
            out.print(mark, escape(finding.what))
            if finding.fix:
                out.print(f"    → {finding.fix}", markup=False)
    if not all(finding.ok for finding in findings):
        sys.exit(1)


def health() -> None:
    """Say whether a `mynah serve` is at work on this database (for container health checks). Status 1 when not."""
    alive = asyncio.run(is_alive(load_settings()))
    out.print("at work" if alive else "no service is at work on this database")
    if not alive:
        sys.exit(1)


@config_commands.command("show")
def config_show(*, json: Json = False) -> None:
    """Show the settings in force; secrets are hidden."""
    rows = dict(_flat(load_settings()))
    if json:
        show_json(rows)
    else:
        show_rows([{"setting": name, "value": value} for name, value in rows.items()], empty="")


@config_commands.command("check")
def config_check() -> None:
    """Check the settings; status 2 and one sentence when something is wrong."""
    load_settings()
    path = settings_file()
    source = f"{path} and the environment" if path.exists() else f"the environment (there is no {path})"
    out.print(f"The settings from {source} are fine.", markup=False)


def _flat(table: BaseModel, prefix: str = "") -> Iterator[tuple[str, object]]:
    for name in type(table).model_fields:
        value = getattr(table, name)
        if isinstance(value, BaseModel):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, SecretStr):
            yield f"{prefix}{name}", "(set)"
        elif isinstance(value, Mapping):
            yield f"{prefix}{name}", ", ".join(f"{key}={text}" for key, text in value.items()) or "(empty)"
        else:
            yield f"{prefix}{name}", "(not set)" if value is None else str(value)
