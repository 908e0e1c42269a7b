"""Our own small schemas of the requests: https://platform.openai.com/docs/api-reference/chat/create.

Most servers let a field pass that they do not know. Here it is a breach: what is meant for another gateway has no
business at a server.
"""

from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

Schema = dict[str, Any]

SHOWN = 200
TEXT: Schema = {"type": "string"}
FILLED: Schema = {"type": "string", "minLength": 1}
COUNT: Schema = {"type": "integer", "minimum": 1}


def record(required: Schema, optional: Schema | None = None) -> Schema:
    """An object with these properties and no others."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def span(low: float, high: float) -> Schema:
    """A number between two others."""
    return {"type": "number", "minimum": low, "maximum": high}


URL = record({"url": FILLED}, {"detail": TEXT})
PART: Schema = {
    "oneOf": [
        record({"type": {"const": "text"}, "text": TEXT}),
        record({"type": {"const": "input_audio"}, "input_audio": record({"data": FILLED, "format": FILLED})}),
        record({"type": {"const": "image_url"}, "image_url": URL}),
        record({"type": {"const": "video_url"}, "video_url": URL}),
    ]
}
MESSAGE = record(
    {
        "role": {"enum": ["system", "user", "assistant"]},
        "content": {"type": ["string", "array"], "items": PART, "minItems": 1},
    },
    {"name": TEXT},
)

CHAT = record(
    {"model": FILLED, "messages": {"type": "array", "items": MESSAGE, "minItems": 1}},
    {
        "stream": {"type": "boolean"},
        "stream_options": record({"include_usage": {"type": "boolean"}}),
        "max_tokens": COUNT,
        "max_completion_tokens": COUNT,
        "temperature": span(0, 2),
        "top_p": span(0, 1),
        "seed": {"type": "integer"},
        "stop": {"type": ["string", "array"], "items": TEXT},
    },
)

TRANSCRIPTION = record(
    {"model": FILLED, "file": record({"name": FILLED, "type": FILLED, "container": FILLED})},
    {
        "language": {"type": "string", "pattern": "^[a-z]{2,3}$"},
        "prompt": TEXT,
        "response_format": {"enum": ["json", "text", "verbose_json", "srt", "vtt"]},
        "temperature": {"type": "string", "pattern": r"^\d+(\.\d+)?$"},
        "timestamp_granularities[]": {"type": "array", "items": {"enum": ["word", "segment"]}},
    },
)
"""Of a form; its file stands as its name, its content type and what its bytes are."""

SPEECH = record(
    {"model": FILLED, "input": FILLED},
    {"voice": FILLED, "response_format": TEXT, "speed": span(0.25, 4), "stream_format": {"enum": ["audio", "sse"]}},
)

OWN: dict[str, Schema] = {"chat": CHAT, "transcription": TRANSCRIPTION, "speech": SPEECH}


def breaches(operation: str, body: Any) -> list[str]:
    """Say each way in which a request breaks its schema; empty where it is right."""
    return [f"{operation}: {told(error)}" for error in validator(operation).iter_errors(body)]


@cache
def validator(operation: str) -> Draft202012Validator:
    """A schema, compiled once."""
    return Draft202012Validator(OWN[operation])


def told(error: ValidationError) -> str:
    """Where and what, without a megabyte of sound in it."""
    message = error.message if len(error.message) <= SHOWN else f"{error.message[:80]} ... {error.message[-100:]}"
    return f"{error.json_path}: {message}"
