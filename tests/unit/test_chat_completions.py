import asyncio
import itertools
import json
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from adapters.gateways.chat_answer import ChatAnswer, DictatedAnswer
from adapters.gateways.problems import LONGEST_REASON, VendorError, problem, read_body, read_error
from bot.domain.errors import (
    ModelBusy,
    ModelInDoubt,
    ModelProblem,
    ModelRefused,
    ModelUnauthorised,
    ModelUnknown,
)
from bot.domain.models import Accepted, Delta, Finished, ReasoningDelta, TextDelta
from bot.domain.money import Usage
from tests.unit.wire import CALL, DONE, KEY, asked, chunk, deltas, read, sse, text_of, usage


async def answered(*chunks: dict[str, Any], done: bool = True, transcript: bool = False, **more: Any) -> list[Delta]:
    reader = DictatedAnswer if transcript else ChatAnswer
    return await read(*chunks, done=done, answer=reader(asked(**more)))


# --- answers -----------------------------------------------------------------


async def test_a_whole_answer() -> None:
    thought = {"role": "assistant", "content": "", "reasoning": "Hm."}
    found = await answered(
        {"id": "gen-1", "choices": [{"index": 0, "delta": thought, "finish_reason": None}]},
        chunk("Good"),
        chunk("bye"),
        chunk("", reason="stop"),
        usage(cost=0.00095),
    )
    assert found == [
        Accepted(id="gen-1"),
        ReasoningDelta(text="Hm."),
        TextDelta(text="Good"),
        TextDelta(text="bye"),
        Finished(usage=Usage(tokens_in=7, tokens_out=3, cost=950_000)),
    ]


PIECES = st.lists(st.text(alphabet=st.one_of(st.characters(codec="utf-8"), st.sampled_from("\u2028\u2029\x85\r\n🦜"))))


@settings(max_examples=150, deadline=None)
@given(texts=PIECES, cuts=st.lists(st.integers(min_value=0), max_size=12), ending=st.sampled_from(["\n", "\r\n", "\r"]))
def test_any_split_of_the_stream_gives_the_same_answer(texts: list[str], cuts: list[int], ending: str) -> None:
    events = [": OPENROUTER PROCESSING", *(f"data: {json.dumps(chunk(text), ensure_ascii=False)}" for text in texts)]
    events += ["data:", *sse(chunk("!", reason="stop"), usage(cost=1e-9)).strip().split("\n\n")]
    stream = "".join(event + 2 * ending for event in events).encode()
    borders = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    parts = [stream[start:end] for start, end in itertools.pairwise(borders) if end > start]
    assert asyncio.run(deltas(parts)) == [
        Accepted(id="gen-1"),
        *(TextDelta(text=text) for text in texts if text),
        TextDelta(text="!"),
        Finished(usage=Usage(tokens_in=7, tokens_out=3, cost=1)),
    ]


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
async def test_thinking_is_read_under_both_names(field: str) -> None:
    thought = {"id": "1", "choices": [{"delta": {"content": None, field: "Hm."}, "finish_reason": None}]}
    found = await answered(thought, chunk("Hi", reason="stop"))
    assert found[1:3] == [ReasoningDelta(text="Hm."), TextDelta(text="Hi")]


@pytest.mark.parametrize(
    ("told", "cost"),
    [
        ({}, None),
        ({"cost": None}, None),
        ({"cost": 0}, 0),
        ({"cost": 0.000_000_001}, 1),
        ({"cost": 0.1}, 100_000_000),
        ({"cost": 12}, 12_000_000_000),
        ({"cost": "0.1"}, None),
        ({"cost": True}, None),
        ({"cost": -1}, None),
        ({"cost": float("nan")}, None),
        ({"cost": float("inf")}, None),
    ],
)
async def test_a_cost_that_nobody_told_is_unknown(told: dict[str, Any], cost: int | None) -> None:
    (*_, finished) = await answered(chunk("Hi", reason="stop"), usage(**told))
    assert isinstance(finished, Finished)
    assert finished.usage.cost == cost
    assert finished.usage.tokens_in == 7


async def test_without_usage_everything_is_unknown_but_the_length_of_the_sound() -> None:
    (*_, finished) = await answered(chunk("Hi", reason="stop"), audio_ms=1500)
    assert finished == Finished(usage=Usage(audio_ms=1500))


