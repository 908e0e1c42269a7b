"""What became of a call that a crash cut off: its answer for nothing, or what it cost, and never a second charge."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.gateways.endpoints import OPENROUTE, OPENROUTER
from adapters.gateways.gateway import RemoteGateway
from adapters.gateways.records import Records
from bot.domain.errors import ModelBusy, ModelInDoubt
from bot.domain.journal import Step, StepState
from bot.domain.models import Accepted, ChatRequest, Finished, ReasoningDelta, SpeechRequest, TranscriptionRequest
from bot.domain.money import nanodollars
from tests.fakes.openrouter.client import Action, FakeOpenRouter, Script
from tests.integration.gateway_calls import FREE, HEARS, READS, everything, finished, problem_in, recovered, text_of
from tests.integration.recordings import tone
from tests.integration.test_openrouter_reliability.harness import DICTATES, KEY, SPEAKS, accepted, ask

pytestmark = pytest.mark.asyncio(loop_scope="package")


@pytest.fixture(autouse=True)
def quick(gateway: RemoteGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for records often, and not for long."""
    monkeypatch.setattr(gateway._records, "_pauses", (0.1,) * 10)


async def cut(fake: FakeOpenRouter, gateway: RemoteGateway, request: Any, **script: Any) -> Step:
    """Make a call whose client goes away in the middle; returns what the journal knows of it."""
    await fake.say("one two three four", **script)
    await fake.fail(Action.CUT_MID_STREAM, path="*/chat/completions", after=2)
    _, came = await problem_in(gateway.perform(request))
    return accepted(came[0])


# --- its answer --------------------------------------------------------------


