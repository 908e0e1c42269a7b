"""Everything that can go wrong with one call: what the person is told, how often it was sent, what was charged."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio

from adapters.gateways.breaker import Breaker
from adapters.gateways.endpoints import OPENROUTER
from adapters.gateways.gateway import RemoteGateway
from adapters.gateways.reply import Patience
from bot.domain.errors import ModelBusy, ModelInDoubt, ModelProblem, ModelRefused, ModelUnauthorised, ModelUnknown
from tests.fakes.openrouter.client import Action, FakeOpenRouter
from tests.integration.gateway_calls import everything, problem_in, text_of
from tests.integration.test_openrouter_reliability.harness import KEY, ask

pytestmark = pytest.mark.asyncio(loop_scope="package")

HASTE = Patience(idle=0.25, quiet=0.5)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One thing that goes wrong, and what is to come of it."""

    fault: dict[str, Any] = field(default_factory=dict)
    script: dict[str, Any] = field(default_factory=dict)
    kind: type[ModelProblem]
    tells: str
    posts: int = 1
    charged: int = 0
    reasoning: bool = False
    tells_cost: bool = False
    """Whether the last word of the answer tells what was charged for it."""


def answered(status: int, **more: Any) -> dict[str, Any]:
    return {"action": Action.ERROR, "status": status, "retry_after_s": 0, "times": 9, **more}


def broken(status: int, **more: Any) -> dict[str, Any]:
    return {"action": Action.MIDSTREAM_ERROR, "status": status, "times": 9, **more}


PERHAPS = "it may have been charged"
ROWS: dict[str, Row] = {
    # Answered with an error.
    "400": Row(fault=answered(400), kind=ModelRefused, tells="Invalid request parameters (400)"),
    "401": Row(fault=answered(401), kind=ModelUnauthorised, tells="An admin has to look at it"),
    "402": Row(fault=answered(402, retry_after_s=None), kind=ModelUnauthorised, tells="An admin has to look at it"),
    "402 that passes": Row(
        fault=answered(402, retry_after_s=30), kind=ModelBusy, tells="did not answer: Insufficient credits"
    ),
    "413": Row(fault=answered(413), kind=ModelRefused, tells="Request entity too large (413)"),
    "429": Row(fault=answered(429), kind=ModelBusy, tells="did not answer: Rate limit exceeded (429)", posts=3),
    "500": Row(fault=answered(500), kind=ModelBusy, tells="did not answer: Internal Server Error (500)", posts=2),
    "502": Row(fault=answered(502), kind=ModelBusy, tells="(502)", posts=3),
    "503": Row(fault=answered(503), kind=ModelBusy, tells="temporarily overloaded (503)", posts=3),
    "504": Row(fault=answered(504), kind=ModelInDoubt, tells=PERHAPS),
    "504 that was charged": Row(fault=answered(504, charged=True), kind=ModelInDoubt, tells=PERHAPS, charged=1),
    "524": Row(fault=answered(524), kind=ModelInDoubt, tells=PERHAPS),
    "529": Row(fault=answered(529), kind=ModelBusy, tells="overloaded (529)", posts=3),
    "overloaded, in the newer shape": Row(
        fault=answered(503, availability="temporarily_unavailable"),
        kind=ModelBusy,
        tells="did not answer",
        posts=3,
    ),
    "no provider": Row(fault=answered(404, availability="no_endpoints"), kind=ModelRefused, tells="No endpoints"),
    "gone": Row(fault=answered(404, availability="model_deprecated"), kind=ModelUnknown, tells="There is no model"),
    "a page of something on the way": Row(
        fault=answered(502, raw_body="<html>bad gateway</html>"), kind=ModelBusy, tells="no reason given (502)", posts=3
    ),
    # Answered with 200, and an error all the same.
    "200 with a refusal": Row(
        fault={"action": Action.OK_ERROR, "status": 400, "times": 9}, kind=ModelRefused, tells="Invalid request"
    ),
    "200 with a 429": Row(fault={"action": Action.OK_ERROR, "status": 429, "times": 9}, kind=ModelBusy, tells="(429)"),
    "an error before the first word": Row(fault=broken(429, after=0), kind=ModelBusy, tells="(429)"),
    "an error in the middle": Row(fault=broken(429, after=1), kind=ModelBusy, tells="(429)"),
    "an error in the middle, named by a word": Row(
        fault=broken(500, after=1, code="server_error"), kind=ModelBusy, tells="did not answer"
    ),
    "a refusal in the middle": Row(fault=broken(400, after=1), kind=ModelRefused, tells="(400)"),
    "a timeout in the middle": Row(fault=broken(504, after=1), kind=ModelBusy, tells="(504)"),
    "an error in the middle of what was charged": Row(
        fault=broken(429, after=1, charged=True), kind=ModelInDoubt, tells=PERHAPS, charged=1, tells_cost=True
    ),
    "an error before the first word of what was charged": Row(
        fault=broken(503, after=0, charged=True), kind=ModelInDoubt, tells=PERHAPS, charged=1, tells_cost=True
    ),
    "a refusal in the middle of what was charged": Row(
        fault=broken(400, after=1, charged=True), kind=ModelRefused, tells="(400)", charged=1, tells_cost=True
    ),
    # Cut off.
    "cut before it was read": Row(fault={"action": Action.DROP_BEFORE}, kind=ModelInDoubt, tells=PERHAPS),
    "reset before it was read": Row(
        fault={"action": Action.DROP_BEFORE, "rst": True}, kind=ModelInDoubt, tells=PERHAPS
    ),
    "cut without an answer": Row(fault={"action": Action.DROP_AFTER}, kind=ModelInDoubt, tells=PERHAPS, charged=1),
    "reset without an answer": Row(
        fault={"action": Action.DROP_AFTER, "rst": True}, kind=ModelInDoubt, tells=PERHAPS, charged=1
    ),
    "cut after the headers": Row(
        fault={"action": Action.CUT_AFTER_HEADERS}, kind=ModelInDoubt, tells=PERHAPS, charged=1
    ),
    "cut in the middle": Row(
        fault={"action": Action.CUT_MID_STREAM, "after": 2}, kind=ModelInDoubt, tells="was interrupted", charged=1
    ),
    "reset in the middle": Row(
        fault={"action": Action.CUT_MID_STREAM, "after": 2, "rst": True}, kind=ModelInDoubt, tells=PERHAPS, charged=1
    ),
    "an end without an end mark": Row(
        fault={"action": Action.NO_DONE, "after": 2}, kind=ModelInDoubt, tells="the answer broke off", charged=1
    ),
    # Hanging.
    "silence": Row(
        fault={"action": Action.HANG},
        script={"keepalive_s": 60},
        kind=ModelInDoubt,
        tells="it took too long",
        charged=1,
    ),
    "comments only": Row(
        fault={"action": Action.HANG}, script={"keepalive_s": 0.05}, kind=ModelInDoubt, tells=PERHAPS, charged=1
    ),
    "no headers": Row(fault={"action": Action.SLOW, "seconds": 1}, kind=ModelInDoubt, tells="it took too long"),
    # Answered with nothing.
    "thinking that used every token": Row(
        script={"text": "", "empty": True}, kind=ModelRefused, tells="raise max_tokens", charged=1, reasoning=True
    ),
    "an empty answer": Row(script={"text": ""}, kind=ModelRefused, tells="it answered with nothing", charged=1),
    "an answer that was filtered away": Row(
        script={"text": "", "finish_reason": "content_filter"}, kind=ModelRefused, tells="content filter", charged=1
    ),
}


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def impatient(driver: FakeOpenRouter) -> AsyncIterator[RemoteGateway]:
    async with RemoteGateway(OPENROUTER, KEY, driver.api, patience=HASTE) as opened:
        yield opened


