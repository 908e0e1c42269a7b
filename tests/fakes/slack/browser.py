"""Somebody's browser, on the way from the app's page to Slack's page for permissions and back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie

import aiohttp

from tests.fakes.slack.client import SlackFake


@dataclass(kw_only=True)
class Browser:
    """Keeps the cookie of the last page."""

    session: aiohttp.ClientSession
    base: str
    """The app's address."""
    cookie: str = ""

    async def leave(self, path: str = "/slack/install") -> str:
        """Begin an installation; returns where the app sends the browser."""
        async with self.session.get(f"{self.base}{path}", allow_redirects=False) as response:
            assert response.status == 302, await response.text()
            cookies = SimpleCookie(response.headers["Set-Cookie"])
            self.cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items())
            return response.headers["Location"]

    async def come_back(self, address: str) -> tuple[int, str]:
        """Follow the way back from Slack; returns the page's status and text."""
        async with self.session.get(address, headers={"Cookie": self.cookie}) as response:
            return response.status, await response.text()

    async def install(self, team: SlackFake, *, org_wide: bool = False) -> str:
        """Install the app in a workspace, or in its organisation; returns the last page."""
        status, page = await self.come_back(await team.authorise(await self.leave(), org_wide=org_wide))
        assert status == 200, page
        return page


@asynccontextmanager
async def browsing(port: int) -> AsyncIterator[Browser]:
    """Open a browser that knows at which port the app is."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield Browser(session=session, base=f"http://127.0.0.1:{port}")