@pytest.mark.parametrize(
    ("reason", "truncated"), [("stop", False), ("length", True), ("content_filter", True), ("tool_calls", False)]
)
async def test_an_answer_that_was_cut_short_says_so(reason: str, truncated: bool) -> None:
    (*_, finished) = await answered(chunk("Hi", reason=reason))
    assert isinstance(finished, Finished)
    assert finished.truncated is truncated


async def test_a_finish_reason_without_an_end_mark_is_an_end() -> None:
    assert text_of(await answered(chunk("Hi", reason="stop"), done=False)) == "Hi"


async def test_an_end_mark_without_a_finish_reason_is_an_end() -> None:
    assert text_of(await answered(chunk("Hi"))) == "Hi"


@pytest.mark.parametrize("chunks", [[], [chunk("Hi")], [chunk("Hi"), usage(cost=1)]])
async def test_an_answer_without_an_end_is_in_doubt(chunks: list[dict[str, Any]]) -> None:
    with pytest.raises(ModelInDoubt, match="broke off"):
        await answered(*chunks, done=False)


@pytest.mark.parametrize(
    "event", ["data: {", "data: 17", 'data: "text"', "data: [1e9999999999999999999]", f"data: {'[' * 100_000}"]
)
async def test_an_event_that_cannot_be_read_is_in_doubt(event: str) -> None:
    with pytest.raises(ModelInDoubt, match="cannot be read"):
        await deltas([f"{event}\n\n{DONE}".encode()])


async def test_a_refusal_is_what_the_model_says() -> None:
    no = {"id": "1", "choices": [{"delta": {"content": None, "refusal": "I won't."}, "finish_reason": "stop"}]}
    assert text_of(await answered(no)) == "I won't."


async def test_an_answer_in_one_piece_is_read_too() -> None:
    body = {
        "id": "gen-9",
        "choices": [{"message": {"role": "assistant", "content": "Hi", "reasoning": None}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2, "cost": 0.5},
    }
    assert await deltas([json.dumps(body).encode()], kind="application/json; charset=utf-8") == [
        Accepted(id="gen-9"),
        TextDelta(text="Hi"),
        Finished(usage=Usage(tokens_in=1, tokens_out=2, cost=500_000_000)),
    ]


async def test_what_is_neither_a_stream_nor_json_is_in_doubt() -> None:
    with pytest.raises(ModelInDoubt, match="text/html"):
        await deltas([b"<html>"], kind="text/html")


# --- empty answers -----------------------------------------------------------


def thinking(reason: str | None) -> dict[str, Any]:
    return {"id": "1", "choices": [{"delta": {"content": None, "reasoning": "Hm"}, "finish_reason": reason}]}


@pytest.mark.parametrize("chunks", [[thinking("length"), usage()], [chunk(None, reason="length")], [thinking(None)]])
async def test_all_tokens_spent_on_thinking_are_explained(chunks: list[dict[str, Any]]) -> None:
    with pytest.raises(ModelRefused, match="thinking; raise max_tokens"):
        await answered(*chunks)


@pytest.mark.parametrize(
    ("chunks", "insured", "kind"),
    [
        ([], True, ModelBusy),
        ([], False, ModelRefused),
        ([{"id": "1", "choices": [], "usage": {"completion_tokens": 0, "cost": 0}}], True, ModelBusy),
        ([usage(cost=0.1)], True, ModelRefused),
        ([chunk(" \n", reason="stop")], True, ModelRefused),
        ([chunk(None, reason="content_filter")], True, ModelRefused),
    ],
)
async def test_an_empty_answer_may_be_asked_for_again_only_where_it_was_free(
    chunks: list[dict[str, Any]], insured: bool, kind: type[ModelProblem]
) -> None:
    with pytest.raises(ModelProblem) as caught:
        await answered(*chunks, insured=insured)
    assert type(caught.value) is kind


# --- transcripts -------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    ["NO_SPEECH", "no_speech", "NO_SPEECH.\n", "`NO_SPEECH`", "**NO_SPEECH**", "[NO_SPEECH]", ' "NO_SPEECH" ', ""],
)
async def test_the_word_for_silence_is_an_empty_transcript(said: str) -> None:
    letters = [chunk(letter) for letter in said]
    found = await answered(*letters, chunk("", reason="stop"), usage(cost=0.1), transcript=True, audio_ms=900)
    assert text_of(found) == ""
    assert found[-1] == Finished(usage=Usage(tokens_in=7, tokens_out=3, audio_ms=900, cost=100_000_000))


