"""fal's error shapes: https://fal.ai/docs/documentation/model-apis/errors for models and
https://fal.ai/docs/documentation/model-apis/request-errors for the platform.
"""

from typing import Any

from aiohttp import web


class ApiError(Exception):
    """An error answer; `violation` says how the client broke the contract, None where it did not."""

    def __init__(
        self, status: int, body: dict[str, Any], *, headers: dict[str, str] | None = None, violation: str | None = None
    ) -> None:
        super().__init__(f"{status}: {violation or body}")
        self.status = status
        self.body = body
        self.headers = headers or {}
        self.violation = violation

    def response(self) -> web.Response:
        """The HTTP answer."""
        return web.json_response(self.body, status=self.status, headers=self.headers)


def refusal(status: int, detail: str, *, violation: bool = False) -> ApiError:
    """The platform's flat shape."""
    return ApiError(status, {"detail": detail}, violation=detail if violation else None)


def invalid(field: str, message: str, kind: str, *, violation: bool = False, **context: Any) -> ApiError:
    """The models' shape: a list of what is wrong with the input."""
    entry = {
        "loc": ["body", field],
        "msg": message,
        "type": kind,
        "url": f"https://docs.fal.ai/errors#{kind}",
        "ctx": context,
        "input": None,
    }
    retryable = {"X-Fal-Retryable": "false"}
    return ApiError(422, {"detail": [entry]}, headers=retryable, violation=message if violation else None)


def platform_refusal(status: int, kind: str, message: str) -> ApiError:
    """The shape of the platform's API: https://fal.ai/docs/api-reference/platform-apis/introduction."""
    return ApiError(status, {"error": {"type": kind, "message": message}})
