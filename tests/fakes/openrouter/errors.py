"""The vendor's error shapes: https://openrouter.ai/docs/api_reference/errors-and-debugging."""

from typing import Any

from aiohttp import web

from tests.fakes.openrouter.faults import Fault

Body = dict[str, Any]

USUAL: dict[int, tuple[str, str]] = {
    400: ("invalid_request", "Invalid request parameters"),
    401: ("authentication", "No auth credentials found"),
    402: ("payment_required", "Insufficient credits. Add more using https://openrouter.ai/settings/credits"),
    403: ("permission_denied", "Request blocked: prompt injection patterns detected"),
    404: ("not_found", "No endpoints found for this model"),
    408: ("timeout", "Request timed out"),
    412: ("precondition_failed", "Precondition failed"),
    413: ("payload_too_large", "Request entity too large"),
    422: ("unprocessable", "Unprocessable request"),
    429: ("rate_limit_exceeded", "Rate limit exceeded"),
    500: ("server", "Internal Server Error"),
    502: ("provider_unavailable", "Provider returned an invalid response"),
    503: ("provider_overloaded", "Provider is temporarily overloaded"),
    504: ("timeout", "The provider did not respond in time"),
    524: ("timeout", "Request timed out at the edge"),
    529: ("provider_overloaded", "Provider returned overloaded"),
}
"""Typed code and message of each status."""

AVAILABILITY: dict[str, tuple[int, bool]] = {
    "model_not_found": (400, False),
    "wrong_endpoint": (400, False),
    "no_endpoints": (404, False),
    "model_deprecated": (404, False),
    "model_unavailable_upstream": (404, False),
    "capacity_exhausted": (429, True),
    "temporarily_unavailable": (503, True),
    "region_restricted": (403, False),
    "privacy_restricted": (404, False),
    "constraint_filtered": (404, False),
    "free_variant_ended": (404, False),
}
"""Status and retryability of each availability code."""


class ApiError(Exception):
    """An error answer.

    `violation` says what was wrong with the request, where the client broke the contract; it is None where the
    account, the model or a fault is to blame.
    """

    def __init__(
        self, status: int, body: Body | str, *, headers: dict[str, str] | None = None, violation: str | None = None
    ) -> None:
        super().__init__(f"{status}: {violation or body}")
        self.status = status
        self.body = body
        self.headers = headers or {}
        self.violation = violation

    def response(self, headers: dict[str, str]) -> web.Response:
        """The HTTP answer, with the headers that every answer has."""
        merged = {**headers, **self.headers}
        if isinstance(self.body, str):
            return web.Response(status=self.status, text=self.body, content_type="text/html", headers=merged)
        return web.json_response(self.body, status=self.status, headers=merged)


def error_object(
    status: int,
    *,
    message: str | None = None,
    error_type: str | None = None,
    provider_code: str | None = None,
    **metadata: object,
) -> Body:
    """The inside of `error`; on 500s the message is masked and the provider's code left out."""
    usual_type, usual_message = USUAL.get(status, ("unmapped", "Unknown error"))
    details: Body = {"error_type": error_type or usual_type, **metadata}
    if provider_code is not None and status != 500:
        details["provider_code"] = provider_code
    text = usual_message if status == 500 else message or usual_message
    return {"code": status, "message": text, "metadata": details}


def refusal(status: int, message: str, *, violation: bool = False, **metadata: object) -> ApiError:
    """An error answer with a message; `violation` marks it as the client's breach of the contract."""
    error = error_object(status, message=message, **metadata)  # type: ignore[arg-type]
    return ApiError(status, {"error": error}, violation=message if violation else None)


def availability_object(fault: Fault, model: str) -> tuple[int, Body]:
    """The newer shape, without `code`: status and the inside of `error`."""
    code = fault.availability or ""
    status, retryable = AVAILABILITY[code]
    availability: Body = {
        "code": code,
        "retryable": retryable,
        "requested_models": [model],
        "docs_url": f"https://openrouter.ai/docs/errors#{code}",
    }
    if fault.retry_after_s is not None:
        availability["retry_after"] = fault.retry_after_s
    usual_type, usual_message = USUAL[status]
    error = {
        "message": fault.message or usual_message,
        "error_type": fault.error_type or usual_type,
        "http_status": status,
        "availability": availability,
    }
    return status, error


def fault_error(fault: Fault, model: str) -> tuple[int, Body]:
    """Status and the inside of `error` that a fault asks for."""
    if fault.availability is not None:
        return availability_object(fault, model)
    error = error_object(
        fault.status, message=fault.message, error_type=fault.error_type, provider_code=fault.provider_code
    )
    if fault.code is not None:
        error["code"] = fault.code
    return fault.status, error


def faulty_answer(fault: Fault, model: str) -> ApiError:
    """The error answer of an ERROR fault."""
    status, error = fault_error(fault, model)
    headers = {} if fault.retry_after_s is None else {"Retry-After": str(fault.retry_after_s)}
    return ApiError(status, fault.raw_body if fault.raw_body is not None else {"error": error}, headers=headers)