@pytest.mark.parametrize(
    "said", ["No", "Not yet.", "NO_SPEECH was the word.", "'No', he said", "n", "Hi!", "No speech"]
)
async def test_other_words_come_through_whole(said: str) -> None:
    found = await answered(*(chunk(letter) for letter in said), chunk("", reason="stop"), transcript=True)
    assert text_of(found) == said


async def test_a_chat_answer_may_be_the_word_for_silence() -> None:
    assert text_of(await answered(chunk("NO_SPEECH", reason="stop"))) == "NO_SPEECH"


async def test_a_transcript_that_went_all_into_thinking_is_not_taken_for_silence() -> None:
    with pytest.raises(ModelRefused):
        await answered(thinking("stop"), transcript=True)


# --- errors ------------------------------------------------------------------


def broken(code: object, reason: str | None = "error", **error: Any) -> dict[str, Any]:
    return chunk("", reason=reason, error={"code": code, "message": "it broke", **error})


@pytest.mark.parametrize(
    ("first", "last", "insured", "kind"),
    [
        # Said to be an error: free, whatever came before.
        ("Good", broken(429), True, ModelBusy),
        ("Good", broken(500), True, ModelBusy),
        ("Good", broken(504), True, ModelBusy),
        ("Good", broken("server_error"), True, ModelBusy),
        ("Good", broken(403, metadata={"reasons": ["violence"]}), True, ModelRefused),
        ("Good", broken("context_length_exceeded"), True, ModelRefused),
        ("Good", chunk(None, reason="error"), True, ModelBusy),
        # Not said to be one, or by a gateway that promises nothing.
        ("Good", broken(429, reason=None), True, ModelInDoubt),
        ("Good", {"error": {"code": 502, "message": "it broke"}}, True, ModelInDoubt),
        ("Good", broken(429), False, ModelInDoubt),
        # Nothing came yet.
        (None, {"error": {"code": 502, "message": "it broke"}}, True, ModelBusy),
        (None, {"error": {"code": 504, "message": "it broke"}}, True, ModelBusy),
        (None, {"error": {"code": 504, "message": "it broke"}}, False, ModelInDoubt),
        (None, {"error": {"code": 500, "message": "it broke"}}, True, ModelBusy),
        (None, {"error": {"code": 500, "message": "it broke"}}, False, ModelInDoubt),
        (None, {"error": "it broke"}, False, ModelInDoubt),
        (None, {"error": {"code": 429, "message": "it broke"}}, False, ModelBusy),
        (None, {"error": {"code": 402, "message": "it broke"}}, True, ModelUnauthorised),
        (None, {"error": "it broke"}, True, ModelBusy),
    ],
)
async def test_an_error_inside_the_stream(
    first: str | None, last: dict[str, Any], insured: bool, kind: type[ModelProblem]
) -> None:
    with pytest.raises(ModelProblem) as caught:
        await answered(*([chunk(first)] if first else []), last, insured=insured)
    assert type(caught.value) is kind
    assert caught.value.model == "a/b"


@pytest.mark.parametrize(
    ("code", "kind"),
    [(429, ModelInDoubt), (500, ModelInDoubt), (504, ModelInDoubt), (400, ModelRefused), (401, ModelUnauthorised)],
)
@pytest.mark.parametrize("first", ["Good", None])
async def test_what_an_error_says_was_charged_is_told_and_never_asked_again(
    code: int, kind: type[ModelProblem], first: str | None
) -> None:
    last = {**broken(code), "usage": usage(cost=0.01)["usage"]}
    with pytest.raises(ModelProblem) as caught:
        await answered(*([chunk(first)] if first else []), last, audio_ms=900)
    assert type(caught.value) is kind
    assert not caught.value.transient
    assert caught.value.usage == Usage(tokens_in=7, tokens_out=3, audio_ms=900, cost=10_000_000)


@pytest.mark.parametrize("told", [{}, {"cost": 0}, {"cost": None}])
async def test_an_error_that_was_not_charged_may_be_asked_again(told: dict[str, Any]) -> None:
    with pytest.raises(ModelBusy) as caught:
        await answered(chunk("Good"), {**broken(429), "usage": usage(**told)["usage"]})
    assert caught.value.usage is None


