"""The command line: one file a group of commands.

A user's mistake is told in one sentence, with exit status 2; what goes wrong at work, with exit status 1. Never a traceback.
"""

import sys

import typer
from rich.markup import escape

from bot.cli.access import access_commands
from bot.cli.budget import budget_commands
from bot.cli.channels import channels_commands
from bot.cli.connect import discord_commands, slack_commands
from bot.cli.health import config_commands, doctor, health
from bot.cli.models import models
from bot.cli.privacy import audit, forget
from bot.cli.runs import runs_commands
from bot.cli.screen import err
from bot.cli.service import serve, version
from bot.cli.turns import ask, demo, say, transcribe
from bot.cli.usage import usage_commands
from bot.domain.errors import MediaProblem, MynahError, SettingInvalid, StorageProblem

cli = typer.Typer(
    name="mynah",
    help="Mynah hears, thinks and talks back in team chat.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (demo, serve, ask, transcribe, say, models, audit, forget, doctor, health, version):
    cli.command()(command)
cli.add_typer(usage_commands, name="usage")
cli.add_typer(access_commands, name="access")
cli.add_typer(budget_commands, name="budget")
cli.add_typer(runs_commands, name="runs")
cli.add_typer(channels_commands, name="channels")
cli.add_typer(config_commands, name="config")
cli.add_typer(slack_commands, name="slack")
cli.add_typer(discord_commands, name="discord")


def main() -> None:
    """Run the command line."""
    try:
        sys.exit(cli(prog_name="mynah", standalone_mode=False))
    except typer.TyperException as error:
        if said := error.format_message():  # empty when the help was shown instead
            _tell(said.replace("Value error, ", "").rstrip(".") + ".")
        sys.exit(error.exit_code)
    except (SettingInvalid, MediaProblem) as error:
        _tell(error.sentence)
        sys.exit(2)
    except MynahError as error:
        _tell(f"{error}." if isinstance(error, StorageProblem) else error.sentence)
        sys.exit(1)


def _tell(sentence: str) -> None:
    err.print(f"[red]mynah:[/red] {escape(sentence)}")
