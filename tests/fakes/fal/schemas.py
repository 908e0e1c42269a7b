"""Our own small schemas of every request: https://fal.ai/models/openrouter/router/api and its siblings' pages.

An unknown property is a violation, so that no client's slip goes unseen.
"""

from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

Schema = dict[str, Any]

FILLED: Schema = {"type": "string", "minLength": 1}
ADDRESS: Schema = {"type": "string", "pattern": "^(https?://|data:)"}
ADDRESSES: Schema = {"type": "array", "items": ADDRESS, "minItems": 1}


def record(required: Schema, optional: Schema | None = None) -> Schema:
    """An object with these properties and no others."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


ASKED = {"prompt": FILLED, "model": FILLED}
TUNED: Schema = {
    "system_prompt": {"type": "string"},
    "reasoning": {"type": "boolean"},
    "temperature": {"type": "number", "minimum": 0, "maximum": 2},
    "max_tokens": {"type": "integer", "minimum": 1},
}
VIDEO: Schema = {
    **record(ASKED, {**TUNED, "video_urls": ADDRESSES, "video_url": ADDRESS}),
    "not": {"required": ["video_urls", "video_url"]},
}

INPUTS: dict[str, Schema] = {
    "openrouter/router": record(ASKED, TUNED),
    "openrouter/router/audio": record({**ASKED, "audio_url": ADDRESS}, TUNED),
    "openrouter/router/video": VIDEO,
    "openrouter/router/vision": record({**ASKED, "image_urls": ADDRESSES}, TUNED),
}
"""By endpoint."""

INITIATE = record({"file_name": FILLED, "content_type": {"type": "string", "pattern": "^[a-z]+/[a-z0-9.+-]+$"}})


@cache
def validator(endpoint: str) -> Draft202012Validator:
    """The schema of an endpoint's input, compiled once."""
    return Draft202012Validator(INPUTS[endpoint])


def breaches(checker: Draft202012Validator, body: Any) -> list[str]:
    """Say each way in which a body breaks a schema, without megabytes of sound in it."""
    return [f"{error.json_path}: {error.message[:160]}" for error in checker.iter_errors(body)]
