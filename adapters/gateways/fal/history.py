"""fal's history of requests: how a call is found again whose name we never learned, or whose answer the queue dropped.

https://fal.ai/docs/platform-apis/v1/models/requests/by-endpoint. fal keeps inputs and outputs for thirty days
(https://fal.ai/docs/documentation/model-apis/media-expiration), the queue its answers for an hour. What was charged for
a request with a tag stands in https://fal.ai/docs/platform-apis/v1/models/billing-events.

A request is a call of ours when it carries the call's mark (`marks`), never because it says the same.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from adapters.gateways.chat_completions import dumped
from adapters.gateways.fal.codec import ADDRESSES, ENDPOINTS, ONE_ADDRESS, Input
from adapters.gateways.fal.errors import HttpAnswer, failure
from adapters.gateways.fal.marks import TAG
from adapters.gateways.fal.storage import INLINE_BYTES, file_names
from adapters.gateways.fal.wire import Wire
from adapters.gateways.problems import Call
from adapters.gateways.reading import a_count, a_list, a_text, an_object
from adapters.gateways.reply import now
from bot.domain.errors import ModelProblem
from bot.ports import Clock

LEEWAY_MS = 10_000
"""By which fal's clock may be behind ours."""
KEPT_MS = 30 * 24 * 3_600_000
"""As long as fal keeps inputs and outputs."""
PAGE = 20
"""Requests at a time: each may hold a megabyte of sound."""
MOST_PAGES = 20
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 8.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """One request of the history."""

    request_id: str
    """fal's name of it."""
    input: Mapping[str, Any] | None
    """What it was asked; None where fal does not tell."""
    outcome: HttpAnswer | None
    """The model's answer, also where it is an error; None while there is none, or where fal does not tell."""


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """fal's history."""

    wire: Wire
    """Sends the key along."""
    url: str
    """Of the platform's API."""
    clock: Clock
    """Tells what is too old to be asked for."""

    async def find(self, sent: Input, mark: str, since: int, call: Call, besides: Collection[str]) -> Sequence[Record]:
        """Find the requests that carry the mark of a call, as far as they are known now.

        Args:
            sent: what it sent.
            mark: of the call.
            since: when it began, in milliseconds since 1970 (UTC).
            call: what it is about.
            besides: requests that are known to be others.
        """
        start = _iso(max(0, since - LEEWAY_MS))
        tagged = [Record(request_id=name, input=None, outcome=None) for name in await self._tagged(mark, start, call)]
        found = {record.request_id: record for record in (*tagged, *await self._stored(sent, mark, start, call))}
        return [record for name, record in found.items() if name not in besides]

    async def outcome(self, request_id: str, call: Call, *, seconds: float = 0) -> HttpAnswer | None:
        """Return the answer of a request by its name; None where the history does not hold it.

        Args:
            request_id: fal's name of it.
            call: what it is about.
            seconds: how long it may take to appear.

        Raises:
            ModelProblem: it could not be asked.
        """
        until, pause = now() + seconds, FIRST_PAUSE
        while (found := await self._outcome(request_id, call)) is None and now() + pause <= until:
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        return found

    async def _outcome(self, request_id: str, call: Call) -> HttpAnswer | None:
        query = [*(("endpoint_id", endpoint) for endpoint in ENDPOINTS), ("request_id", request_id)]
        # Unless told, the history is that of a day.
        async for record in self._records([*query, ("start", _iso(self.clock.now() - KEPT_MS))], call):
            if record.request_id == request_id:
                return record.outcome
        return None

    async def readable(self, call: Call) -> None:
        """Make sure that the key may read it.

        Raises:
            ModelProblem: it may not, or it could not be asked.
        """
        await self._page([("endpoint_id", ENDPOINTS[0]), ("limit", "1")], call)

    async def _stored(self, sent: Input, mark: str, start: str, call: Call) -> Sequence[Record]:
        """Return the requests whose files have the mark in their names."""
        if sent.size <= INLINE_BYTES:
            return ()
        query, names = [("endpoint_id", sent.endpoint), ("start", start)], file_names(sent, mark)
        try:
            return [record async for record in self._records(query, call) if holds(record.input, sent.endpoint, names)]
        except ModelProblem:
            return ()

    async def _tagged(self, mark: str, start: str, call: Call) -> Collection[str]:
        """Return the names of the requests that were charged and have the mark for a tag."""
        query = urlencode({"source": "tagged-billed", "tag": f"{TAG}={mark}", "start": start})
        try:
            answer = await self.wire.exchange("GET", f"{self.url}/models/billing-events?{query}", call)
        except ModelProblem:
            return ()
        events = [an_object(event) for event in a_list(answer.json().get("billing_events"))]
        # Whoever does not know the filter tells all events.
        return {a_text(e.get("request_id")) for e in events if an_object(e.get("tags")).get(TAG) == mark} - {""}

    async def _records(self, query: list[tuple[str, str]], call: Call) -> AsyncIterator[Record]:
        cursor = ""
        for _ in range(MOST_PAGES):
            more = [("expand", "payloads"), ("limit", str(PAGE)), *([("cursor", cursor)] if cursor else [])]
            page = await self._page([*query, *more], call)
            for item in a_list(page.get("items")):
                yield _record(an_object(item))
            cursor = a_text(page.get("next_cursor"))
            if not cursor:
                return

    async def _page(self, query: list[tuple[str, str]], call: Call) -> Mapping[str, Any]:
        answer = await self.wire.exchange("GET", f"{self.url}/models/requests/by-endpoint?{urlencode(query)}", call)
        if answer.status != 200:
            raise failure(answer, call)
        # Megabytes of it would hold up everybody else.
        return await asyncio.to_thread(answer.json)


def holds(told: Mapping[str, Any] | None, endpoint: str, names: Sequence[str]) -> bool:
    """Return whether files of these names, in order, are the first media of an input.

    Args:
        told: the input; None where fal does not tell it.
        endpoint: where it went.
        names: as we gave them; addresses of the storage end with them.
    """
    field = ONE_ADDRESS.get(endpoint) or ADDRESSES.get(endpoint) or ""
    there = an_object(told).get(field)
    media = [a_text(one) for one in (there if isinstance(there, list) else [there])]
    return len(media) >= len(names) > 0 and all(map(str.endswith, media, names))


def _record(item: Mapping[str, Any]) -> Record:
    status, output = a_count(item.get("status_code")), item.get("json_output")
    there = isinstance(output, dict) and status is not None and bool(item.get("ended_at"))
    told = item.get("json_input")
    return Record(
        request_id=a_text(item.get("request_id")),
        input=told if isinstance(told, dict) else None,
        outcome=HttpAnswer(status=status, headers={}, body=dumped(output).encode()) if there and status else None,
    )


def _iso(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat().replace("+00:00", "Z")
