"""What a model says to an input, and what that costs."""

import base64
import binascii
from typing import Any
from urllib.parse import urlsplit

from tests.fakes.fal.errors import ApiError, invalid
from tests.fakes.fal.ledger import Call
from tests.fakes.fal.models import MODELS
from tests.fakes.fal.state import Fake
from tests.fakes.openrouter.sniff import media_of

AUDIO = frozenset({"wav", "mp3", "aiff", "aac", "ogg", "flac", "m4a"})
VIDEO = frozenset({"mp4", "mpeg", "mov", "webm"})
YOUTUBE = frozenset({"www.youtube.com", "youtube.com", "m.youtube.com", "youtu.be"})
TOKENS_A_SECOND = 32


def answer(fake: Fake, call: Call) -> None:
    """Carry a call out: write down its output, and charge it where it succeeds."""
    try:
        told, seconds = sensed(fake, call)
    except ApiError as error:
        call.status, call.output, call.output_headers = error.status, error.body, error.headers
        return
    script = call.script
    call.status, call.output_headers = script.status, dict(script.headers)
    if script.status != 200:
        call.output = script.body or {"detail": "Internal server error"}
        return
    text = f"You said: {call.input['prompt']}. {told}" if script.text is None else script.text
    usage = usage_of(call, text, seconds)
    call.charged_usd = usage["cost"]
    call.output = output_of(call, text, usage if script.usage else None)


def output_of(call: Call, text: str, usage: dict[str, Any] | None) -> dict[str, Any]:
    """The output of the endpoint; only the one for text has reasoning, partial and error."""
    output: dict[str, Any] = {"output": text, **({} if usage is None else {"usage": usage})}
    if call.endpoint == "openrouter/router" or call.script.error is not None:
        thought = call.script.reasoning if call.input.get("reasoning") else None
        output |= {"reasoning": thought, "partial": call.script.partial, "error": call.script.error}
    return output


def usage_of(call: Call, text: str, seconds: float) -> dict[str, Any]:
    """Tokens and US dollars."""
    model = MODELS[call.input["model"]]
    asked = len(call.input["prompt"]) // 4 + len(call.input.get("system_prompt", "")) // 4 + 1
    prompt, completion = asked + int(seconds * TOKENS_A_SECOND), max(1, len(text) // 4)
    cost = prompt * model.prompt_usd + completion * model.completion_usd
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "cost": round(cost, 12) if call.script.cost_usd is None else call.script.cost_usd,
    }


def sensed(fake: Fake, call: Call) -> tuple[str, float]:
    """Look at the media of an input: what they are, and how long.

    Raises:
        ApiError: they cannot be read, or the model does not take them.
    """
    name = call.input["model"]
    if name not in MODELS:
        raise invalid("model", f"{name} is not a valid model ID", "value_error")
    told, seconds = [], 0.0
    for field, needs, formats in (
        ("audio_url", "audio", AUDIO),
        ("video_urls", "video", VIDEO),
        ("video_url", "video", VIDEO),
        ("image_urls", "image", frozenset()),
    ):
        for url in listed(call.input.get(field)):
            if needs not in MODELS[name].inputs:
                raise invalid(field, f"{name} does not support {needs} input", "feature_not_supported")
            if needs == "video" and urlsplit(url).hostname in YOUTUBE:
                told.append(watched(name, url))
                continue
            media = media_of(fetched(fake, field, url))
            if formats and media.container not in formats:
                raise invalid(field, f"Unsupported {needs} format", f"unsupported_{needs}_format", violation=True)
            told.append(media.told if formats else f"{media.size} bytes")
            seconds += media.seconds or 0
    return "; ".join(told), seconds


def listed(value: Any) -> list[str]:
    """The addresses of a field."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def watched(name: str, url: str) -> str:
    """What is told of a video on YouTube, which only one provider takes, and not as Shorts."""
    if not name.startswith("google/gemini") or "/shorts/" in url:
        raise invalid("video_urls", "Cannot fetch content from the provided URL", "file_download_error")
    return f"watched {url}"


def fetched(fake: Fake, field: str, url: str) -> bytes:
    """The bytes behind a data URI, or a file of the CDN that is still there."""
    if url.startswith("data:"):
        return decoded(field, url)
    file = fake.files.get(url)
    expired = file is not None and file.lives_s is not None and fake.now() > file.put_at + file.lives_s
    if file is None or file.data is None or expired:
        raise invalid(
            field, "Failed to download the file. Please check if the URL is accessible", "file_download_error"
        )
    extension = file.name.rpartition(".")[2]
    container = media_of(file.data).container
    if field != "image_urls" and extension != container:
        raise invalid(field, f"A {container} is named .{extension}", "file_extension", violation=True)
    return file.data


def decoded(field: str, url: str) -> bytes:
    """The bytes of a data URI."""
    head, _, body = url.partition(",")
    if not head.endswith(";base64") or "/" not in head:
        raise invalid(field, "Invalid data URI", "value_error", violation=True)
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error:
        raise invalid(field, "Invalid base64 data", "value_error", violation=True) from None
