"""What fal charged: told with each answer, and afterwards only to a key with the scope of an admin.

https://fal.ai/docs/platform-apis/v1/models/billing-events   by request
https://fal.ai/docs/platform-apis/v1/models/usage            in sum, of the whole account
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from adapters.gateways.fal.codec import ENDPOINTS, usage_of
from adapters.gateways.fal.errors import HttpAnswer, failure
from adapters.gateways.fal.history import History
from adapters.gateways.fal.queue import Queue
from adapters.gateways.fal.wire import Wire
from adapters.gateways.problems import Call
from adapters.gateways.reading import a_cost, a_count, a_list, a_text, an_object, decoded
from bot.domain.errors import ModelInDoubt, ModelUnauthorised
from bot.domain.money import Account, Nanodollars, Usage
from bot.ports import Clock
from bot.words import phrase

FORBIDDEN = frozenset({401, 403})
LONGEST_SPAN = timedelta(days=89)
"""fal tells charges of at most ninety days at a time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Billing:
    """What fal charged."""

    wire: Wire
    """Sends the key along."""
    url: str
    """Of the platform's API."""
    queue: Queue
    """Keeps answers for an hour."""
    history: History
    """Keeps them longer."""
    clock: Clock
    """Tells which day it is."""

    async def cost(self, request_id: str, call: Call) -> Usage | None:
        """Return what a request used; None while nobody tells.

        Raises:
            ModelProblem: fal could not be asked.
        """
        for outcome in (await self.queue.result(request_id, call), await self._recorded(request_id, call)):
            usage = None if outcome is None else _told(outcome, call)
            if usage is not None and usage.cost is not None:
                return usage
        cost = await self._charged(request_id, call)
        return None if cost is None else Usage(cost=cost)

    async def account(self, call: Call) -> Account:
        """Return what the router charged the account today and this month, by all of its keys.

        Args:
            call: for errors.

        Raises:
            ModelUnauthorised: the key is not an admin's.
            ModelProblem: fal could not be asked.
        """
        end = datetime.fromtimestamp(self.clock.now() / 1000, UTC)
        midnight = end.replace(hour=0, minute=0, second=0, microsecond=0)
        return Account(
            spent_today=await self._spent(midnight, end, call),
            spent_this_month=await self._spent(midnight.replace(day=1), end, call),
        )

    async def _recorded(self, request_id: str, call: Call) -> HttpAnswer | None:
        try:
            return await self.history.outcome(request_id, call)
        except ModelUnauthorised:
            return None

    async def _charged(self, request_id: str, call: Call) -> Nanodollars | None:
        start = datetime.fromtimestamp(self.clock.now() / 1000, UTC) - LONGEST_SPAN
        query = urlencode({"request_id": request_id, "start": start.isoformat()})
        answer = await self.wire.exchange("GET", f"{self.url}/models/billing-events?{query}", call)
        if answer.status in FORBIDDEN:
            return None
        if answer.status != 200:
            raise failure(answer, call)
        events = [an_object(event) for event in a_list(answer.json().get("billing_events"))]
        costs = [a_count(e.get("cost_estimate_nano_usd")) for e in events if e.get("request_id") == request_id]
        known = [cost for cost in costs if cost is not None]
        return Nanodollars(sum(known)) if known else None

    async def _spent(self, start: datetime, end: datetime, call: Call) -> Nanodollars:
        query = [
            ("start", start.isoformat()),
            ("end", end.isoformat()),
            ("timezone", "UTC"),
            ("bound_to_timeframe", "false"),
            ("expand", "summary"),
            *(("endpoint_id", endpoint) for endpoint in ENDPOINTS),
        ]
        answer = await self.wire.exchange("GET", f"{self.url}/models/usage?{urlencode(query)}", call)
        if answer.status in FORBIDDEN:
            raise ModelUnauthorised(
                phrase("fal tells what it charged only to a key with the scope of an admin"), model="fal"
            )
        if answer.status != 200:
            raise failure(answer, call)
        rows = [an_object(row) for row in a_list(decoded(answer.body.decode(errors="replace"), call).get("summary"))]
        costs = [a_cost(row.get("cost_total")) for row in rows if a_text(row.get("currency")) in {"USD", ""}]
        return Nanodollars(sum(cost for cost in costs if cost is not None))


def _told(outcome: HttpAnswer, call: Call) -> Usage | None:
    if outcome.status != 200:
        return None
    try:
        return usage_of(an_object(decoded(outcome.body.decode(errors="replace"), call).get("usage")))
    except ModelInDoubt:
        return None
