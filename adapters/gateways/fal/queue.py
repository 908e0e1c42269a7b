"""A request in fal's queue, from its name to its answer: https://fal.ai/docs/documentation/model-apis/inference/queue.

    submitted → asked soon and ever more seldom → a stream of changes, if it takes long → its answer is fetched
                                  a webhook rings → its answer is fetched

Only the submission can cost anything. All else is repeated as long as it takes, and whatever happens to it says nothing
of the call: what fal, or something on the way, answers to our asking is not taken for the model's answer.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx
import structlog

from adapters.gateways.chat_completions import dumped
from adapters.gateways.fal.codec import APP
from adapters.gateways.fal.errors import STATUS_OF, HttpAnswer, failure
from adapters.gateways.fal.wire import Wire
from adapters.gateways.problems import Call
from adapters.gateways.reading import a_list, a_text, an_object, decoded
from adapters.gateways.reply import now
from bot.domain.errors import ModelBusy, ModelInDoubt, ModelProblem, ModelUnreachable
from bot.words import phrase

OVER = "COMPLETED"
GONE = 404
INVALID = 422
NOT_OURS = frozenset({401, 402, 403})
NOT_NOW = frozenset({408, 425, 429})
RESULT_TRIES = 4
"""At least; and for as long as an answer is waited for."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Waits:
    """How long is waited for what, in seconds."""

    first: float = 0.3
    """Before the queue is asked for the second time; twice as long before each time that follows."""
    longest: float = 3
    """Between two times."""
    stream_after: float = 2
    """From here on a stream tells the end at once, for what takes longer than most."""
    total: float = 600
    """For an answer; then the request is cancelled."""
    cancel: float = 2
    """For a cancellation to be taken."""
    seek: float = 30
    """For a request without a name to appear in the history."""


