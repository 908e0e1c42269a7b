"""fal's history of requests: how a call is found again whose name we never learned, or whose answer the queue dropped.

https://fal.ai/docs/platform-apis/v1/models/requests/by-endpoint. fal keeps inputs and outputs for thirty days
(https://fal.ai/docs/documentation/model-apis/media-expiration), the queue its answers for an hour.

A request is ours when everything that we said stands in its input. Two that are alike are nobody's: then nobody knows
which of them belongs to the call.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from adapters.gateways.chat_completions import dumped
from adapters.gateways.fal.codec import ADDRESSES, ENDPOINTS, ONE_ADDRESS, Input, mimetype
from adapters.gateways.fal.errors import HttpAnswer, failure
from adapters.gateways.fal.storage import INLINE_BYTES, file_name
from adapters.gateways.fal.wire import Wire
from adapters.gateways.problems import Call
from adapters.gateways.reading import a_count, a_list, a_text, an_object
from adapters.gateways.reply import now
from bot.domain.audio import MediaFile
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
    seek_seconds: float
    """How long a request may take to appear."""

    async def find(self, wanted: "Wanted", since: int, call: Call, besides: Collection[str]) -> Record | None:
        """Find the one request that is a call of ours; None where there is none, or more than one.

        Args:
            wanted: how it is recognised.
            since: when it began, in milliseconds since 1970 (UTC).
            call: what it is about.
            besides: requests that are known to be others.
        """
        until, pause = now() + self.seek_seconds, FIRST_PAUSE
        while True:
            found = [record for record in await self._alike(wanted, since, call) if record.request_id not in besides]
            if len(found) == 1:
                return found[0]
            if found or now() + pause > until:
                return None
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

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

    async def _alike(self, wanted: "Wanted", since: int, call: Call) -> Sequence[Record]:
        query = [("endpoint_id", wanted.endpoint), ("start", _iso(max(0, since - LEEWAY_MS)))]
        try:
            return [record async for record in self._records(query, call) if wanted.is_met(record.input)]
        except ModelProblem:
            return ()

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """How the input of a call is recognised."""

    endpoint: str
    """Where it went."""
    fields: Mapping[str, object]
    """All but the media: the same."""
    media: str
    """The name of the field that holds the media; empty without any."""
    exactly: tuple[str, ...] = ()
    """Media that are the same, in order."""
    endings: tuple[str, ...] = ()
    """Media whose addresses end like this, in order: names that we gave."""

    def is_met(self, told: Mapping[str, Any] | None) -> bool:
        """Return whether an input is that of the call."""
        if told is None or any(told.get(name) != value for name, value in self.fields.items()):
            return False
        there = told.get(self.media) if self.media else []
        media = [a_text(one) for one in (there if isinstance(there, list) else [there])]
        if self.endings:
            return len(media) == len(self.endings) and all(map(str.endswith, media, self.endings))
        return media == list(self.exactly)


async def wanted_for(sent: Input, name: str) -> Wanted | None:
    """Say how a call is recognised; None where nothing tells it from others.

    Args:
        sent: what it sent.
        name: the beginning of its files' names.
    """
    media = ONE_ADDRESS.get(sent.endpoint) or ADDRESSES.get(sent.endpoint) or ""
    if sent.size > INLINE_BYTES:
        if not name:
            return None
        names = [file_name(name, place, file) for place, file in enumerate(sent.files)]
        return Wanted(endpoint=sent.endpoint, fields=sent.fields, media=media, endings=(*names, *sent.links))
    try:
        inline = [await asyncio.to_thread(_data_uri, file) for file in sent.files]
    except OSError:
        return None
    return Wanted(endpoint=sent.endpoint, fields=sent.fields, media=media, exactly=(*inline, *sent.links))


def _data_uri(file: MediaFile) -> str:
    return f"data:{mimetype(file)};base64,{base64.b64encode(Path(file.path).read_bytes()).decode()}"


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
