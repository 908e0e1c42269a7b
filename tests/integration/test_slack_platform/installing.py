"""Installing the app by OAuth, the way that an admin's browser does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from typing_extensions import override

from adapters.slack.account import OAuth, SlackAccount
from adapters.slack.adapter import SlackPlatform
from adapters.storage.cipher import new_key
from adapters.storage.database import open_database
from adapters.storage.installations import SqlInstallations
from bot.domain.messages import Addressed, Author, Message, Place
from bot.ports import Clock, Installations, Intake
from tests.fakes.process import wait_for_port
from tests.fakes.slack.browser import Browser, browsing
from tests.fakes.slack.client import SlackFake
from tests.integration.test_slack_platform.harness import QuickClock, account_of

TWELVE_HOURS = 43_200


class LaterClock(QuickClock):
    """The true time and some hours."""

    hours = 0.0

    @override
    def now(self) -> int:
        return super().now() + int(self.hours * 3_600_000)


def oauth_account_of(slack: SlackFake, port: int) -> SlackAccount:
    """Return the account of the fake's app for many workspaces: events by Socket Mode, OAuth by HTTP."""
    oauth = OAuth(client_id=slack.client_id, client_secret=slack.client_secret, public_url=f"http://127.0.0.1:{port}")
    return replace(account_of(slack), bot_token="", oauth=oauth, http_port=port)


@asynccontextmanager
async def stored(folder: Path, clock: Clock, key: str = "") -> AsyncIterator[SqlInstallations]:
    """Open the installations of a folder's database."""
    async with open_database(f"sqlite:///{folder}/mynah.db") as database:
        yield SqlInstallations(database, clock, [key or shared_key(folder)])


def shared_key(folder: Path) -> str:
    """Return the key of a folder's database, made when it is first asked for."""
    path = folder / "key"
    if not path.exists():
        path.write_text(new_key())
    return path.read_text()


@asynccontextmanager
async def listening(
    slack: SlackFake, port: int, installations: Installations, intake: Intake, clock: Clock
) -> AsyncIterator[tuple[SlackPlatform, Browser]]:
    """Serve many workspaces while the context is open."""
    async with AsyncExitStack() as stack:
        platform = SlackPlatform(oauth_account_of(slack, port), clock, installations)
        await stack.enter_async_context(platform)
        group = await stack.enter_async_context(asyncio.TaskGroup())
        task = group.create_task(platform.serve(intake))
        await slack.wait_connected(2)
        await wait_for_port(port)
        yield platform, await stack.enter_async_context(browsing(port))
        task.cancel()


def said(team: SlackFake, channel: str, user: str) -> Message:
    """Return a message as it was stored, for what goes out in answer to it."""
    place = Place(platform="slack", workspace=team.team_id, channel=channel, thread=None)
    return Message(key="1760000000.000100", place=place, author=Author(id=user), addressed=Addressed.MENTION)


async def opened(slack: SlackFake, method: str) -> list[str]:
    """Return which workspaces' tokens a method was called with, in order."""
    requests = (await slack.state())["requests"]
    return [one["opens"] for one in requests if one["path"] == f"/api/{method}" and one.get("error") is None]


async def renewals(slack: SlackFake) -> int:
    """Return how often a token was renewed."""
    return sum(one["kind"] == "token.renewed" for one in (await slack.state())["journal"])
