"""Reading a request's body: JSON, or multipart with `payload_json` and `files[n]`.

https://docs.discord.com/developers/reference#uploading-files
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from tests.fakes.discord.model import Upload
from tests.fakes.discord.refusals import invalid_form, refusal

FILE_PART = re.compile(r"^files\[(\d)\]$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Body:
    """What a request carried."""

    payload: Any = None
    """The JSON, or None where there was no body."""
    uploads: dict[int, Upload] = field(default_factory=dict)
    """The files by their number."""
    size: int = 0
    """Bytes of all files."""


async def read_body(request: web.Request) -> Body:
    """Read a request's JSON and files.

    Raises:
        Refusal: 50109 where the JSON is broken, 50035 where a part or the content type is unknown.
    """
    if request.content_type == "multipart/form-data":
        return await _read_multipart(request)
    raw = await request.read()
    if not raw:
        return Body()
    if request.content_type != "application/json":
        raise invalid_form([], f'Expected "Content-Type" header to be application/json, not {request.content_type}')
    return Body(payload=parse(raw))


def parse(raw: bytes | str) -> Any:
    """Return the JSON in some bytes, or refuse with 50109."""
    try:
        return json.loads(raw)
    except ValueError as error:
        raise refusal(50109, str(error)) from error


async def _read_multipart(request: web.Request) -> Body:
    payload: Any = None
    uploads: dict[int, Upload] = {}
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise invalid_form([], "nested multipart")
        data = bytes(await part.read())
        found = FILE_PART.match(part.name or "")
        if part.name == "payload_json":
            payload = parse(data)
        elif found and part.filename:
            kind = part.headers.get("Content-Type", "application/octet-stream").split(";")[0].strip()
            uploads[int(found[1])] = Upload(filename=part.filename, content_type=kind, data=data)
        else:
            raise invalid_form([], f"unknown part {part.name!r}")
    return Body(payload=payload, uploads=uploads, size=sum(len(each.data) for each in uploads.values()))
