"""The storage and its CDN: https://fal.ai/docs/documentation/model-apis/fal-cdn."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from jsonschema import Draft202012Validator

from tests.fakes.fal.errors import refusal
from tests.fakes.fal.schemas import INITIATE, breaches
from tests.fakes.fal.state import FAKE, StoredFile

INITIATING = Draft202012Validator(INITIATE)
TOKEN = "cdn-token"


def add_routes(app: web.Application) -> None:
    """Add the storage."""
    app.router.add_post("/rest/storage/upload/initiate", initiate)
    app.router.add_post("/rest/storage/auth/token", token)
    app.router.add_post("/cdn/files/upload", upload)
    app.router.add_put("/cdn/put/{rest:.+}", put)
    app.router.add_get("/cdn/files/{rest:.+}", read)


async def initiate(request: web.Request) -> web.Response:
    """Promise an address for a file, and give one to put it to."""
    request.app[FAKE].authenticate(request)
    body = await request.json()
    found = breaches(INITIATING, body)
    if found or request.query.get("storage_type") not in {"fal-cdn-v3", "gcs"}:
        raise refusal(422, "; ".join(found) or "Invalid storage_type", violation=True)
    file = kept(request, body["file_name"], body["content_type"])
    upload_url = file.url.replace("/cdn/files/", "/cdn/put/")
    return web.json_response({"upload_url": upload_url, "file_url": file.url})


async def token(request: web.Request) -> web.Response:
    """Give a token for the CDN."""
    fake = request.app[FAKE]
    fake.authenticate(request)
    expires = datetime.fromtimestamp(fake.now() + 3600, UTC).isoformat()
    base_url = f"{request.url.origin()}/cdn"
    return web.json_response({"token": TOKEN, "token_type": "Bearer", "base_url": base_url, "expires_at": expires})


async def upload(request: web.Request) -> web.Response:
    """Take a file with a token of the CDN."""
    if request.headers.get("Authorization") != f"Bearer {TOKEN}":
        raise refusal(401, "Unauthorized")
    file = kept(request, request.headers.get("X-Fal-File-Name", "upload.bin"), request.content_type)
    file.data, file.put_at, file.puts = await request.read(), request.app[FAKE].now(), 1
    return web.json_response({"access_url": file.url})


async def put(request: web.Request) -> web.Response:
    """Take the bytes of a file that was promised; the address itself is the permission."""
    fake = request.app[FAKE]
    file = fake.files.get(str(request.url).replace("/cdn/put/", "/cdn/files/"))
    if file is None:
        raise refusal(404, "No such upload")
    if request.content_type != file.content_type:
        raise refusal(400, f"{request.content_type} is not {file.content_type}", violation=True)
    file.data, file.put_at = await request.read(), fake.now()
    file.saw_key = "Authorization" in request.headers
    file.puts += 1
    return web.Response()


async def read(request: web.Request) -> web.Response:
    """Give a file to anybody who knows its address, for as long as it lives."""
    fake = request.app[FAKE]
    file = fake.files.get(str(request.url))
    if file is None or file.data is None or (file.lives_s is not None and fake.now() > file.put_at + file.lives_s):
        raise refusal(404, "Not found")
    return web.Response(body=file.data, content_type=file.content_type)


def kept(request: web.Request, name: str, content_type: str) -> StoredFile:
    """Write a new file down."""
    url = f"{request.url.origin()}/cdn/files/b/{uuid.uuid4().hex[:8]}/{uuid.uuid4().hex[:20]}_{name}"
    file = StoredFile(url=url, name=name, content_type=content_type, lives_s=lifetime(request))
    request.app[FAKE].files[url] = file
    return file


def lifetime(request: web.Request) -> float | None:
    """How long a file is to be kept, as the client wishes."""
    for header in ("X-Fal-Object-Lifecycle", "X-Fal-Object-Lifecycle-Preference"):
        if header in request.headers:
            wish: dict[str, Any] = json.loads(request.headers[header])
            return wish.get("expiration_duration_seconds")
    return None
