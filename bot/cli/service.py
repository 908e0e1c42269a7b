"""`mynah serve` and `mynah version`."""

import asyncio
from importlib.metadata import version as installed_version

from bot.app.serving import serve as run_service
from bot.cli.screen import out
from bot.settings import load_settings


def serve() -> None:
    """Connect to Slack and Discord and answer, until told to stop (SIGTERM finishes running turns first)."""
    asyncio.run(run_service(load_settings()))


def version() -> None:
    """Print the version."""
    out.print(f"mynah {installed_version('mynah-bot')}")
