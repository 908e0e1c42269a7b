"""Bringing payloads to the app: over a socket or by POST, again and again until it says that it has them."""

import asyncio
import json
from dataclasses import asdict, dataclass, field

import aiohttp

from tests.fakes.slack import http_events
from tests.fakes.slack.identity import SIGNING_SECRET
from tests.fakes.slack.options import Options
from tests.fakes.slack.sockets import Sockets
from tests.fakes.slack.world import Json, World, now


@dataclass(kw_only=True)
class Attempt:
    """One try to deliver."""

    number: int
    """0 for the first, then Slack's retry number."""
    via: str
    """A socket's id, a URL, or `` when no socket was open."""
    sent_at: float
    seconds: float | None = None
    """From sending to the answer; None without one."""
    envelope_id: str = ""
    status: int | None = None
    """The HTTP status."""
    answer: Json | None = None
    """What came with the acknowledgement."""
    failure: str | None = None
    """Why it counts as not delivered; None when it was."""
    final: bool = False
    """The app forbade another try."""


@dataclass(kw_only=True)
class Delivery:
    """One payload on its way."""

    id: str
    kind: str
    """`events_api`, `slash_commands` or `interactive`."""
    payload: Json
    state: str = "pending"
    """`pending`, `acked` or `failed`."""
    attempts: list[Attempt] = field(default_factory=list)

    def described(self) -> Json:
        """As plain JSON."""
        return asdict(self)


class Deliveries:
    """All payloads that were ever sent, in order."""

    def __init__(self, sockets: Sockets, session: aiohttp.ClientSession) -> None:
        self.sent: dict[str, Delivery] = {}
        self._sockets = sockets
        self._session = session

    def new(self, world: World, kind: str, payload: Json) -> Delivery:
        """Enter a payload in the list."""
        identifier = payload.get("event_id")
        if not identifier or identifier in self.sent:
            identifier = world.new_id("Dl")
        delivery = self.sent[identifier] = Delivery(id=identifier, kind=kind, payload=payload)
        return delivery

    async def carry(
        self, world: World, options: Options, delivery: Delivery, *, url: str = "", signature: str = "valid"
    ) -> None:
        """Try until the app has the payload or the schedule ends; only events are sent again.

        Args:
            world: where to note what happened.
            options: the ack time, the schedule and the way.
            delivery: what to bring.
            url: the app's request URL; without it a socket is used.
            signature: see `http_events.signed_headers`.
        """
        delays = options.retry_delays if delivery.kind == "events_api" else ()
        reason = ""
        for number, delay in enumerate((0.0, *delays)):
            if delay:
                await asyncio.sleep(delay)
            attempt = Attempt(number=number, via=url, sent_at=now())
            delivery.attempts.append(attempt)
            if url:
                await self._by_post(options, delivery, attempt, reason=reason, signature=signature)
            else:
                await self._by_socket(options, delivery, attempt, reason=reason)
            if attempt.failure is None or attempt.final:
                break
            reason = attempt.failure
            world.touch()
        delivery.state = "acked" if delivery.attempts[-1].failure is None else "failed"
        world.touch()

    async def _by_socket(self, options: Options, delivery: Delivery, attempt: Attempt, *, reason: str) -> None:
        marks: Json = {"accepts_response_payload": delivery.kind != "events_api"}
        if delivery.kind == "events_api":
            marks |= {"retry_attempt": attempt.number, "retry_reason": reason}
        sent = await self._sockets.send(delivery.kind, delivery.payload, **marks)
        if sent is None:
            attempt.failure = "connection_failed"
            return
        attempt.envelope_id, pending = sent
        attempt.via = pending.socket
        try:
            async with asyncio.timeout(options.ack_seconds):
                ack = await pending.answer
        except TimeoutError:
            self._sockets.give_up(attempt.envelope_id)
            attempt.failure = "timeout"
            return
        attempt.seconds = now() - attempt.sent_at
        attempt.answer = ack.get("payload")

    async def _by_post(
        self, options: Options, delivery: Delivery, attempt: Attempt, *, reason: str, signature: str
    ) -> None:
        content_type, body = http_events.encoded(delivery.kind, delivery.payload)
        headers = {"Content-Type": content_type, "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)"}
        headers |= http_events.signed_headers(SIGNING_SECRET, body, signature)
        if attempt.number:
            headers |= {"X-Slack-Retry-Num": str(attempt.number), "X-Slack-Retry-Reason": reason}
        answer = await http_events.post(self._session, attempt.via, body, headers, options.ack_seconds)
        attempt.status, attempt.failure, attempt.final = answer.status, answer.failure, answer.final
        attempt.seconds = None if answer.status is None else now() - attempt.sent_at
        attempt.answer = _said(answer) if answer.failure is None else None


def _said(answer: http_events.Answer) -> Json | None:
    """The payload that came with an HTTP acknowledgement: JSON, or a plain text for the person."""
    if not answer.text.strip():
        return None
    try:
        parsed = json.loads(answer.text)
    except json.JSONDecodeError:
        return {"text": answer.text}
    return parsed if isinstance(parsed, dict) else {"text": answer.text}
