import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from adapters.gateways.fal.errors import STATUS_OF, HttpAnswer, failure
from adapters.gateways.fal.history import Wanted
from adapters.gateways.problems import Call, status_of
from adapters.gateways.retry import Tries
from bot.domain.errors import ModelBusy, ModelInDoubt, ModelProblem, ModelRefused, ModelUnauthorised

CALL = Call(model="fal/google/gemini-2.5-flash", secret="id:secret")


def problem_of(status: int, body: Any = None, **headers: str) -> ModelProblem:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return failure(HttpAnswer(status=status, headers=named, body=raw), CALL)


@pytest.mark.parametrize(("kind", "status"), STATUS_OF.items())
def test_every_kind_of_the_platforms_errors_has_a_meaning(kind: str, status: int):
    problem = problem_of(status, {"detail": "So it is", "error_type": kind})
    expected = ModelBusy if status >= 500 else ModelInDoubt if status == 499 else ModelRefused
    assert type(problem) is expected
    assert problem.sentence
    assert type(problem_of(status, {"detail": "So it is"}, x_fal_error_type=kind)) is expected


def test_what_comes_from_something_on_the_way_is_in_doubt_unless_it_says_not_now():
    for status in (501, 504, 520, 524):
        assert type(problem_of(status, b"<html>")) is ModelInDoubt
    for status in (429, 502, 503, 529):
        assert type(problem_of(status, b"<html>")) is ModelBusy


def test_only_what_was_answered_not_now_is_sent_again():
    again = set()
    for status in range(400, 600):
        problem = problem_of(status, {"detail": "x"}, x_fal_retryable="true")
        if Tries(100, insured=False).pause(problem, 0) is not None:
            again.add(status)
    assert again == {429, 502, 503, 529}
    assert status_of(problem_of(503, b"")) == 503


def test_a_balance_a_key_and_a_permission_are_the_admins():
    for status in (401, 402, 403):
        assert type(problem_of(status, {"detail": "User is locked. Reason: Exhausted balance."})) is ModelUnauthorised


def test_several_mistakes_are_all_told():
    wrong = [{"loc": ["body", "prompt"], "msg": "Field required", "type": "missing"}, {"msg": "Too big", "type": "x"}]
    assert "prompt: Field required; Too big (422)" in problem_of(422, {"detail": wrong}).sentence


def test_the_platforms_api_has_a_shape_of_its_own():
    body = {"error": {"type": "authorization_error", "message": "Requires an Admin API key"}}
    assert "Requires an Admin API key" in problem_of(403, body).sentence


@given(
    st.integers(300, 599),
    st.binary()
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["detail", "error", "error_type", "loc", "msg", "type", "message"]), inner
            )
        ),
        max_leaves=6,
    ),
)
def test_whatever_is_answered_there_is_a_sentence(status: int, body: Any):
    problem = problem_of(status, body, retry_after="soon")
    assert problem.sentence
    assert len(problem.reason) < 400


def test_no_secret_is_told():
    assert "id:secret" not in str(problem_of(422, {"detail": "bad key id:secret"}))


@pytest.mark.parametrize(
    ("told", "is_it"),
    [
        ({"prompt": "Hi", "model": "m", "audio_url": "https://x/abc_one-0.mp3"}, True),
        ({"prompt": "Hi", "model": "m", "audio_url": "https://x/abc_one-0.mp3", "temperature": 1}, True),
        ({"prompt": "Hi", "model": "m", "audio_url": "https://x/abc_two-0.mp3"}, False),
        ({"prompt": "Hi", "model": "m", "audio_url": ["https://x/one-0.mp3", "https://x/one-0.mp3"]}, False),
        ({"prompt": "Hi", "model": "m"}, False),
        ({"prompt": "Hi", "model": "m", "audio_url": None}, False),
        ({"prompt": "Ho", "model": "m", "audio_url": "https://x/abc_one-0.mp3"}, False),
        (None, False),
    ],
)
def test_a_request_is_ours_when_everything_that_we_said_stands_in_it(told: dict[str, Any] | None, is_it: bool):
    wanted = Wanted(
        endpoint="openrouter/router/audio",
        fields={"prompt": "Hi", "model": "m"},
        media="audio_url",
        endings=("one-0.mp3",),
    )
    assert wanted.is_met(told) is is_it
