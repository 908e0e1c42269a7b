"""Our own small schemas of the three paid requests: https://openrouter.ai/docs/api_reference/overview.

They are stricter than the vendor's where a client's slip would go unseen: an unknown property is a violation.
`audio` is documented at https://openrouter.ai/docs/guides/overview/multimodal/audio and missing in the specification.
"""

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
FILLED: Schema = {"type": "string", "minLength": 1}
DOLLARS: Schema = {"type": "string", "pattern": r"^\d+(\.\d+)?$"}
COUNT: Schema = {"type": "integer", "minimum": 1}


def span(low: float, high: float) -> Schema:
    """A number between two others."""
    return {"type": ["number", "null"], "minimum": low, "maximum": high}


def record(required: Schema, optional: Schema | None = None) -> Schema:
    """An object with these properties and no others."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def choice(key: str, shapes: dict[str, Schema]) -> Schema:
    """An object whose shape depends on one property."""
    return {
        "type": "object",
        "required": [key],
        "properties": {key: {"enum": list(shapes)}},
        "allOf": [
            {"if": {"properties": {key: {"const": name}}, "required": [key]}, "then": shape}
            for name, shape in shapes.items()
        ],
    }


INPUT_AUDIO = record({"data": FILLED, "format": {"type": "string", "pattern": "^[a-z0-9]+$"}})
CACHE_CONTROL = {"cache_control": {"type": "object"}}

PART = choice(
    "type",
    {
        "text": record({"type": TEXT, "text": TEXT}, CACHE_CONTROL),
        "input_audio": record({"type": TEXT, "input_audio": INPUT_AUDIO}),
        "video_url": record({"type": TEXT, "video_url": record({"url": FILLED})}),
        "image_url": record({"type": TEXT, "image_url": record({"url": FILLED}, {"detail": TEXT})}),
        "file": record({"type": TEXT, "file": {"type": "object"}}),
    },
)

CONTENT: Schema = {"type": ["string", "array"], "items": PART, "minItems": 1}
NAMED = {"name": TEXT}

MESSAGE = choice(
    "role",
    {
        "system": record({"role": TEXT, "content": CONTENT}, NAMED),
        "developer": record({"role": TEXT, "content": CONTENT}, NAMED),
        "user": record({"role": TEXT, "content": CONTENT}, NAMED),
        "assistant": record(
            {"role": TEXT},
            {
                **NAMED,
                "content": {**CONTENT, "type": ["string", "array", "null"]},
                "tool_calls": {"type": "array"},
                "reasoning": {"type": ["string", "null"]},
                "reasoning_details": {"type": "array"},
                "refusal": {"type": ["string", "null"]},
                "audio": {"type": "object"},
            },
        ),
        "tool": record({"role": TEXT, "content": CONTENT, "tool_call_id": TEXT}, NAMED),
    },
)

# https://openrouter.ai/docs/guides/routing/provider-selection#max-price
MAX_PRICE = record({}, dict.fromkeys(("prompt", "completion", "request", "image", "audio"), DOLLARS))

CHAT = record(
    {"model": FILLED, "messages": {"type": "array", "items": MESSAGE, "minItems": 1}},
    {
        "models": {"type": "array", "items": FILLED},
        "stream": {"type": "boolean"},
        "temperature": span(0, 2),
        "top_p": span(0, 1),
        "top_k": COUNT,
        "min_p": span(0, 1),
        "top_a": span(0, 1),
        "frequency_penalty": span(-2, 2),
        "presence_penalty": span(-2, 2),
        "repetition_penalty": span(0, 2),
        "seed": {"type": "integer"},
        "stop": {"type": ["string", "array"], "items": TEXT, "maxItems": 4},
        "max_tokens": COUNT,
        "max_completion_tokens": COUNT,
        "modalities": {"type": "array", "items": {"enum": ["text", "image", "audio"]}},
        "audio": record({"format": FILLED}, {"voice": FILLED}),
        "reasoning": {"type": "object"},
        "reasoning_effort": {"enum": ["max", "xhigh", "high", "medium", "low", "minimal", "none"]},
        "response_format": {"type": "object"},
        "tools": {"type": "array"},
        "tool_choice": {"type": ["string", "object"]},
        "parallel_tool_calls": {"type": "boolean"},
        "plugins": {"type": "array"},
        "provider": {"type": "object", "properties": {"max_price": MAX_PRICE}},
        "user": TEXT,
        "session_id": {"type": "string", "maxLength": 256},
        "metadata": {"type": "object", "maxProperties": 16},
        "usage": {"type": "object"},
        "stream_options": {"type": "object"},
        "service_tier": TEXT,
    },
)

PROVIDER = record({}, {"options": {"type": "object"}})

TRANSCRIPTION = record(
    {"model": FILLED, "input_audio": INPUT_AUDIO},
    {
        "language": {"type": "string", "pattern": "^[a-z]{2,3}$"},
        "temperature": span(0, 1),
        "response_format": {"enum": ["json", "verbose_json"]},
        "timestamp_granularities": {"type": "array", "items": {"enum": ["word", "segment"]}},
        "prompt": TEXT,
        "provider": PROVIDER,
    },
)

SPEECH = record(
    {"model": FILLED, "input": FILLED},
    {"voice": FILLED, "response_format": TEXT, "speed": span(0.25, 4), "provider": PROVIDER},
)

OWN: dict[str, Schema] = {"chat": CHAT, "transcription": TRANSCRIPTION, "speech": SPEECH}
