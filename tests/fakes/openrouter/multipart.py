"""Transcription requests as OpenAI's clients send them: a form with a file.

See https://openrouter.ai/docs/guides/overview/multimodal/stt.
"""

import asyncio
import base64
from pathlib import PurePath
from typing import Any

from aiohttp import BodyPartReader, MultipartReader, StreamReader, web
from aiohttp.base_protocol import BaseProtocol

from tests.fakes.openrouter.errors import refusal

LONGEST_UPLOAD = 25 * 1024 * 1024
NUMBERS = frozenset({"temperature"})


async def form_body(request: web.Request, raw: bytes) -> dict[str, Any]:
    """Return the form as the JSON request would be.

    Raises:
        ApiError: the upload is over 25 MB or lacks its file.
    """
    if len(raw) > LONGEST_UPLOAD:
        raise refusal(413, "File too large: uploads are limited to 25 MB", violation=True)
    body: dict[str, Any] = {}
    async for part in parts(request, raw):
        name = part.name or ""
        data = bytes(await part.read())
        if name == "file":
            body["input_audio"] = {"data": base64.b64encode(data).decode(), "format": format_of(part)}
        elif name.endswith("[]"):
            body.setdefault(name[:-2], []).append(data.decode())
        else:
            body[name] = float(data) if name in NUMBERS else data.decode()
    if "input_audio" not in body:
        raise refusal(400, "The form has no file", violation=True)
    return body


async def parts(request: web.Request, raw: bytes) -> Any:
    """Yield the parts of a form that was already read."""
    stream = StreamReader(BaseProtocol(asyncio.get_running_loop()), limit=len(raw) + 1)
    stream.feed_data(raw)
    stream.feed_eof()
    async for part in MultipartReader(request.headers, stream):
        if isinstance(part, BodyPartReader):
            yield part


def format_of(part: BodyPartReader) -> str:
    """The format that the file's name ends with, or its content type."""
    suffix = PurePath(part.filename or "").suffix.removeprefix(".").lower()
    return suffix or part.headers.get("Content-Type", "").rpartition("/")[2]
