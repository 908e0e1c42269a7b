"""`GET /generation?id=`: what became of a call, once it has ended (https://openrouter.ai/docs/api/api-reference)."""

import time
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any

from aiohttp import web

from tests.fakes.openrouter.catalogue import MODELS
from tests.fakes.openrouter.errors import refusal
from tests.fakes.openrouter.ledger import Call
from tests.fakes.openrouter.state import FAKE

KINDS = {
    "/api/v1/chat/completions": "completions",
    "/api/v1/audio/transcriptions": "stt",
    "/api/v1/audio/speech": "tts",
}
NOTHING = (
    "upstream_id",
    "cache_discount",
    "upstream_inference_cost",
    "app_id",
    "moderation_latency",
    "service_tier",
    "native_tokens_completion_images",
    "num_search_results",
    "num_fetches",
    "web_search_engine",
    "preset_id",
    "router",
    "provider_responses",
    "user_agent",
    "http_referer",
    "workspace_id",
    "request_id",
)
"""Fields that are there and always null."""


async def generation(request: web.Request) -> web.Response:
    """Tell what became of a call; unknown, running and too recent ones are 404, as are calls that were refused."""
    fake = request.app[FAKE]
    wanted = request.query.get("id", "")
    if not wanted:
        raise refusal(400, "Missing id", violation=True)
    call = fake.ledger.find(wanted)
    if call is None or not settled(call, fake.account.generation_delay_s):
        raise refusal(404, f"Generation {wanted} not found")
    # The clock that tests put forward is that of every header, so that a call is as old as its kept answer.
    now = time.time_ns() / 1e9 + fake.cache.now() - time.monotonic()
    return web.json_response({"data": shown(call)}, headers={"Date": formatdate(now, usegmt=True)})


def settled(call: Call, delay_s: float) -> bool:
    """Whether the record is out by now, and the model was ever asked."""
    return bool(call.usage) and call.finished_at is not None and time.monotonic() >= call.finished_at + delay_s


def shown(call: Call) -> dict[str, Any]:
    """The record of a call."""
    usage = call.usage
    model = MODELS.get(call.model)
    end = call.finished_at or call.received_at
    cost = call.cost_usd if call.charged else 0
    return {
        **dict.fromkeys(NOTHING),
        **counted(usage),
        "id": call.generation_id,
        "total_cost": cost,
        "usage": cost,
        "created_at": datetime.fromtimestamp(call.created, UTC).isoformat(),
        "model": call.model,
        "provider_name": None if model is None else model.provider,
        "streamed": call.stream,
        "cancelled": call.outcome in {"cancelled", "cut"},
        "latency": round(((call.answered_at or end) - call.received_at) * 1000, 3),
        "generation_time": round((end - call.received_at) * 1000, 3),
        "finish_reason": call.finish_reason,
        "native_finish_reason": call.finish_reason,
        "origin": "",
        "is_byok": False,
        "external_user": call.user,
        "session_id": call.session_id,
        "api_type": KINDS.get(call.path),
        "data_region": "global",
        "response_cache_source_id": call.cache_source_id or None,
    }


def counted(usage: dict[str, Any]) -> dict[str, Any]:
    """The token counts of a record."""
    prompt, completion = usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0)
    heard = usage.get("prompt_tokens_details", {}).get("audio_tokens", 0)
    return {
        "tokens_prompt": prompt,
        "tokens_completion": completion,
        "native_tokens_prompt": prompt,
        "native_tokens_completion": completion,
        "native_tokens_reasoning": usage.get("completion_tokens_details", {}).get("reasoning_tokens", 0),
        "native_tokens_cached": 0,
        "num_media_prompt": 0,
        "num_input_audio_prompt": 1 if heard else 0,
        "num_media_completion": 0,
    }
