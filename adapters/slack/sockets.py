"""Socket Mode: a few connections side by side, each renewed at once when it ends.

The SDK's own client waits for its next ping to notice a lost connection, and so needs seconds; this one reads until the
connection ends, and opens the next. Slack gives each payload to one connection, and gives it again when that one did not
acknowledge it. See https://docs.slack.dev/apis/events-api/using-socket-mode.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import aiohttp
import structlog
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.response import BoltResponse
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.outcomes import SlackRefusal, read
from bot.domain.errors import PostNotDone
from bot.ports import Clock

log = structlog.get_logger()

HEARTBEAT_SECONDS = 10.0
"""A connection whose peer answers no ping within half of this has ended."""

DELAYS = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0)
"""Seconds before the first, second, … try to connect after a failure."""

MAX_UNDER_WAY = 200
"""Payloads of one connection that are stored at the same time; reading waits while there are more."""

STILL_SERVED = frozenset({"", "warning"})
"""After a warning, payloads keep coming until Slack closes the connection."""

CLOSING = aiohttp.ClientWSTimeout(ws_close=1.0)


class Sockets:
    """Keeps the connections open."""

    def __init__(
        self,
        app: AsyncApp,
        client: AsyncWebClient,
        session: aiohttp.ClientSession,
        clock: Clock,
        on_recovered: Callable[[], None],
    ) -> None:
        """Prepare.

        Args:
            app: what payloads are handed to.
            client: with the app token.
            session: what connections are opened by.
            clock: to wait between tries.
            on_recovered: is called when a connection stands again after one was lost without warning.
        """
        self._app = app
        self._client = client
        self._session = session
        self._clock = clock
        self._on_recovered = on_recovered
        self._stood = False
        """Whether any connection ever stood: from then on a refusal is waited out."""

    async def run(self, count: int) -> None:
        """Hold so many connections until cancelled.

        Raises:
            SlackRefusal: the app token is not accepted.
        """
        async with asyncio.TaskGroup() as group:
            for number in range(count):
                group.create_task(self._hold(number))

    async def _hold(self, number: int) -> None:
        """Open one connection after the other."""
        failures, lost = 0, False
        while True:
            connection = _Connection(self._app, on_hello=partial(self._greeted, lost=lost))
            asked = await self._hold_one(connection)
            failures = 0 if connection.greeted else failures + 1
            lost = connection.lost or (lost and not connection.greeted)
            log.info("socket ended", socket=number, reason=connection.reason)
            await self._clock.sleep(max(DELAYS[min(failures, len(DELAYS) - 1)], asked))

    def _greeted(self, *, lost: bool) -> None:
        """Note that a connection stands; `lost` when the one before it ended without warning."""
        self._stood = True
        if lost:
            self._on_recovered()

    async def _hold_one(self, connection: "_Connection") -> float:
        """Open a connection and stay until it ends; returns the seconds that Slack asks us to wait before the next."""
        try:
            await connection.run(self._session, await self._address())
        except PostNotDone as error:
            log.warning("socket not opened", reason=error.reason)
            return error.retry_after or 0.0
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("socket not opened", reason=type(error).__name__)
        except SlackRefusal as error:
            if not self._stood:
                raise
            log.error("socket refused", reason=error.reason)  # noqa: TRY400  (the reason says all)
            return DELAYS[-1]
        return 0.0

    async def _address(self) -> str:
        """Ask for a connection, https://docs.slack.dev/reference/methods/apps.connections.open."""
        token = self._client.token or ""
        return str((await read(self._client.apps_connections_open(app_token=token)))["url"])


class _Connection:
    """One connection, from its opening to its end."""

    def __init__(self, app: AsyncApp, on_hello: Callable[[], None]) -> None:
        self._app = app
        self._on_hello = on_hello
        self._room = asyncio.Semaphore(MAX_UNDER_WAY)
        self.greeted = False
        """Whether Slack said hello."""
        self.reason = ""
        """Why Slack ended it; empty when it just ended."""

    @property
    def lost(self) -> bool:
        """Whether it ended without warning, so that payloads may be on their way to nobody."""
        return not self.reason

    async def run(self, session: aiohttp.ClientSession, url: str) -> None:
        """Connect and hand payloads to the app until the connection ends; those under way are still acknowledged.

        Raises:
            aiohttp.ClientError: it could not be opened.
        """
        opening = session.ws_connect(url, heartbeat=HEARTBEAT_SECONDS, timeout=CLOSING)
        async with opening as socket, asyncio.TaskGroup() as group:
            async for frame in socket:
                if frame.type is not aiohttp.WSMsgType.TEXT or not frame.data.startswith("{"):
                    continue
                payload = json.loads(frame.data)
                if "envelope_id" in payload:
                    await self._room.acquire()
                    group.create_task(self._handle(socket, payload))
                elif self._ends(payload):
                    break

    def _ends(self, notice: Mapping[str, Any]) -> bool:
        """Take what Slack says about the connection itself; returns whether to leave it now."""
        if notice.get("type") == "hello":
            self.greeted = True
            self._on_hello()
        elif notice.get("type") == "disconnect":
            self.reason = str(notice.get("reason") or "disconnect")
        return self.reason not in STILL_SERVED

    async def _handle(self, socket: aiohttp.ClientWebSocketResponse, payload: Mapping[str, Any]) -> None:
        try:
            request = SocketModeRequest.from_dict(dict(payload))
            if request is None:
                return
            answer = acknowledgement(request.envelope_id, await run_async_bolt_app(self._app, request))
            if answer is not None:
                await socket.send_str(json.dumps(answer))
        except ConnectionError:
            log.info("not acknowledged: the socket ended; it is delivered again")
        finally:
            self._room.release()


def acknowledgement(envelope_id: str, response: BoltResponse) -> dict[str, Any] | None:
    """Return what is sent for a payload that was handled; None for one that was not, so that it comes again."""
    if response.status != 200:
        return None
    if not response.body:
        return {"envelope_id": envelope_id}
    is_json = response.headers.get("content-type", [""])[0].startswith("application/json")
    return {"envelope_id": envelope_id, "payload": json.loads(response.body) if is_json else {"text": response.body}}
