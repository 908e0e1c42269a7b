import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from adapters.gateways.fal.errors import STATUS_OF, HttpAnswer, failure
from adapters.gateways.fal.history import holds
from adapters.gateways.fal.marks import TAG, mark_of, proof_of, tagged
from adapters.gateways.problems import Call, status_of
from adapters.gateways.retry import Tries
from bot.domain.errors import ModelBusy, ModelInDoubt, ModelProblem, ModelRefused, ModelUnauthorised
from bot.domain.money import Usage
from tests.fakes.fal.tags import tags_of

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
        ({"prompt": "Hi", "audio_url": "https://x/abc_one-0.mp3"}, True),
        ({"prompt": "Hi", "audio_url": "https://x/abc_two-0.mp3"}, False),
        ({"prompt": "Hi", "audio_url": "data:audio/mpeg;base64,b25lLTAubXAz"}, False),
        ({"prompt": "one-0.mp3"}, False),
        ({"prompt": "Hi", "audio_url": None}, False),
        (None, False),
    ],
)
def test_a_request_is_ours_when_its_files_have_the_names_that_we_gave(told: dict[str, Any] | None, is_it: bool):
    assert holds(told, "openrouter/router/audio", ["one-0.mp3"]) is is_it


def test_what_has_no_files_of_ours_is_never_recognised_by_them():
    assert not holds({"prompt": "Hi"}, "openrouter/router", [])
    assert not holds({"audio_url": "https://x/one-0.mp3"}, "openrouter/router/audio", [])
    both = {"video_urls": ["https://x/one-0.mp4", "https://youtu.be/x"]}
    assert holds(both, "openrouter/router/video", ["one-0.mp4"])
    assert not holds(both, "openrouter/router/video", ["one-0.mp4", "one-1.mp4"])


def test_a_mark_depends_on_the_key_and_the_call_and_is_no_proof_of_a_webhook():
    marks = {mark_of("a", "k"), mark_of("b", "k"), mark_of("a", "l"), proof_of("a", "k")}
    assert len(marks) == 4
    assert mark_of("a", "k") == mark_of("a", "k")
    assert mark_of("", "k") == ""
    assert tagged("") == {}
    assert tags_of({name.lower(): value for name, value in tagged("0f" * 16).items()}) == {TAG: "0f" * 16}


LIST = [{"loc": ["body", "audio_url"], "msg": "Cannot be read", "type": "file_download_error"}]


@pytest.mark.parametrize("detail", ["Too long", LIST])
def test_what_a_model_refuses_after_it_was_begun_may_have_been_charged(detail: Any):
    for status in (400, 401, 402, 403, 404, 422):
        answer = HttpAnswer(status=status, headers={}, body=json.dumps({"detail": detail}).encode())
        problem = failure(answer, CALL, taken=True)
        assert problem.usage == Usage()
        assert not problem.transient


@pytest.mark.parametrize("status", [400, 422, 429])
def test_a_model_that_is_busy_after_it_was_begun_is_in_doubt(status: int):
    headers = {"x-fal-retryable": "true"}
    answer = HttpAnswer(status=status, headers=headers, body=json.dumps({"detail": LIST}).encode())
    assert type(failure(answer, CALL, taken=True)) is ModelInDoubt
    assert type(failure(answer, CALL)) is ModelInDoubt


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_what_fal_answers_500_and_above_is_not_charged(status: int):
    answer = HttpAnswer(status=status, headers={}, body=json.dumps({"detail": "Gone", "error_type": "x"}).encode())
    problem = failure(answer, CALL, taken=True)
    assert type(problem) is ModelBusy
    assert problem.usage is None