async def test_a_good_status_with_an_error_in_its_body() -> None:
    body = json.dumps({"error": {"code": 429, "message": "slow down"}}).encode()
    with pytest.raises(ModelBusy, match="slow down"):
        await deltas([body], kind="application/json")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (307, ModelRefused),
        (400, ModelRefused),
        (401, ModelUnauthorised),
        (402, ModelUnauthorised),
        (403, ModelUnauthorised),
        (404, ModelRefused),
        (408, ModelInDoubt),
        (413, ModelRefused),
        (422, ModelRefused),
        (429, ModelBusy),
        (500, ModelInDoubt),
        (502, ModelBusy),
        (503, ModelBusy),
        (504, ModelInDoubt),
        (524, ModelInDoubt),
        (529, ModelBusy),
    ],
)
@pytest.mark.parametrize("body", [b'{"error":{"code":418,"message":"the reason"}}', b"<html>the reason", b""])
def test_what_a_status_means(status: int, kind: type[ModelProblem], body: bytes) -> None:
    found = problem(read_body(status, body, None), CALL)
    assert type(found) is kind
    assert str(status) in found.reason
    assert ("the reason" in found.reason) is body.startswith(b"{")


@pytest.mark.parametrize("retryable", [None, True])
def test_a_server_error_is_not_charged_only_where_the_gateway_says_so(retryable: bool | None) -> None:
    error = VendorError(status=500, retryable=retryable, retry_after=3)
    assert type(problem(error, CALL)) is ModelInDoubt
    for found in (problem(error, CALL, insured=True), problem(error, CALL, unbilled=True)):
        assert isinstance(found, ModelBusy)
        assert found.retry_after == 3


def test_the_content_and_the_account_are_refused_differently() -> None:
    body = json.dumps({"error": {"code": 403, "message": "flagged", "metadata": {"reasons": ["x"]}}}).encode()
    assert type(problem(read_body(403, body, None), CALL)) is ModelRefused


@pytest.mark.parametrize(
    ("code", "status", "retryable", "kind"),
    [
        ("capacity_exhausted", 429, True, ModelBusy),
        ("temporarily_unavailable", 404, True, ModelBusy),
        ("no_endpoints", 404, False, ModelRefused),
        ("capacity_exhausted", 429, False, ModelRefused),
        ("temporarily_unavailable", 503, False, ModelRefused),
        ("model_not_found", 400, False, ModelUnknown),
    ],
)
def test_the_newer_shape_of_errors(code: str, status: int, retryable: bool, kind: type[ModelProblem]) -> None:
    availability = {"code": code, "retryable": retryable, "retry_after": 7}
    error = {"message": "m", "error_type": "not_found", "http_status": status, "availability": availability}
    found = problem(read_error(error), CALL)
    assert type(found) is kind
    assert not isinstance(found, ModelBusy) or found.retry_after == 7


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), ("0.5", 0.5), (None, None), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("inf", None), ("9" * 999, None)],
)
def test_when_to_ask_again(header: str | None, seconds: float | None) -> None:
    found = problem(read_body(429, b"{}", header), CALL)
    assert isinstance(found, ModelBusy)
    assert found.retry_after == seconds


@pytest.mark.parametrize(
    "error", [{"code": "9" * 9_999}, {"code": 10**999}, {"code": 429, "availability": {"retry_after": 10**999}}]
)
def test_numbers_beyond_all_measure_are_an_error_like_any_other(error: dict[str, Any]) -> None:
    found = problem(read_error(error), CALL)
    assert found.sentence
    assert not isinstance(found, ModelBusy) or found.retry_after is None


def test_a_budget_that_is_held_just_now_is_not_an_empty_account() -> None:
    assert type(problem(read_body(402, b"{}", "5"), CALL)) is ModelBusy
    assert type(problem(read_body(402, b"{}", None), CALL)) is ModelUnauthorised


def test_the_vendors_words_are_shortened_and_hold_no_key() -> None:
    raw = f"bad key {KEY}\n" + "x" * 1000
    body = json.dumps({"error": {"message": "Provider returned error", "metadata": {"raw": raw}}}).encode()
    found = problem(read_body(400, body, None), CALL)
    assert found.reason.startswith("Provider returned error: bad key [key] xxx")
    assert len(found.reason) == LONGEST_REASON
    assert KEY not in f"{found} {found.sentence} {found!r} {CALL!r}"


@pytest.mark.parametrize("body", [b'{"detail":"no"}', b'{"success":false,"error":{"name":"ZodError","message":"no"}}'])
def test_other_shapes_of_errors(body: bytes) -> None:
    assert problem(read_body(400, body, None), CALL).reason == "no (400)"
