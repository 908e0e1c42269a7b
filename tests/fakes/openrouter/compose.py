"""From a request and a script to an answer with its usage and cost."""

import base64
import math
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from tests.fakes.openrouter.catalogue import Model
from tests.fakes.openrouter.prompt import Prompt
from tests.fakes.openrouter.script import Script
from tests.fakes.openrouter.speech import encoded, spoken_seconds, tone

AUDIO_OUT_TOKENS_A_SECOND = 20
PCM_BYTES_A_SECOND = 48_000
SPEAK = re.compile(r"<speak>(.*)</speak>", re.DOTALL)
TOKEN = re.compile(r"\S+\s*|\s+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a model says, ready to be written as JSON or as a stream."""

    model: Model
    """Who says it."""
    tokens: tuple[str, ...]
    """The text in tokens."""
    reasoning: tuple[str, ...]
    """The reasoning in tokens."""
    audio: tuple[str, ...]
    """Audio in base64, one entry a delta."""
    finish_reason: str
    """Why it ends."""
    usage: dict[str, Any]
    """Usage, with the cost."""
    tells_cost: bool = True
    """Whether the cost is told."""

    @property
    def text(self) -> str | None:
        """The whole text; None where all tokens went to reasoning."""
        return "".join(self.tokens) if self.tokens or not self.reasoning else None

    @property
    def shown_usage(self) -> dict[str, Any]:
        """Usage as reported."""
        return {name: value for name, value in self.usage.items() if self.tells_cost or not name.startswith("cost")}

    @property
    def cost_usd(self) -> float:
        """What it costs."""
        return float(self.usage["cost"])


def compose(body: dict[str, Any], prompt: Prompt, model: Model, script: Script) -> Answer:
    """Compose the answer, as long as `max_tokens` allows."""
    spoken = "audio" in body.get("modalities", ())
    text = "" if script.empty else script.text if script.text is not None else usual_text(prompt, spoken=spoken)
    limit = math.inf if script.ignores_limit else body.get("max_completion_tokens") or body.get("max_tokens", math.inf)
    reasoning, tokens = split(script.reasoning or ("Let me think." if script.empty else "")), split(text)
    short = len(reasoning) + len(tokens) > limit
    if short:
        reasoning = reasoning[: int(limit)]
        tokens = tokens[: int(limit) - len(reasoning)]
    audio = spoken_deltas("".join(tokens), model, script) if spoken else ()
    finish_reason = "length" if short or script.empty else script.finish_reason
    answer = Answer(model=model, tokens=tokens, reasoning=reasoning, audio=audio, finish_reason=finish_reason, usage={})
    return replace(answer, usage=usage_of(answer, prompt, script))


@lru_cache(maxsize=256)
def split(text: str) -> tuple[str, ...]:
    """A text in tokens: words with the space behind them."""
    return tuple(TOKEN.findall(text))


@lru_cache(maxsize=16)
def pieces(data: bytes, size: int) -> tuple[str, ...]:
    """Bytes in padded base64 pieces."""
    return tuple(base64.b64encode(data[start : start + size]).decode() for start in range(0, len(data), size))


def usual_text(prompt: Prompt, *, spoken: bool) -> str:
    """Say back what was in the request; aloud, read what stands between tags."""
    found = SPEAK.fullmatch(prompt.text) if spoken else None
    return prompt.told() if found is None else found[1]


def spoken_deltas(text: str, model: Model, script: Script) -> tuple[str, ...]:
    """The speech of a text, pcm16 24 kHz mono, one entry a delta; or music, a whole MP3 in one."""
    if script.audio is not None:
        data = base64.b64decode(script.audio)
    else:
        data = (encoded if model.whole_sound else tone)(spoken_seconds(text))
    return pieces(data, len(data) if model.whole_sound else script.audio_chunk_bytes)


def usage_of(answer: Answer, prompt: Prompt, script: Script) -> dict[str, Any]:
    """Usage and cost in the vendor's shape."""
    spoken_bytes = sum(len(piece) * 3 // 4 for piece in answer.audio)
    audio_out = round(spoken_bytes / PCM_BYTES_A_SECOND * AUDIO_OUT_TOKENS_A_SECOND)
    completion = len(answer.tokens) + len(answer.reasoning) + audio_out
    model, audio_in = answer.model, prompt.audio_tokens
    paid_in = (prompt.tokens - audio_in) * model.price("prompt") + audio_in * model.price("audio")
    paid_out = (completion - audio_out) * model.price("completion") + audio_out * model.price("audio_output")
    paid = paid_in + paid_out + model.price("request", "")
    cost = paid if script.cost_usd is None else script.cost_usd
    return {
        "prompt_tokens": prompt.tokens,
        "completion_tokens": completion,
        "total_tokens": prompt.tokens + completion,
        "cost": round(cost, 12),
        "is_byok": False,
        "prompt_tokens_details": {
            "cached_tokens": 0,
            "cache_write_tokens": 0,
            "audio_tokens": audio_in,
            "video_tokens": prompt.video_tokens,
        },
        "completion_tokens_details": {
            "reasoning_tokens": len(answer.reasoning),
            "audio_tokens": audio_out,
            "image_tokens": 0,
        },
        "cost_details": {
            "upstream_inference_cost": None,
            "upstream_inference_prompt_cost": round(paid_in, 12),
            "upstream_inference_completions_cost": round(paid_out, 12),
        },
    }


def free(answer: Answer) -> Answer:
    """The same answer out of the cache: every usage counter is zero."""
    return replace(answer, usage=zeroed(answer.usage))


def zeroed(usage: dict[str, Any]) -> dict[str, Any]:
    """The same counters, all zero."""
    return {name: zero(value) for name, value in usage.items()}


def zero(value: Any) -> Any:
    """Zero of a counter; flags and unknowns stay."""
    if isinstance(value, dict):
        return zeroed(value)
    return value if value is None or isinstance(value, bool) else 0
