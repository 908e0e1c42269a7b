"""Bytes in and out: upload URLs, private file URLs, and the login page that stands for a refusal."""

from aiohttp import web
from yarl import URL

from tests.fakes.slack.fake import FAKE, Fake
from tests.fakes.slack.world import StoredFile, now

LOGIN_PAGE = """<!DOCTYPE html><html lang="en-US"><head><meta charset="utf-8"><title>Sign in | Slack</title></head>
<body><h1>Sign in to your workspace</h1><form action="/" method="post"><input name="email"></form></body></html>"""
FOREIGN_HOST = "localhost"


async def upload(request: web.Request) -> web.Response:
    """Take the raw bytes of an upload, https://docs.slack.dev/reference/methods/files.getUploadURLExternal."""
    fake = request.app[FAKE]
    stored = fake.world.files.get(request.match_info["ticket"].split("-")[0])
    if stored is None or stored.state not in {"pending", "uploaded"}:
        return web.Response(status=404, text="not found")
    if "Authorization" in request.headers:
        fake.world.violate("upload: the token was sent to an upload URL")
    content = await _uploaded_bytes(request)
    if len(content) != stored.announced:
        fake.world.violate(f"upload: {len(content)} bytes came, {stored.announced} were announced")
        return web.Response(status=400, text="wrong length")
    stored.content, stored.state = content, "uploaded"
    fake.world.note("file.uploaded", file=stored.id, size=len(content))
    return web.Response(text=f"OK - {len(content)}")


async def download(request: web.Request) -> web.Response:
    """Serve a private file to whoever shows a token with `files:read`; everybody else gets a login page, status 200.

    See https://docs.slack.dev/reference/objects/file-object#auth.
    """
    fake = request.app[FAKE]
    if not _may_read(fake, request):
        return web.Response(text=LOGIN_PAGE, content_type="text/html")
    stored = _found(fake, request.match_info["key"])
    if stored is None:
        return web.Response(status=404, text="not found", content_type="text/html")
    match fake.options.redirect:
        case "same" if "redirected" not in request.query:
            return _redirect(str(request.rel_url.update_query(redirected="1")))
        case "foreign":
            return _redirect(str(_foreign_url(fake, stored)))
        case _:
            return _content(stored)


async def foreign(request: web.Request) -> web.Response:
    """Serve a file as another host would, which must never see the token."""
    fake = request.app[FAKE]
    if "Authorization" in request.headers:
        fake.world.violate(f"download: the token was sent to {request.host}")
    stored = fake.world.files.get(request.match_info["file"])
    return _content(stored) if stored else web.Response(status=404)


def _found(fake: Fake, key: str) -> StoredFile | None:
    """The file behind `TEAM-FILE` or `TEAM-FILE-hash`, if it still has bytes."""
    parts = key.split("-")
    stored = fake.world.files.get(parts[1]) if len(parts) > 1 and parts[0] in fake.world.teams else None
    return stored if stored is not None and stored.state != "deleted" else None


def _may_read(fake: Fake, request: web.Request) -> bool:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    token = fake.world.tokens.get(value)
    team = fake.world.teams.get(request.match_info["key"].split("-")[0])
    if scheme != "Bearer" or token is None or team is None:
        return False
    return token.opens(team) and token.holds(now()) and "files:read" in token.scopes


def _content(stored: StoredFile) -> web.Response:
    return web.Response(body=stored.content, headers={"Content-Type": stored.content_type})


def _redirect(location: str) -> web.Response:
    return web.Response(status=302, headers={"Location": location})


def _foreign_url(fake: Fake, stored: StoredFile) -> URL:
    return URL(fake.base_url).with_host(FOREIGN_HOST) / "foreign" / stored.id


async def _uploaded_bytes(request: web.Request) -> bytes:
    """Raw bytes, or the first file of a form."""
    if request.content_type != "multipart/form-data":
        return await request.read()
    form = await request.post()
    for field in form.values():
        if isinstance(field, web.FileField):
            return field.file.read()
    return b""
