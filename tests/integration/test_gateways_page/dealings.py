"""How a gateway is called, what it tells of money, and what it has left after a crash: the rest of the page's lines."""

import json
import time
from dataclasses import replace

from bot.domain.audio import MediaFormat
from bot.domain.errors import ModelCannot, ModelInDoubt, ModelUnauthorised
from bot.domain.journal import Step, StepState
from bot.domain.models import Accepted
from bot.ports import Billed
from bot.settings import ServerSettings, Settings
from tests.integration.dying_calls import killed
from tests.integration.test_gateways_page.asking import (
    TOLD,
    YES,
    Answer,
    Facts,
    Lacking,
    ask,
    asked,
    first_able,
    first_model,
    is_told,
    listen,
    taken,
    takes_dictation,
)
from tests.integration.test_gateways_page.files import Files
from tests.integration.test_gateways_page.fronts import Front

HOUR = 3600
DYING = "tests.integration.test_gateways_page.dying"
ANOTHER_COST = "0.000950001"


# --- how it is called --------------------------------------------------------


async def queued(front: Front, files: Files) -> Facts:
    """A call that is left as soon as it is named goes on, and its answer is had later."""
    await front.say(TOLD, slowly=True)
    model = await first_model(front)
    deltas, began = front.gateway.perform(ask(model)), now()
    first = await anext(deltas)
    await deltas.aclose()  # type: ignore[attr-defined]
    await front.over()
    if not isinstance(first, Accepted):
        raise Lacking
    step = Step(name="answer", state=StepState.ACCEPTED, vendor_id=first.id, digest=first.digest, at=began)
    try:
        answer = await taken(front.gateway.recover(step, ask(model)))
    except ModelInDoubt:
        assert (await front.seen()).posts == 1
        raise Lacking from None
    assert is_told(front, answer)
    if (await front.seen()).posts > 1:
        raise Lacking
    return YES


async def rung(front: Front, files: Files) -> Facts:
    """The answer stands in the webhook alone, because the queue lost it."""
    if front.rung is None:
        table = Settings.model_fields.get(front.gateway.name)
        assert "webhook_url" not in (ServerSettings if table is None else table.annotation).model_fields  # type: ignore[union-attr]
        raise Lacking
    await front.say(TOLD)
    deltas = front.rung.perform(ask(await first_model(front)))
    first = await anext(deltas)
    await front.rung_alone()
    answer = await taken(deltas)
    assert isinstance(first, Accepted)
    assert is_told(front, answer)
    assert (await front.seen()).rung == (200,)
    return YES


async def uploaded(front: Front, files: Files) -> Facts:
    async def send(model: str) -> Answer:
        formats = (await front.gateway.capabilities(model)).audio_formats
        form = MediaFormat.WAV if MediaFormat.WAV in formats else MediaFormat.PCM16
        return await taken(front.gateway.perform(listen(model, files.long[form])))

    await first_able(front, takes_dictation, send)
    kept = (await front.seen()).kept
    if not kept:
        raise Lacking
    (seconds,) = kept
    assert seconds is not None
    return (f"yes, kept {seconds / HOUR:g} h",)


# --- money -------------------------------------------------------------------


async def cost_told(front: Front, files: Files) -> Facts:
    await front.say(TOLD)
    if (cost := (await asked(front)).finished.usage.cost) is not None:
        assert cost == sum((await front.seen()).charges)
        return YES if cost else ("free",)
    await front.say(TOLD, cost=ANOTHER_COST)
    if (cost := (await asked(front)).finished.usage.cost) is None:
        raise Lacking
    assert cost == (await front.seen()).charges[-1]
    return ("where it is told",)


async def cost_later(front: Front, files: Files) -> Facts:
    if not isinstance(front.gateway, Billed):
        raise Lacking
    await front.say(TOLD)
    name = (await asked(front)).name
    usage = await front.gateway.cost(name) if name else None
    if usage is None:
        raise Lacking
    assert usage.cost == sum((await front.seen()).charges) > 0
    return YES


async def account(front: Front, files: Files) -> Facts:
    if not isinstance(front.gateway, Billed):
        raise Lacking
    await front.say(TOLD)
    await asked(front)
    try:
        spent, facts = await front.gateway.account(), YES
    except ModelCannot:
        raise Lacking from None
    except ModelUnauthorised:
        await front.promote()
        spent, facts = await front.gateway.account(), ("to an admin's key",)
    assert spent.spent_today == spent.spent_this_month == sum((await front.seen()).charges) > 0
    return facts


# --- after a crash -----------------------------------------------------------


async def recovered(front: Front, files: Files) -> Facts:
    """A process is killed with the answer in its hands; what it wrote down is all that the next one has."""
    await front.say(TOLD)
    model, began = await first_model(front), now()
    step = replace(await killed(DYING, json.dumps(front.tables), front.gateway.name, model), at=began)
    try:
        answer = await taken(front.gateway.recover(step, ask(model)))
    except ModelInDoubt:
        after = await front.seen()
        assert (after.posts, len(after.charges)) == (1, 1)
        raise Lacking from None
    after = await front.seen()
    assert is_told(front, answer)
    assert len(after.charges) <= 1
    assert answer.finished.usage.cost == sum(after.charges)
    if not after.charges:
        return ("made again",)
    return ("fetched",) if after.posts == 1 else ("given again",)


def now() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000