async def test_the_whole_answer_comes_for_nothing(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await fake.say("Hello to you, too.", reasoning="I greet back. ", cost_usd=0.000_95)
    first = await everything(gateway, ask(reasoning=True))
    again = await recovered(gateway, accepted(first[0]), ask(reasoning=True))
    assert text_of(again) == "Hello to you, too."
    assert "".join(delta.text for delta in again if isinstance(delta, ReasoningDelta)) == "I greet back. "
    # It keeps its name, so that the journal asks for the same call after the next crash.
    assert not any(isinstance(delta, Accepted) for delta in again)
    assert finished(again).usage == finished(first).usage
    assert finished(again).usage.cost == 950_000
    seen = await fake.state()
    assert [call.outcome for call in seen.calls] == ["complete", "replayed"]
    assert len(seen.charged) == 1
    assert await fake.body(0) == await fake.body(1)


async def test_it_comes_as_often_as_we_crash(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    first = await everything(gateway, ask())
    for _ in range(3):
        again = await recovered(gateway, accepted(first[0]), ask())
        assert text_of(again) == text_of(first)
        assert finished(again).usage.cost == finished(first).usage.cost
    assert len((await fake.state()).charged) == 1


async def test_a_transcript_comes_again(fake: FakeOpenRouter, gateway: RemoteGateway, tmp_path: Path) -> None:
    await fake.say("Buy milk, please.")
    request = TranscriptionRequest(model=HEARS, audio=tone(tmp_path / "f.wav"), origin=ask().origin)
    first = await everything(gateway, request)
    moved = replace(request, audio=replace(request.audio, path=str(tmp_path / "moved.wav")))
    (tmp_path / "f.wav").rename(tmp_path / "moved.wav")
    again = await recovered(gateway, accepted(first[0]), moved)
    assert text_of(again) == "Buy milk, please."
    assert finished(again).usage == finished(first).usage
    assert finished(again).usage.audio_ms == 1000


async def test_an_answer_that_reached_its_limit_is_truncated_again(
    fake: FakeOpenRouter, gateway: RemoteGateway
) -> None:
    await fake.say("word " * 40)
    request = ask(max_tokens=20)
    first = await everything(gateway, request)
    again = await recovered(gateway, accepted(first[0]), request)
    assert finished(again).truncated
    assert finished(again) == finished(first)


async def test_a_record_may_take_some_seconds(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await fake.limit(generation_delay_s=0.2)
    first = await everything(gateway, ask())
    assert text_of(await recovered(gateway, accepted(first[0]), ask())) == text_of(first)
    assert (await fake.state()).reads["GET /api/v1/generation"] > 1


async def test_a_gateway_that_is_busy_is_asked_again(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    first = await everything(gateway, ask())
    await fake.fail(Action.ERROR, path="*/generation", status=503, times=2)
    await fake.fail(Action.DROP_BEFORE, path="*/generation")
    assert text_of(await recovered(gateway, accepted(first[0]), ask())) == text_of(first)


# --- for nothing -------------------------------------------------------------


@pytest.mark.parametrize("after", [0, 2])
async def test_what_certainly_cost_nothing_is_told_and_not_made_again_under_its_old_hold(
    fake: FakeOpenRouter, gateway: RemoteGateway, after: int
) -> None:
    await fake.say("one two three four", cost_usd=0.01)
    await fake.fail(Action.MIDSTREAM_ERROR, path="*/chat/completions", status=503, after=after)
    _, came = await problem_in(gateway.perform(ask()))
    problem, more = await problem_in(gateway.recover(accepted(came[0]), ask(max_tokens=20_000)))
    assert type(problem) is ModelBusy
    assert "came to nothing and was not charged" in problem.sentence
    assert more == []
    seen = await fake.state()
    assert len(seen.calls) == 1
    assert seen.charged == ()


async def test_what_is_free_is_made_anew(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    deltas = await recovered(gateway, Step(name="answer", state=StepState.BEGAN), ask(model=FREE))
    assert text_of(deltas) == "You said: hello"
    assert finished(deltas).usage.cost == 0


# --- in doubt ----------------------------------------------------------------


async def doubt(gateway: RemoteGateway, step: Step, request: Any) -> ModelInDoubt:
    problem, came = await problem_in(gateway.recover(step, request))
    assert type(problem) is ModelInDoubt
    assert came == []
    assert "may have been charged" in problem.sentence
    return problem


@pytest.mark.parametrize("rst", [False, True])
async def test_a_call_that_did_not_come_to_its_end_has_a_cost(
    fake: FakeOpenRouter, gateway: RemoteGateway, rst: bool
) -> None:
    await fake.say("one two three four", cost_usd=0.004)
    await fake.fail(Action.CUT_MID_STREAM, path="*/chat/completions", after=2, rst=rst)
    _, came = await problem_in(gateway.perform(ask(model=HEARS)))
    problem = await doubt(gateway, accepted(came[0]), ask(model=HEARS))
    assert "did not come to its end" in problem.reason
    seen = await fake.state()
    assert problem.usage is not None
    assert problem.usage.cost == nanodollars(seen.spent_usd) == 4_000_000
    assert problem.usage.tokens_out == seen.calls[0].usage["completion_tokens"]
    assert len(seen.calls) == 1


async def test_a_call_that_was_never_named_stays_in_doubt(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    problem = await doubt(gateway, Step(name="answer", state=StepState.BEGAN), ask())
    assert problem.usage is None
    assert (await fake.state()).calls == ()


async def test_a_call_that_the_gateway_does_not_know_stays_in_doubt(
    fake: FakeOpenRouter, gateway: RemoteGateway
) -> None:
    problem = await doubt(gateway, Step(name="a", state=StepState.ACCEPTED, vendor_id="gen-0&x=1", digest="00"), ask())
    assert "no record" in problem.reason
    assert problem.usage is None
    assert (await fake.state()).calls == ()


async def test_a_gateway_that_cannot_be_asked_leaves_it_in_doubt(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    first = await everything(gateway, ask())
    for status in (401, 503):
        await fake.fail(Action.ERROR, path="*/generation", status=status, times=11)
        problem = await doubt(gateway, accepted(first[0]), ask())
        assert "nobody could be asked" in problem.reason
        await fake.reset()


@pytest.mark.parametrize(
    "other", [ask("something else"), ask(max_tokens=501), ask(origin=replace(ask().origin, call="another"))]
)
async def test_an_answer_to_another_question_is_not_asked_for(
    fake: FakeOpenRouter, gateway: RemoteGateway, other: ChatRequest
) -> None:
    first = await everything(gateway, ask())
    problem = await doubt(gateway, accepted(first[0]), other)
    assert "another question" in problem.reason
    assert problem.usage == finished(first).usage
    assert len((await fake.state()).calls) == 1


async def test_a_recording_that_is_gone_leaves_it_in_doubt(
    fake: FakeOpenRouter, gateway: RemoteGateway, tmp_path: Path
) -> None:
    request = TranscriptionRequest(model=HEARS, audio=tone(tmp_path / "f.wav"), origin=ask().origin)
    first = await everything(gateway, request)
    (tmp_path / "f.wav").unlink()
    problem = await doubt(gateway, accepted(first[0]), request)
    assert problem.usage is not None
    assert problem.usage.cost == finished(first).usage.cost
    assert len((await fake.state()).calls) == 1


async def test_a_model_that_is_listed_no_longer_leaves_it_in_doubt(
    fake: FakeOpenRouter, gateway: RemoteGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await everything(gateway, ask())
    gone = dict(await gateway._models.facts())
    del gone[READS]
    monkeypatch.setattr(gateway._models, "_facts", gone)
    problem = await doubt(gateway, accepted(first[0]), ask())
    assert problem.usage == finished(first).usage


async def test_an_answer_that_is_too_old_is_not_asked_for(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    first = await everything(gateway, ask())
    await fake.advance(86_400 - 600)
    assert text_of(await recovered(gateway, accepted(first[0]), ask())) == text_of(first)
    await fake.advance(500)
    problem = await doubt(gateway, accepted(first[0]), ask())
    assert "too old" in problem.reason
    assert problem.usage == finished(first).usage
    assert [call.cache for call in (await fake.state()).calls] == ["MISS", "HIT"]


async def test_an_answer_that_was_dropped_early_costs_as_little_as_can_be(
    fake: FakeOpenRouter, gateway: RemoteGateway
) -> None:
    await fake.say("word " * 200, ttft_s=0.5, tokens_per_second=100, cost_usd=0.02)
    request = ask(max_tokens=300)
    await fake.answer(Script(text="word " * 200, cost_usd=0.02), times=1)
    first = await everything(gateway, request)
    await fake.evict()
    problem = await doubt(gateway, accepted(first[0]), request)
    assert "dropped the answer" in problem.reason
    seen = await fake.wait_for(2, ended=True)
    assert [call.outcome for call in seen.calls] == ["complete", "cancelled"]
    assert [call.cache for call in seen.calls] == ["MISS", "MISS"]
    assert problem.usage is not None
    assert problem.usage.cost == nanodollars(seen.spent_usd)
    assert seen.calls[1].cost_usd < seen.calls[0].cost_usd / 10


async def test_what_a_dropped_answer_costs_is_unknown_until_both_calls_told_it(
    fake: FakeOpenRouter, gateway: RemoteGateway
) -> None:
    first = await everything(gateway, ask())
    step = accepted(first[0])
    assert step.vendor_id is not None
    await fake.evict()
    # As Google's: it goes on after we hang up, for longer than we wait.
    await fake.say("word " * 8, tokens_per_second=4, finish_after_disconnect=True)
    problem = await doubt(gateway, step, ask())
    assert "dropped the answer" in problem.reason
    assert problem.usage is not None
    assert problem.usage.cost is None
    assert await gateway.cost(step.vendor_id) is None
    seen = await fake.wait_for(2, ended=True)
    assert [call.charged for call in seen.calls] == [True, True]
    usage = await gateway.cost(step.vendor_id)
    assert usage is not None
    assert usage.cost == nanodollars(seen.spent_usd)


@pytest.mark.parametrize("action", [Action.DROP_AFTER, Action.CUT_MID_STREAM])
async def test_an_answer_that_cannot_be_fetched_now_is_fetched_another_time(
    fake: FakeOpenRouter, gateway: RemoteGateway, action: Action
) -> None:
    first = await everything(gateway, ask())
    await fake.fail(action, path="*/chat/completions", after=1)
    problem, _ = await problem_in(gateway.recover(accepted(first[0]), ask()))
    assert type(problem) is ModelInDoubt
    assert "could not be fetched" in problem.reason
    assert problem.usage == finished(first).usage
    assert text_of(await recovered(gateway, accepted(first[0]), ask())) == text_of(first)


@pytest.mark.parametrize("kind", ["transcription", "speech"])
async def test_the_dedicated_paths_keep_no_answers_but_tell_the_cost(
    fake: FakeOpenRouter, gateway: RemoteGateway, tmp_path: Path, kind: str
) -> None:
    request = (
        TranscriptionRequest(model=DICTATES, audio=tone(tmp_path / "f.wav"), origin=ask().origin)
        if kind == "transcription"
        else SpeechRequest(model=SPEAKS, text="Hello, you.", origin=ask().origin)
    )
    first = await everything(gateway, request)
    problem = await doubt(gateway, accepted(first[0]), request)
    seen = await fake.state()
    assert problem.usage is not None
    assert problem.usage.cost == nanodollars(seen.spent_usd) > 0
    assert len(seen.calls) == 1


async def test_a_gateway_without_records_leaves_it_in_doubt(fake: FakeOpenRouter) -> None:
    async with RemoteGateway(OPENROUTE, KEY, fake.api) as gateway:
        step = Step(name="answer", state=StepState.ACCEPTED, vendor_id="gen-1")
        problem = await doubt(gateway, step, ask())
    assert problem.usage is None
    assert (await fake.state()).calls == ()


# --- what a call cost --------------------------------------------------------


async def test_the_cost_of_a_call_is_told_afterwards(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    step = await cut(fake, gateway, ask(model=HEARS), cost_usd=0.002)
    assert step.vendor_id is not None
    usage = await gateway.cost(step.vendor_id)
    assert usage is not None
    assert usage.cost == 2_000_000
    assert await gateway.cost("gen-nobody") is None


async def test_the_cost_of_a_call_under_way_is_not_known_yet(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await fake.limit(generation_delay_s=30)
    first = await everything(gateway, ask())
    step = accepted(first[0])
    assert step.vendor_id is not None
    assert await gateway.cost(step.vendor_id) is None
    assert isinstance(first[-1], Finished)


async def test_records_are_looked_for_for_about_ten_seconds() -> None:
    assert 9 < sum(Records(OPENROUTER, None)._pauses) < 12  # type: ignore[arg-type]
