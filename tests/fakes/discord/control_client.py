"""The driver's plumbing: HTTP to the control API, and waiting for something to become true."""

import asyncio
import io
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Self, TypeVar

from aiohttp import ClientSession, FormData

from tests.fakes.discord.values import File

Found = TypeVar("Found")
LONG_POLL_SECONDS = 5.0


def text(number: int | None) -> str | None:
    """Return an identifier as the control API takes it."""
    return None if number is None else str(number)


class FakeError(Exception):
    """The fake could not do what the test asked."""


class ControlClient:
    """Talks to the control API of one fake; use it with `async with`."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._session: ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = ClientSession(base_url=self.base_url)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    @property
    def session(self) -> ClientSession:
        """The HTTP client."""
        if self._session is None:
            raise RuntimeError("use the driver with `async with`")
        return self._session

    async def act(self, act: str, files: Sequence[File] = (), **payload: Any) -> dict[str, Any]:
        """Do one act of the control API.

        Args:
            act: its name, such as `messages`.
            files: what goes with it.
            payload: its parameters; those that are None are left out.

        Raises:
            FakeError: with the fake's reason.
        """
        body = json.dumps({name: value for name, value in payload.items() if value is not None})
        form = FormData(quote_fields=False)
        form.add_field("payload_json", body, content_type="application/json")
        for number, file in enumerate(files):
            form.add_field(
                f"files[{number}]", io.BytesIO(file.data), filename=file.name, content_type=file.content_type
            )
        plain = {"data": body, "headers": {"Content-Type": "application/json"}}
        async with self.session.post(f"/_fake/{act}", **({"data": form} if files else plain)) as response:
            if response.status != 200:
                raise FakeError(f"{act}: {response.status} {await response.text()}")
            found: dict[str, Any] = await response.json()
            return found

    async def look(self, path: str, **query: str) -> Any:
        """Read something of the control API."""
        async with self.session.get(f"/_fake/{path}", params=query) as response:
            if response.status != 200:
                raise FakeError(f"{path}: {response.status} {await response.text()}")
            return await response.json()

    async def wait_for(
        self, look: Callable[[], Awaitable[Found]], wanted: Callable[[Found], bool], seconds: float, what: str
    ) -> Found:
        """Look again at every change until what is seen is wanted.

        Args:
            look: reads something of the fake.
            wanted: tells whether it is what the test waits for.
            seconds: how long to wait at most.
            what: named in the error.

        Raises:
            AssertionError: with what was seen last.
        """
        found: Found | None = None
        revision = -1
        try:
            async with asyncio.timeout(seconds):
                while True:
                    newest = await self.look("changes", since=str(revision), seconds=str(LONG_POLL_SECONDS))
                    revision = newest["revision"]
                    found = await look()
                    if wanted(found):
                        return found
        except TimeoutError as error:
            raise AssertionError(f"no {what} within {seconds} s; last seen: {found}") from error
