"""What fal's errors mean for us: was anything charged, and does it help to ask again?

Models answer with a list of what is wrong (https://fal.ai/docs/documentation/model-apis/errors), the platform with a
text and a kind (https://fal.ai/docs/documentation/model-apis/request-errors), both with headers that say whether it
helps to try again. What is answered 500 and above is not charged; what a model itself answers below may be:
https://fal.ai/docs/documentation/model-apis/faq.

    5xx in fal's own words, "retryable"    ModelBusy          not charged
    429, 502, 503, 529                     ModelBusy          nothing was begun
    another 5xx, of something on the way   ModelInDoubt
    401, 402, 403                          ModelUnauthorised  also an empty balance
    a model that does not exist            ModelUnknown
    client_cancelled                       ModelInDoubt       it may have been at work already
    other 4xx                              ModelRefused
    4xx of a call that was taken           the same, at a cost that nobody tells; never ModelBusy
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.gateways.problems import Answered, Call, VendorError, problem, shorten
from adapters.gateways.reading import a_list, a_text, an_object
from bot.domain.errors import ModelBusy, ModelInDoubt, ModelProblem, ModelUnknown
from bot.domain.money import Usage
from bot.words import phrase

STATUS_OF: Mapping[str, int] = {
    "request_timeout": 504,
    "startup_timeout": 504,
    "runner_scheduling_failure": 503,
    "runner_connection_timeout": 503,
    "runner_disconnected": 503,
    "runner_connection_refused": 503,
    "runner_connection_error": 503,
    "runner_incomplete_response": 502,
    "runner_server_error": 500,
    "internal_error": 500,
    "client_disconnected": 499,
    "client_cancelled": 499,
    "bad_request": 400,
}
"""The platform's kinds of errors."""

WORDS: Mapping[str, str] = {
    "file_download_error": phrase("fal could not fetch the file"),
    "file_too_large": phrase("the file is too large for fal"),
    "unsupported_audio_format": phrase("fal does not read this kind of sound"),
    "unsupported_video_format": phrase("fal does not read this kind of video"),
    "unsupported_image_format": phrase("fal does not read this kind of picture"),
    "audio_duration_too_long": phrase("the recording is too long for the model"),
    "video_duration_too_long": phrase("the video is too long for the model"),
    "content_policy_violation": phrase("its content filter refuses that"),
    "feature_not_supported": phrase("the model does not take that"),
    "generation_timeout": phrase("the model took too long"),
    "request_timeout": phrase("fal gave up waiting for the model"),
    "startup_timeout": phrase("fal could not start the model in time"),
    "runner_scheduling_failure": phrase("fal has no room for the model now"),
    "client_cancelled": phrase("the call was cancelled"),
}
"""Kinds of errors in words for people; the rest is told in fal's."""

MAY_BE_SENT_AGAIN = frozenset({429, 502, 503, 529})
CANCELLED = frozenset({"client_cancelled", "client_disconnected"})
NO_SUCH_MODEL = "not a valid model"


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpAnswer:
    """A whole answer of HTTP."""

    status: int
    """Of HTTP."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    """All of it, or the beginning of what is too long."""

    def json(self) -> dict[str, Any]:
        """Return the body as an object; empty where it is none."""
        try:
            return an_object(json.loads(self.body))
        except (ValueError, RecursionError):
            return {}

    def is_a_models(self) -> bool:
        """Return whether it is an error in the words of a model: nobody else answers with a list of what is wrong."""
        return bool(a_list(self.json().get("detail")))

    @property
    def kind(self) -> str:
        """The platform's kind of the error; empty where it does not say."""
        return a_text(self.json().get("error_type")) or self.headers.get("x-fal-error-type", "")


def failure(answer: HttpAnswer, call: Call, *, taken: bool = False) -> ModelProblem:
    """Say what an answer that is an error means: the table at the top.

    Args:
        answer: the error.
        call: what it is about.
        taken: fal had taken the call, and this is what became of it.
    """
    found = _failure(answer, call)
    if answer.status < 500 and (taken or answer.is_a_models()):
        return _perhaps_charged(found)
    if answer.status in MAY_BE_SENT_AGAIN or answer.status == 500:
        found.__cause__ = Answered(answer.status)  # only these are sent again by themselves, see `retry`
    return found


def _failure(answer: HttpAnswer, call: Call) -> ModelProblem:
    return failure_of(
        answer.status,
        answer.json(),
        call,
        kind=answer.kind,
        retryable=_truth(answer.headers.get("x-fal-retryable")) or _truth(answer.headers.get("x-fal-needs-retry")),
        retry_after=_seconds(answer.headers.get("retry-after")),
    )


def _perhaps_charged(problem: ModelProblem) -> ModelProblem:
    """Say that a model was at work when it failed; one that does not exist was not."""
    match problem:
        case ModelBusy():
            return ModelInDoubt(problem.reason, model=problem.model)
        case ModelUnknown() | ModelInDoubt():
            return problem
        case _:
            problem.usage = Usage()
            return problem


def failure_of(
    status: int,
    told: Mapping[str, Any],
    call: Call,
    *,
    kind: str = "",
    retryable: bool | None = None,
    retry_after: float | None = None,
) -> ModelProblem:
    """Say what an error means, wherever it was told.

    Args:
        status: of HTTP, or as good as that.
        told: the JSON; empty where it was none.
        call: what it is about.
        kind: of the platform.
        retryable: what fal says itself; None when it does not.
        retry_after: seconds.
    """
    kinds, message = _read(told, kind)
    if CANCELLED & set(kinds) or status == 499:
        return ModelInDoubt(phrase("it was cancelled before its answer came"), model=call.model)
    error = VendorError(
        status=status,
        message=shorten(message, call),
        retry_after=retry_after,
        retryable=retryable or None,
        about_content="content_policy_violation" in kinds,
        gone=NO_SUCH_MODEL in message,
    )
    return problem(error, call, unbilled=status >= 500 and bool(message))


def _read(told: Mapping[str, Any], kind: str) -> tuple[list[str], str]:
    """Return the kinds of an error, and its message for people."""
    detail = told.get("detail")
    if isinstance(detail, list):
        entries = [an_object(entry) for entry in detail]
        return [a_text(entry.get("type")) for entry in entries], "; ".join(filter(None, map(_line, entries)))
    message = a_text(detail) or a_text(an_object(told.get("error")).get("message")) or a_text(told.get("error"))
    return [kind], _told(kind, message)


def _line(entry: Mapping[str, Any]) -> str:
    field = ".".join(str(part) for part in a_list(entry.get("loc")) if part != "body")
    message = a_text(entry.get("msg"))
    return _told(a_text(entry.get("type")), f"{field}: {message}" if field and message else message)


def _told(kind: str, message: str) -> str:
    words = WORDS.get(kind)
    if words is None:
        return message or kind.replace("_", " ")
    return phrase("{words} ({message})", words=words, message=message) if message else words


def _truth(value: str | None) -> bool | None:
    return None if value is None else value.strip().lower() in {"1", "true", "yes"}


def _seconds(value: str | None) -> float | None:
    return float(value) if value is not None and value.isdecimal() else None