@pytest.fixture
def gateway(fake: FakeOpenRouter, impatient: RemoteGateway, monkeypatch: pytest.MonkeyPatch) -> RemoteGateway:
    monkeypatch.setattr(impatient._client, "_breaker", Breaker("openrouter"))
    return impatient


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
async def test_what_goes_wrong_is_told_and_paid_once_at_the_most(
    fake: FakeOpenRouter, gateway: RemoteGateway, row: Row
) -> None:
    await fake.say(**{"text": "one two three four", **row.script})
    if row.fault:
        await fake.fail(path="*/chat/completions", **row.fault)
    problem, came = await problem_in(gateway.perform(ask(reasoning=row.reasoning)))
    assert type(problem) is row.kind
    assert row.tells in problem.sentence
    assert problem.model in problem.sentence or row.kind is ModelUnauthorised
    assert KEY not in problem.sentence
    seen = await fake.wait_for(row.posts, ended=row.tells != "it took too long")
    assert len(seen.calls) == row.posts
    assert len(seen.charged) == row.charged
    if row.tells_cost or (row.kind is ModelRefused and row.charged):
        # What was charged for nothing is told.
        assert problem.usage is not None
        assert problem.usage.cost == round(seen.spent_usd * 1e9)
    assert text_of(came) in "one two three four"


@pytest.mark.parametrize(
    "dress",
    [
        {"ttft_s": 0.35, "keepalive_s": 0.05},
        {"raw_unicode": True},
        {"split_utf8": True},
        {"blank_data": True},
        {"text": "ends\u2028here", "finish_reason": "stop"},
    ],
)
async def test_what_only_looks_wrong_is_an_answer(
    fake: FakeOpenRouter, gateway: RemoteGateway, dress: dict[str, Any]
) -> None:
    words = dress.pop("text", "Zeilen\u2028trenner, Grüße,\u2029 \x85 und 🦜")
    await fake.say(words, **dress)
    assert text_of(await everything(gateway, ask())) == words
    seen = await fake.state()
    assert len(seen.calls) == len(seen.charged) == 1
