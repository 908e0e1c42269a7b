"""What a gateway's error means for us: was anything charged, and does it help to ask again?

The vendor's table: https://openrouter.ai/docs/api_reference/errors-and-debugging

    429 502 503 529, or "retryable"       ModelBusy          an answer that is an error is not charged
    500                                   ModelBusy          where the gateway is insured, else ModelInDoubt: the model
                                                             may have done its work
    401 402 403                           ModelUnauthorised  but a 403 about the content is ModelRefused, and a 402 that
                                                             says when to ask again is ModelBusy
    "not retryable", other 3xx and 4xx    ModelRefused
    408, other 5xx                        ModelInDoubt       somebody on the way gave up; the model may have gone on
    the model is gone                     ModelUnknown
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.domain.errors import (
    ModelBusy,
    ModelInDoubt,
    ModelProblem,
    ModelRefused,
    ModelUnauthorised,
    ModelUnknown,
)
from bot.words import Phrase, phrase

LONGEST_REASON = 240
LONGEST_CODE = 9
"""Digits."""
SERVER = 500
BUSY = frozenset({429, SERVER, 502, 503, 529})
GAVE_UP = frozenset({408})
GONE = frozenset({"model_not_found", "model_deprecated", "free_variant_ended"})

STATUS_OF_WORD: Mapping[str, int] = {
    "authentication": 401,
    "payment_required": 402,
    "permission_denied": 403,
    "not_found": 404,
    "timeout": 408,
    "rate_limit_exceeded": 429,
    "server": 500,
    "server_error": 500,
    "unmapped": 500,
    "provider_unavailable": 502,
    "provider_overloaded": 503,
}
"""Errors inside a stream may be named by a word alone; one that is not here is about the request, so 400."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """What a problem is about."""

    model: str
    """The gateway's name of the model."""
    secret: str = field(repr=False)
    """The key, which no text may show."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VendorError:
    """An error in the vendor's words."""

    status: int
    """As HTTP has it, also where it came inside a stream."""
    message: str = ""
    """For people; long, or empty, or with secrets in it."""
    retry_after: float | None = None
    """Seconds; None when it does not say."""
    retryable: bool | None = None
    """What the vendor says itself; None when it does not."""
    about_content: bool = False
    """Whether the content was refused, not the account."""
    gone: bool = False
    """Whether there is no such model, or no longer."""


class Answered(Exception):
    """The cause of a problem that came as an answer of HTTP; tells nothing but its status, because texts hold secrets."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status


def status_of(problem: ModelProblem) -> int | None:
    """Return the status of the answer that a problem came as; None where there was none, or a good one."""
    return problem.__cause__.status if isinstance(problem.__cause__, Answered) else None


def read_body(status: int, body: bytes, retry_after: str | None) -> VendorError:
    """Read an answer that is an error.

    Args:
        status: of HTTP.
        body: JSON, or a page of something on the way.
        retry_after: the header; only seconds are understood, not a date.
    """
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        parsed = None
    return read_error(_found(parsed), status=status, retry_after=_seconds(retry_after))


def _found(answer: object) -> object:
    """Return what an answer says of its error, wherever it stands: some servers wrap it twice, others not at all."""
    if not isinstance(answer, dict):
        return None
    error = answer.get("error") or answer.get("detail")
    if isinstance(error, dict) and isinstance(error.get("error"), dict):
        return error["error"]
    return error or (answer if "message" in answer else None)


def read_error(error: object, *, status: int | None = None, retry_after: float | None = None) -> VendorError:
    """Read what stands under `error`, in the older shape (`code`) and the newer one (`error_type`, `availability`).

    Args:
        error: an object, a text, or nothing.
        status: of HTTP; None where the error came inside a good answer.
        retry_after: from the header.
    """
    if not isinstance(error, dict):
        return VendorError(status=status or 500, message=_text(error), retry_after=retry_after)
    metadata, availability = _object(error.get("metadata")), _object(error.get("availability"))
    retryable = availability.get("retryable")
    return VendorError(
        status=status or _status(error, metadata),
        message=_message(error, metadata),
        retry_after=retry_after if retry_after is not None else _seconds(availability.get("retry_after")),
        retryable=retryable if isinstance(retryable, bool) else None,
        about_content="reasons" in metadata or "flagged_input" in metadata,
        gone=availability.get("code") in GONE,
    )


def problem(error: VendorError, call: Call, *, insured: bool = False, unbilled: bool = False) -> ModelProblem:
    """Say what an error means for us: the table at the top.

    Args:
        error: the vendor's.
        call: what it is about.
        insured: see `Endpoint.insured`.
        unbilled: it is certain, for another reason than the status, that nothing was charged.
    """
    message = shorten(error.message, call, LONGEST_REASON - len(f" ({error.status})")) or phrase("no reason given")
    reason = phrase("{message} ({status})", message=message, status=error.status)
    if error.gone:
        return ModelUnknown(reason, model=call.model)
    if _is_busy(error) and (error.status != SERVER or insured or unbilled):
        return ModelBusy(reason, model=call.model, retry_after=error.retry_after)
    if error.status in {401, 402, 403} and not error.about_content:
        return ModelUnauthorised(reason, model=call.model)
    if error.retryable is False or (error.status < 500 and error.status not in GAVE_UP):
        return ModelRefused(reason, model=call.model)
    return ModelBusy(reason, model=call.model) if unbilled else ModelInDoubt(reason, model=call.model)


def _is_busy(error: VendorError) -> bool:
    if error.retryable is not None:
        return error.retryable
    # A 402 with a time is a budget that other calls hold just now; one without is an empty account.
    return error.status in BUSY or (error.status == 402 and error.retry_after is not None)


def shorten(text: str, call: Call, most: int = LONGEST_REASON) -> str:
    """Make a vendor's text fit for people: one line, not too long, without the key; our own words stay a phrase."""
    if isinstance(text, Phrase):
        return phrase(text.template, **{name: shorten(str(value), call, most) for name, value in text.blanks.items()})
    if call.secret:
        text = text.replace(call.secret, "[key]")
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _status(error: Mapping[str, Any], metadata: Mapping[str, Any]) -> int:
    for value in (error.get("http_status"), error.get("code"), error.get("error_type"), metadata.get("error_type")):
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str) and value:
            return int(value) if value.isdecimal() and len(value) <= LONGEST_CODE else STATUS_OF_WORD.get(value, 400)
    return 500


def _message(error: Mapping[str, Any], metadata: Mapping[str, Any]) -> str:
    """Return the message, with what the provider behind the gateway said where the message only says that it did."""
    return ": ".join(filter(None, (_text(error.get("message")), _text(metadata.get("raw")))))


def _seconds(value: object) -> float | None:
    try:
        seconds = float(value) if isinstance(value, str | int | float) else -1.0
    except (ValueError, OverflowError):
        return None
    return seconds if 0 <= seconds < float("inf") else None


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
