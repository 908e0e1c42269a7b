"""A receipt says what a reply took, call by call, and who answered instead of whom."""

import pytest

from bot.domain.journal import Step, StepState
from bot.domain.money import CallKind, Nanodollars, Usage, UsageRecord
from bot.domain.receipts import asked_model, cost_words, make_receipt

AT = 1_795_280_592_000
"""2026-11-21T17:03:12Z, in milliseconds since 1970."""


def record(step: str, model: str, **usage: int | None) -> UsageRecord:
    gateway, _, name = model.partition("/")
    return UsageRecord(
        job="slack:T1:C1:1",
        step=step,
        at=AT,
        platform="slack",
        workspace="T1",
        channel="C1",
        author="U1",
        gateway=gateway,
        model=name,
        kind=CallKind.CHAT,
        usage=Usage(**usage),
        duration_ms=1_840,
    )


def done(name: str, **result: object) -> Step:
    return Step(name=name, state=StepState.DONE, result=result)


@pytest.mark.parametrize(
    ("step", "model"),
    [
        ("hear:0:0:local/whisper-tiny.en", "local/whisper-tiny.en"),
        ("answer:openrouter/openai/gpt-4o-mini:free", "openrouter/openai/gpt-4o-mini:free"),
        ("speak:ollama/llama3:8b", "ollama/llama3:8b"),
        ("post:text:0", ""),
    ],
)
def test_a_step_names_the_model_that_it_asks(step: str, model: str):
    assert asked_model(step) == model


def test_each_call_is_told_with_everything_that_is_known_of_it():
    steps = {name: done(name) for name in ("hear:0:0:local/ear", "answer:openrouter/a/b")}
    records = [
        record("hear:0:0:local/ear", "local/ear", audio_ms=3_200, cost=Nanodollars(0)),
        record("answer:openrouter/a/b", "openrouter/a/b", tokens_in=1_230, tokens_out=14, cost=Nanodollars(12_375)),
    ]
    made = make_receipt(steps, records)
    assert [line.words for line in made.lines] == [
        "Wrote down: local/ear, 17:03:12 UTC, 3.2 s of sound, took 1.8 s, free",
        "Answered: openrouter/a/b, 17:03:12 UTC, 1,230 tokens in, 14 out, took 1.8 s, cost $0.000012375",
    ]
    assert made.sum_words == "$0.000012375"


def test_what_is_not_known_is_never_told_as_nothing():
    made = make_receipt({"speak:x/y": done("speak:x/y")}, [record("speak:x/y", "x/y", tokens_in=5)])
    assert made.lines[0].words == "Spoke: x/y, 17:03:12 UTC, 5 tokens in, unknown out, took 1.8 s, cost unknown"
    assert made.sum_words == "1 call of unknown cost"


def test_a_fallback_says_instead_of_whom_it_answered():
    steps = {
        "answer:x/first": Step(name="answer:x/first", state=StepState.FAILED),
        "answer:x/second": done("answer:x/second", instead_of="x/first: it is busy"),
        "hear:0:0:x/asked": done("hear:0:0:x/asked"),
    }
    fell_back, rerouted = make_receipt(
        steps, [record("answer:x/second", "x/second"), record("hear:0:0:x/asked", "x/other")]
    ).lines
    assert fell_back.words.endswith(", instead of x/first: it is busy")
    assert rerouted.words.endswith(", instead of x/asked")
    assert rerouted.words.startswith("Wrote down: x/other,")


def test_what_was_charged_for_nothing_is_told_as_that():
    steps = {
        "answer:x/first": Step(name="answer:x/first", state=StepState.FAILED),
        "answer:x/second": done("answer:x/second"),
    }
    records = [
        record("answer:x/first", "x/first", cost=Nanodollars(2_000_000_000)),
        record("answer:x/second", "x/second", cost=None),
        record("answer:x/second", "x/second", cost=Nanodollars(1_000_000_000)),
    ]
    made = make_receipt(steps, records)
    assert [line.came_to_nothing for line in made.lines] == [True, True, False]
    assert made.lines[0].words.startswith("Came to nothing: x/first,")
    assert made.sum_words == "$3.00 and 1 call of unknown cost"


@pytest.mark.parametrize(
    ("known", "unknown", "words"),
    [
        (0, 0, "free"),
        (5, 0, "$0.000000005"),
        (0, 2, "2 calls of unknown cost"),
        (5, 1, "$0.000000005 and 1 call of unknown cost"),
    ],
)
def test_a_sum_says_what_is_missing_in_it(known: int, unknown: int, words: str):
    assert cost_words(Nanodollars(known), unknown) == words
