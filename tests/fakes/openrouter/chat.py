"""`POST /chat/completions`, the story of one call: check, look into the cache, charge, answer, settle."""

import asyncio
import math
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import web

from tests.fakes.openrouter.cache import Entry, Wish, wish_of
from tests.fakes.openrouter.catalogue import Model
from tests.fakes.openrouter.chunks import Chunks, completion
from tests.fakes.openrouter.compose import Answer, compose, free
from tests.fakes.openrouter.demands import check_chat, check_price, model_of
from tests.fakes.openrouter.errors import fault_error
from tests.fakes.openrouter.faults import Action, Cut, Fault, sever
from tests.fakes.openrouter.ledger import Call
from tests.fakes.openrouter.paid import buy, general_headers
from tests.fakes.openrouter.prompt import Prompt, prompt_of
from tests.fakes.openrouter.script import Script
from tests.fakes.openrouter.state import BODY, CALL, FAKE, FAULT, Fake, fault_of
from tests.fakes.openrouter.wire import CUTS, EventStream, gone, silence, whole

STREAM_FAULTS = (Action.CUT_MID_STREAM, Action.MIDSTREAM_ERROR, Action.NO_DONE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """One call that has been admitted, and what it will be answered."""

    request: web.Request
    """The request."""
    fake: Fake
    """The gateway's memory."""
    call: Call
    """Its line in the ledger."""
    answer: Answer
    """What is said."""
    script: Script
    """How it is said."""
    wish: Wish | None
    """Where to store the answer; None on a HIT and without the cache."""
    headers: dict[str, str]
    """Headers of the answer."""

    @property
    def seconds(self) -> float:
        """How long the model takes."""
        count = len(self.answer.tokens) + len(self.answer.reasoning)
        pace = self.script.tokens_per_second
        return self.script.ttft_s + (count / pace if pace > 0 else 0)

    @property
    def error(self) -> dict[str, object]:
        """The inside of `error` that the request's fault asks for."""
        return fault_error(self.request[FAULT], self.answer.model.id)[1]

    def store(self) -> None:
        """The answer is whole: put it into the cache."""
        if self.wish is not None:
            self.fake.cache.store(self.wish, self.answer, self.script, self.call.generation_id)

    def complete(self) -> None:
        """The answer is whole, and the client there to get it."""
        self.store()
        self.fake.ledger.end(self.call, "replayed" if self.call.cache == "HIT" else "complete", 200)

    def fail(self) -> None:
        """The model broke off: not billed, unless the fault says so."""
        if not self.request[FAULT].charged:
            self.fake.ledger.refund(self.call)
        self.call.finish_reason = "error"
        self.fake.ledger.end(self.call, "error", 200)


async def chat_completions(request: web.Request) -> web.StreamResponse:
    """Answer a chat request."""
    fake, body = request.app[FAKE], request[BODY]
    fake.check("chat", body)
    model, prompt = asked_model(fake, body), prompt_of(body["messages"])
    check_chat(body, model, prompt, fake.profile)
    check_price(body, model)
    request[CALL].model = model.id
    wish = wish_of(request.headers, request.path, body) if fake.profile.caches else None
    entry = fake.cache.find(wish) if wish is not None else None
    turn = new_turn(request, prompt, wish) if entry is None else replayed_turn(request, entry)
    return await (stream(turn) if body.get("stream") else answer_whole(turn))


def asked_model(fake: Fake, body: dict[str, Any]) -> Model:
    """The model that answers, at the prices of the provider that is there now.

    Raises:
        ApiError: there is none.
    """
    return model_of(body, "text", fake.account.down_models).dearer(fake.account.times_dearer)


def new_turn(request: web.Request, prompt: Prompt, wish: Wish | None) -> Turn:
    """Ask the model, which is paid from here on."""
    fake, call, body = request.app[FAKE], request[CALL], request[BODY]
    model = asked_model(fake, body)
    script = fake.scripts.choose(model.id, prompt.text)
    answer = replace(compose(body, prompt, model, script), tells_cost=fake.profile.cost_told(script))
    headers = general_headers(call)
    if wish is not None:
        call.cache = "MISS"
        headers |= {"X-OpenRouter-Cache-Status": "MISS", "X-OpenRouter-Cache-TTL": str(wish.ttl_s)}
    call.usage, call.finish_reason = answer.usage, answer.finish_reason
    buy(request, answer.cost_usd)
    return Turn(request=request, fake=fake, call=call, answer=answer, script=script, wish=wish, headers=headers)


def replayed_turn(request: web.Request, entry: Entry) -> Turn:
    """Answer from the cache: at once, free, under a new generation id."""
    fake, call = request.app[FAKE], request[CALL]
    answer = free(entry.answer)
    call.cache, call.cache_source_id = "HIT", entry.source_id
    call.usage, call.finish_reason = answer.usage, answer.finish_reason
    return Turn(
        request=request,
        fake=fake,
        call=call,
        answer=answer,
        script=replace(entry.script, ttft_s=0, tokens_per_second=0),
        wish=None,
        headers=general_headers(call) | fake.cache.hit_headers(entry),
    )


async def answer_whole(turn: Turn) -> web.StreamResponse:
    """Answer in one body. The model runs to its end when the client leaves, unless the script says otherwise.

    Raises:
        Cut: the connection must be cut now.
    """
    hang = fault_of(turn.request, Action.HANG)
    if hang is not None:
        await silence(turn.request, hang.seconds)
    await asyncio.sleep(turn.seconds)
    turn.call.answered_at = asyncio.get_running_loop().time()
    broken = turn.error if fault_of(turn.request, Action.MIDSTREAM_ERROR) else None
    if broken is None:
        settle(turn)
    else:
        turn.fail()
    body = completion(turn.answer, turn.call, escapes=turn.script.escapes, error=broken)
    return await whole(turn.request, body, {**turn.headers, "Content-Type": "application/json"})


def settle(turn: Turn) -> None:
    """Write down that the model has finished, and whether anybody is there to hear it."""
    cut = fault_of(turn.request, *CUTS)
    if cut is None and not gone(turn.request):
        turn.complete()
        return
    if turn.script.finish_after_disconnect is not False:
        turn.store()
    if cut is None:
        turn.fake.ledger.end(turn.call, "cancelled")


async def stream(turn: Turn) -> web.StreamResponse:
    """Answer as an event stream."""
    if dropped := fault_of(turn.request, Action.DROP_AFTER):
        return await abandon(turn, Cut(rst=dropped.rst), None)
    events = EventStream(turn.request, turn.script, turn.headers)
    try:
        await events.open()
        turn.call.status = 200
        return await play(turn, events)
    except (Cut, ConnectionError) as ending:
        return await abandon(turn, ending, events)


async def play(turn: Turn, events: EventStream) -> web.StreamResponse:
    """Send the deltas and the end, or what the fault lets through.

    Raises:
        Cut: the connection must be cut now.
        ConnectionError: the client has gone.
    """
    await stumble(turn, events)
    await events.idle(turn.script.ttft_s)
    turn.call.answered_at = asyncio.get_running_loop().time()
    chunks = Chunks(turn.answer, turn.call, escapes=turn.script.escapes)
    fault, deltas = fault_of(turn.request, *STREAM_FAULTS), chunks.deltas()
    if fault is None:
        await events.play(deltas)
        turn.complete()
        return await events.end(chunks.tail())
    await events.play(deltas[: reach(fault)])
    await events.flush()
    if fault.action is Action.CUT_MID_STREAM:
        raise Cut(rst=fault.rst)
    if fault.action is Action.NO_DONE:
        turn.fake.ledger.end(turn.call, "error")
        return await events.end([])
    turn.fail()
    return await events.end([chunks.error(turn.error, charged=turn.call.charged)])


async def stumble(turn: Turn, events: EventStream) -> None:
    """Cut after the headers, or hang with comments only.

    Raises:
        Cut: the connection must be cut now.
    """
    fault = fault_of(turn.request, Action.CUT_AFTER_HEADERS, Action.HANG)
    if fault is None:
        return
    await events.flush()
    if fault.action is Action.HANG:
        await events.idle(fault.seconds or math.inf)
    raise Cut(rst=fault.rst)


def reach(fault: Fault) -> int | None:
    """How many deltas come before the fault."""
    if fault.after is None:
        return None if fault.action is Action.NO_DONE else 1
    return fault.after


async def abandon(turn: Turn, ending: Cut | ConnectionError, events: EventStream | None) -> web.StreamResponse:
    """The client is no longer there: run on to the end, or stop and bill what the provider bills."""
    if isinstance(ending, Cut):
        await sever(turn.request.transport, rst=ending.rst)
    outcome = "cut" if isinstance(ending, Cut) else "cancelled"
    if turn.script.finish_after_disconnect:
        await asyncio.sleep(turn.seconds)
        turn.store()
    elif events is not None and turn.call.charged and turn.answer.model.cancellable:
        turn.fake.ledger.charge(turn.call, partial_cost(turn.answer, events.sent))
    turn.fake.ledger.end(turn.call, outcome)
    return web.Response()


def partial_cost(answer: Answer, sent: int) -> float:
    """The prompt, and the share of the deltas that were sent."""
    details = answer.usage["cost_details"]
    total = len(answer.tokens) + len(answer.reasoning)
    share = min(1.0, sent / total) if total else 1.0
    spent = details["upstream_inference_prompt_cost"] + share * details["upstream_inference_completions_cost"]
    return min(answer.cost_usd, round(float(spent), 12))