class ResultGone(ModelInDoubt):
    """fal knows the request no longer, or never did."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """Where a request is."""

    is_over: bool
    """Whether its answer can be fetched."""
    error: str
    """Why it failed, where it did."""
    kind: str
    """Of the error, in the platform's words."""
    logs: tuple[str, ...]
    """What the runner wrote so far."""

    def outcome(self) -> HttpAnswer | None:
        """Return the answer as far as it tells it; None where it does not say what became of the request."""
        if not self.error or self.kind not in STATUS_OF:
            return None
        body = {"detail": self.error, "error_type": self.kind}
        return HttpAnswer(status=STATUS_OF[self.kind], headers={}, body=dumped(body).encode())

    def agrees(self, answer: HttpAnswer) -> bool:
        """Return whether an error is the one that the request ended with."""
        return bool(self.error) and (answer.json().get("detail") == self.error or answer.kind == self.kind != "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Queue:
    """fal's queue."""

    wire: Wire
    """Sends the key along."""
    url: str
    """Of the queue."""
    waits: Waits
    """How long to wait."""

    async def settled(self, request_id: str, call: Call, bell: asyncio.Event) -> HttpAnswer:
        """Wait until a request is over, and return the model's answer, also where it is an error.

        Args:
            request_id: fal's name of it.
            call: what it is about.
            bell: set when it is known to be over.

        Raises:
            ModelBusy: it waited too long and was never begun; nothing was charged.
            ResultGone: fal knows it no longer.
            ModelInDoubt: it took too long, or fal does not let us see it.
        """
        started, pause, seen = now(), self.waits.first, 0
        while True:
            standing = await self._standing(request_id, call)
            if standing is not None and standing.is_over:
                return await self._result(request_id, call, standing, started + self.waits.total)
            seen = _log_new(request_id, standing, seen)
            if now() - started > self.waits.total:
                return await self._given_up(request_id, call)
            if now() - started > self.waits.stream_after and not bell.is_set():
                await self._watched(request_id, call, bell, started + self.waits.total)
            await _pass(pause, bell)
            pause = min(2 * pause, self.waits.longest)

    async def cancel(self, request_id: str, call: Call) -> str:
        """Ask for a request to be stopped; returns what fal says of it, empty where nothing was heard.

        https://fal.ai/docs/inference-api/queue/cancel
        """
        with suppress(ModelProblem, TimeoutError):
            async with asyncio.timeout(self.waits.cancel):
                answer = await self.wire.exchange("PUT", f"{self._one(request_id)}/cancel", call)
                said = a_text(answer.json().get("status"))
                _log.info("call cancelled", call=request_id, said=said)
                return said
        return ""

    async def result(self, request_id: str, call: Call) -> HttpAnswer:
        """Fetch the answer of a request, whatever it is.

        Raises:
            ModelUnreachable: it could not be asked.
        """
        return await self.wire.exchange("GET", self._one(request_id), call)

    async def _result(self, request_id: str, call: Call, standing: Standing, until: float) -> HttpAnswer:
        """Fetch an answer that is there; fal's own stumbling is not the model's.

        Raises:
            ResultGone: it is there no longer.
            ModelInDoubt: it cannot be had.
        """
        tries, pause = 0, self.waits.first
        while True:
            found = await self._fetched(request_id, call, standing)
            if found is not None:
                return found
            tries += 1
            if tries >= RESULT_TRIES and (told := standing.outcome()) is not None:
                return told
            if tries >= RESULT_TRIES and now() > until:
                raise ModelInDoubt(phrase("its answer could not be fetched"), model=call.model)
            await asyncio.sleep(pause)
            pause = min(2 * pause, self.waits.longest)

    async def _fetched(self, request_id: str, call: Call, standing: Standing) -> HttpAnswer | None:
        """Return the model's answer; None when it is not to be had now."""
        try:
            answer = await self.result(request_id, call)
        except ModelUnreachable:
            return None
        if _is_the_models(answer, standing):
            return answer
        if answer.status not in {GONE, *NOT_OURS}:
            return None
        if (told := standing.outcome()) is not None:
            return told
        if answer.status == GONE:
            raise ResultGone(phrase("fal keeps its answer no longer"), model=call.model)
        raise _untold(answer, call)

    async def _standing(self, request_id: str, call: Call) -> Standing | None:
        """Ask where a request is; None when that cannot be told now."""
        try:
            answer = await self.wire.exchange("GET", f"{self._one(request_id)}/status?logs=1", call)
        except ModelUnreachable:
            return None
        if answer.status == GONE:
            raise ResultGone(phrase("fal knows it no longer"), model=call.model)
        if answer.status in {200, 202}:
            return _read(answer.json())
        if answer.status in NOT_NOW or answer.status >= 500:
            return None
        raise _untold(answer, call)

    async def _watched(self, request_id: str, call: Call, bell: asyncio.Event, until: float) -> None:
        """Read the stream of changes to its end, or to the end of patience; what it cannot tell is asked for."""
        with suppress(ModelProblem):
            async with self.wire.watch(f"{self._one(request_id)}/status/stream?logs=1", call) as reply:
                while not bell.is_set() and (data := await reply.event(max(0.0, until - now()))) is not None:
                    if _read(decoded(data, call)).is_over:
                        bell.set()

    async def _given_up(self, request_id: str, call: Call) -> HttpAnswer:
        said = await self.cancel(request_id, call)
        if said == "OK":
            raise ModelBusy(phrase("it waited too long in fal's queue"), model=call.model)
        if said == "ALREADY_COMPLETED":
            over = Standing(is_over=True, error="", kind="", logs=())
            return await self._result(request_id, call, over, until=now())
        raise ModelInDoubt(phrase("it took too long and was cancelled"), model=call.model)

    def _one(self, request_id: str) -> str:
        # Of the endpoint's name only the first two parts count here.
        return f"{self.url}/{APP}/requests/{request_id}"


def submitted(data: str | None, call: Call) -> str:
    """Read the name that fal gave a request.

    Raises:
        ModelInDoubt: there is none, so it may be in the queue without our knowing it.
    """
    request_id = a_text(decoded(data or "", call).get("request_id"))
    if not request_id or not all(letter.isalnum() or letter in "-_" for letter in request_id):
        raise ModelInDoubt(phrase("fal took it without naming it"), model=call.model)
    return request_id


def _is_the_models(answer: HttpAnswer, standing: Standing) -> bool:
    """Return whether an answer is what became of the request, and not of our asking for it."""
    if answer.status == httpx.codes.OK or answer.is_a_models() or standing.agrees(answer):
        return True
    return answer.status == INVALID  # nobody but a model looks at what was asked


def _untold(answer: HttpAnswer, call: Call) -> ModelInDoubt:
    return ModelInDoubt(
        phrase("fal does not tell what became of it: {reason}", reason=failure(answer, call).reason), model=call.model
    )


def _read(told: dict[str, Any]) -> Standing:
    return Standing(
        is_over=told.get("status") == OVER,
        error=a_text(told.get("error")),
        kind=a_text(told.get("error_type")),
        logs=tuple(a_text(an_object(line).get("message")) for line in a_list(told.get("logs"))),
    )


def _log_new(request_id: str, standing: Standing | None, seen: int) -> int:
    """Log what the runner wrote since the last time; returns how much is known now."""
    lines = standing.logs if standing is not None else ()
    for line in lines[seen:]:
        _log.debug("fal's log", call=request_id, line=line)
    return max(seen, len(lines))


async def _pass(seconds: float, bell: asyncio.Event) -> None:
    """Let time pass, or until the bell rings; one that has rung is not waited for twice."""
    if bell.is_set():
        bell.clear()
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await bell.wait()
    bell.clear()
