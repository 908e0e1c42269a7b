"""`mynah doctor`, `mynah health` and `mynah config`: is everything as it should be?"""

import asyncio
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel, SecretStr
from rich.markup import escape

from bot.app.doctor import examine, explain
from bot.app.serving import is_alive
from bot.cli.screen import Json, out, show_json, show_rows
from bot.domain.health import Finding
from bot.settings import Settings, load_settings, settings_file

DISTRIBUTION = "mynah-bot"
PACKAGES = ("bot", "adapters")
"""Names that others use too: Mynah is an application, to be installed in an environment of its own."""

config_commands = typer.Typer(help="Show and check the settings of this process.", no_args_is_help=True)


Link = Annotated[str, typer.Argument(help="Of a message: why was it not answered?")]


def doctor(link: Link = "", *, json: Json = False) -> None:
    """Check everything, or tell what became of one message. Status 1 when something is wrong."""
    settings = load_settings()
    if link:
        findings = [asyncio.run(explain(settings, link))]
    else:
        findings = [*asyncio.run(examine(settings)), *_platforms(settings), *_foreign_files()]
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
        show_rows([{"setting": name, "value": _shown(value)} for name, value in rows.items()], empty="")


@config_commands.command("check")
def config_check() -> None:
    """Check the settings; status 2 and one sentence when something is wrong."""
    load_settings()
    path = settings_file()
    source = f"{path} and the environment" if path.exists() else f"the environment (there is no {path})"
    out.print(f"The settings from {source} are fine.", markup=False)


def _platforms(settings: Settings) -> Sequence[Finding]:
    """Say what is missing where nothing, or only half, is set up."""
    slack = settings.slack
    way_in = slack.app_token or slack.signing_secret
    token = slack.bot_token or slack.client_id
    if bool(token) != bool(way_in):
        missing = "slack.app_token (or slack.signing_secret)" if token else "slack.bot_token (or slack.client_id)"
        what = f"Slack is set up by half: {missing} is missing, so nobody there can talk to Mynah."
        return [Finding(ok=False, what=what, fix=f"Set {missing}; README.md says where it comes from.")]
    if not token and not settings.discord.token:
        what = "Neither Slack nor Discord is set up, so nobody can talk to Mynah."
        fix = "Set slack.bot_token and slack.app_token, or discord.token; README.md says where they come from."
        return [Finding(ok=False, what=what, fix=fix)]
    return []


def _foreign_files() -> Sequence[Finding]:
    """Look whether another distribution has put files into packages of ours."""
    owners = packages_distributions()
    foreign = sorted({owner for package in PACKAGES for owner in owners.get(package, ()) if owner != DISTRIBUTION})
    if not foreign:
        return []
    what = f"{', '.join(foreign)} is installed beside Mynah and has a package of the same name, so either may break."
    return [Finding(ok=False, what=what, fix=f"Install Mynah by itself: uv tool install {DISTRIBUTION}.")]


def _flat(table: BaseModel, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield every setting that is no table by its dotted name; secrets only as whether they are set."""
    for name in type(table).model_fields:
        yield from _flat_value(getattr(table, name), f"{prefix}{name}")


def _flat_value(value: object, name: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, BaseModel):
        yield from _flat(value, f"{name}.")
    elif isinstance(value, Mapping) and any(isinstance(each, BaseModel) for each in value.values()):
        for key, table in value.items():
            yield from _flat_value(table, f"{name}.{key}")
    elif isinstance(value, SecretStr):
        yield name, "(set)"
    else:
        yield name, f"{value:f}" if isinstance(value, Decimal) else str(value) if isinstance(value, Path) else value


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={_shown(each)}" for key, each in value.items()) or "(empty)"
    if isinstance(value, tuple):
        return ", ".join(value)
    return "(not set)" if value is None else str(value)
