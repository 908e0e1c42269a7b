"""The account behind a key: who may call, how often, for how much; `GET /key`.

Limits: https://openrouter.ai/docs/api_reference/limits.
"""

import time
from collections import deque
from typing import Any

from aiohttp import web

from tests.fakes.openrouter.errors import ApiError, error_object, refusal


class Account:
    """Limits, all off until a test sets them."""

    def __init__(self) -> None:
        self.limit_usd: float | None = None
        self.rate_requests = 0
        self.rate_seconds = 60.0
        self.refused_keys: list[str] = []
        self.down_models: list[str] = []
        self.generation_delay_s = 0.0
        self.times_dearer = 1.0
        self._times: deque[float] = deque()

    def set(self, settings: dict[str, Any]) -> None:
        """Change some limits.

        Raises:
            KeyError: a setting is unknown.
        """
        for name, value in settings.items():
            if name.startswith("_") or name not in vars(self):
                raise KeyError(name)
            setattr(self, name, value)

    def authenticate(self, request: web.Request) -> None:
        """Refuse a request without a good key (401)."""
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or not key.strip():
            raise refusal(401, "No auth credentials found")
        if key in self.refused_keys:
            raise refusal(401, "User not found.")

    def admit(self, spent_usd: float) -> None:
        """Refuse a paid call past the credit (402) or the rate (429)."""
        if self.limit_usd is not None and spent_usd >= self.limit_usd:
            raise refusal(402, "Insufficient credits. Add more using https://openrouter.ai/settings/credits")
        if self.rate_requests:
            self._count(time.monotonic())

    def _count(self, now: float) -> None:
        while self._times and self._times[0] <= now - self.rate_seconds:
            self._times.popleft()
        if len(self._times) >= self.rate_requests:
            raise self._too_many(self._times[0] + self.rate_seconds - now)
        self._times.append(now)

    def _too_many(self, wait_s: float) -> ApiError:
        headers = {
            "X-RateLimit-Limit": str(self.rate_requests),
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": str(time.time_ns() // 1_000_000 + round(wait_s * 1000)),
        }
        error = error_object(429, message="Rate limit exceeded: requests-per-min.", headers=headers)
        return ApiError(429, {"error": error}, headers={**headers, "Retry-After": str(int(wait_s) + 1)})

    def shown(self, spent_usd: float) -> dict[str, Any]:
        """What `GET /key` says."""
        spent = round(spent_usd, 12)
        usage = {f"{kind}usage{span}": 0 for kind in ("", "byok_") for span in ("", "_daily", "_weekly", "_monthly")}
        return {
            **usage,
            "label": "sk-or-v1-loo...ack",
            "limit": self.limit_usd,
            "limit_remaining": None if self.limit_usd is None else max(0.0, self.limit_usd - spent),
            "limit_reset": None,
            "include_byok_in_limit": False,
            "usage": spent,
            "usage_daily": spent,
            "usage_weekly": spent,
            "usage_monthly": spent,
            "is_free_tier": False,
            "is_management_key": False,
            "is_provisioning_key": False,
            "creator_user_id": None,
            "expires_at": None,
            "rate_limit": {"requests": -1, "interval": "10s", "note": "This field is deprecated and safe to ignore."},
            "allowed_data_regions": [],
            "budgets": [],
            "effective_budget": None,
            "free_model_daily_requests": {"limit": 1000, "remaining": 1000, "used": 0},
            "organization_id": None,
            "workspace_id": "ws_loopback",
        }
