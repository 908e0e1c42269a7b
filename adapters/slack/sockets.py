"""Socket Mode: a few connections side by side, each renewed at once when it ends.

The SDK's own client waits for its next ping to notice a lost connection, and so needs seconds; this one reads until the
connection ends, and opens the next. Slack gives each payload to one connection, and gives it again when that one did not
acknowledge it. See https://docs.slack.dev/apis/events-api/using-socket-mode.

Slack pings its connections every few seconds. One that answers our pings but says nothing itself leads to nobody any more
(a proxy between us holds it open, or a process of Slack that was taken out of service), and is replaced.
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import aiohttp
import structlog
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.response import BoltResponse
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.account import SlackAccount
from adapters.slack.outcomes import SlackRefusal, read
from bot.domain.errors import PostNotDone
from bot.ports import Clock

log = structlog.get_logger()

HEARTBEAT_SECONDS = 30.0
"""A connection whose peer answers no ping within half of this has ended. Slack may well take more than five seconds:
https://github.com/slackapi/bolt-js/issues/2496"""

LINGER_SECONDS = 60.0
"""So long Slack may count a connection of ours that has ended."""

DELAYS = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0)
"""Seconds before the first, second, … try to connect after a failure."""

MAX_UNDER_WAY = 200
"""Payloads of one connection that are stored at the same time; reading waits while there are more."""

STILL_SERVED = frozenset({"", "warning"})
"""After a warning, payloads keep coming until Slack closes the connection."""

ENDS = frozenset(
    {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}
)

CLOSING = aiohttp.ClientWSTimeout(ws_close=1.0)


class Sockets:
    """Keeps the connections open."""

    def __init__(
        self,
        app: AsyncApp,
        client: AsyncWebClient,
        session: aiohttp.ClientSession,
        account: SlackAccount,
        clock: Clock,
        on_recovered: Callable[[], None],
    ) -> None:
        """Prepare.

        Args:
            app: what payloads are handed to.
            client: with the app token.
            session: what connections are opened by.
            account: how many connections there are, and how patient we are with them.
            clock: to wait between tries.
            on_recovered: is called when a connection stands again after one was lost without warning.
        """
        self._app = app
        self._client = client
        self._session = session
        self._account = account
        self._clock = clock
        self._on_recovered = on_recovered
        self._census = Census()
        self._stood = False
        """Whether any connection ever stood: from then on a refusal is waited out."""

    @property
    def strangers(self) -> int:
        """How many connections of the app Slack last counted that are not ours."""
        return self._census.strangers

    async def run(self) -> None:
        """Hold the connections until cancelled.

        Raises:
            SlackRefusal: the app token is not accepted.
        """
        async with asyncio.TaskGroup() as group:
            for number in range(self._account.sockets):
                group.create_task(self._hold(number))

    async def _hold(self, number: int) -> None:
        """Open one connection after the other."""
        failures, lost = 0, False
        while True:
            connection = _Connection(self._app, self._account, on_hello=partial(self._greeted, lost=lost))
            asked = await self._hold_one(connection)
            if connection.greeted:
                self._census.ended(time.monotonic())
            failures = 0 if connection.greeted else failures + 1
            lost = connection.lost or (lost and not connection.greeted)
            log.info("socket ended", socket=number, reason=connection.reason)
            await self._clock.sleep(max(DELAYS[min(failures, len(DELAYS) - 1)], asked))

    def _greeted(self, counted: int, *, lost: bool) -> bool:
        """Note that a connection stands.

        Args:
            counted: how many connections Slack says that the app has.
            lost: whether the one before it ended without warning.

        Returns:
            Whether some of those that Slack counts are not ours.
        """
        self._stood = True
        self._census.greeted(counted, time.monotonic())
        if lost:
            self._on_recovered()
        return self.strangers > 0

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


class Census:
    """How many connections are ours, of those that Slack counts. Times are seconds of any clock."""

    def __init__(self) -> None:
        self._standing = 0
        self._ended: deque[float] = deque()
        self.strangers = 0
        """How many were not ours when Slack counted last."""

    def greeted(self, counted: int, at: float) -> None:
        """Take what Slack says to a new connection of ours; it counts that one, too."""
        self._standing += 1
        while self._ended and self._ended[0] <= at - LINGER_SECONDS:
            self._ended.popleft()
        self.strangers = max(0, counted - self._standing - len(self._ended))

    def ended(self, at: float) -> None:
        """Take it that a connection of ours has ended; Slack may not have noticed it yet."""
        self._standing -= 1
        self._ended.append(at)


class _Connection:
    """One connection, from its opening to its end."""

    def __init__(self, app: AsyncApp, account: SlackAccount, on_hello: Callable[[int], bool]) -> None:
        self._app = app
        self._silence = account.silence_seconds
        self._recheck = account.recheck_seconds
        self._on_hello = on_hello
        self._leave_at: float | None = None
        """When it is left although nothing is wrong with it."""
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
        # Pings are answered here, because aiohttp would not show them, and they are how Slack shows that it is there.
        opening = session.ws_connect(url, heartbeat=HEARTBEAT_SECONDS, timeout=CLOSING, autoping=False)
        async with opening as socket, asyncio.TaskGroup() as group:
            while (frame := await self._next(socket)) is not None:
                if frame.type is aiohttp.WSMsgType.PING:
                    await self._pong(socket, frame.data)
                if frame.type is not aiohttp.WSMsgType.TEXT or not frame.data.startswith("{"):
                    continue
                payload = json.loads(frame.data)
                if "envelope_id" in payload:
                    await self._room.acquire()
                    group.create_task(self._handle(socket, payload))
                elif self._ends(payload):
                    break

    async def _next(self, socket: aiohttp.ClientWebSocketResponse) -> aiohttp.WSMessage | None:
        """Wait for what Slack says next; None at the end, which is also a long silence. Answers to our pings are none."""
        now = asyncio.get_running_loop().time
        silent_at = now() + self._silence
        try:
            async with asyncio.timeout_at(silent_at if self._leave_at is None else min(silent_at, self._leave_at)):
                frame = await socket.receive()
                while frame.type is aiohttp.WSMsgType.PONG:
                    frame = await socket.receive()
        except TimeoutError:
            if now() >= silent_at:
                log.warning("socket is silent", seconds=self._silence)
            else:
                self.reason = "recheck"
            return None
        return None if frame.type in ENDS else frame

    async def _pong(self, socket: aiohttp.ClientWebSocketResponse, data: bytes) -> None:
        with suppress(ConnectionError):  # it has ended, as the next frame will say
            await socket.pong(data)

    def _ends(self, notice: Mapping[str, Any]) -> bool:
        """Take what Slack says about the connection itself; returns whether to leave it now."""
        if notice.get("type") == "hello":
            self.greeted = True
            if self._on_hello(int(notice.get("num_connections") or 0)):
                self._leave_at = asyncio.get_running_loop().time() + self._recheck
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
