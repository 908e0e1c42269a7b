"""Attachments by their signed address, as the content network serves them."""

from aiohttp import web

from tests.fakes.discord.edge import Edge
from tests.fakes.discord.signatures import still_valid
from tests.fakes.discord.world import World

GONE = "This content is no longer available."


class Cdn:
    """Serves the bytes of attachments."""

    def __init__(self, world: World, edge: Edge) -> None:
        self._world = world
        self._edge = edge

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer with an attachment's bytes, or 404 where the address has expired."""

        async def respond() -> web.Response:
            response = self._bytes(request)
            self._edge.record(request, status=response.status)
            return response

        return await self._edge.with_faults(request, respond)

    def _bytes(self, request: web.Request) -> web.Response:
        if "Authorization" in request.headers:
            self._world.records.violations.append(f"GET {request.path}: the token was sent to the content network")
        data = self._world.files.get(request.match_info["attachment_id"])
        if data is None or not still_valid(self._world, request.path, request.query):
            return web.Response(status=404, text=GONE)
        kind = self._world.file_types.get(request.match_info["attachment_id"], "application/octet-stream")
        asked = request.http_range
        if asked.start is None and asked.stop is None:
            return web.Response(body=data, content_type=kind, headers={"Accept-Ranges": "bytes"})
        first, last, _ = asked.indices(len(data))
        headers = {"Content-Range": f"bytes {first}-{last - 1}/{len(data)}"}
        return web.Response(status=206, body=data[first:last], content_type=kind, headers=headers)
