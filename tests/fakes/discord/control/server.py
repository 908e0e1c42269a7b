"""The control API under `/_fake`: how tests set the scene, play the humans and see what happened."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.fakes.discord.bodies import read_body
from tests.fakes.discord.control import people, scene, trouble, usage, views
from tests.fakes.discord.control.context import Context, Control
from tests.fakes.discord.edge import answer
from tests.fakes.discord.refusals import Refusal

__all__ = ["Control", "add_routes"]

ACTS: dict[str, Callable[[Context], Any]] = {**scene.ACTS, **people.ACTS, **usage.ACTS, **trouble.ACTS}
"""What `POST /_fake/<name>` does."""

VIEWS: dict[str, Callable[[Control, Mapping[str, str]], Any]] = {
    "state": lambda control, _: views.state(control),
    "records": lambda control, _: views.records(control.world),
    "gateway": lambda control, _: views.gateway(control.gateway),
    "channels": lambda control, query: views.channel(control.world, query["channel_id"]),
    "messages": lambda control, query: views.messages(control.world, query["channel_id"]),
}
"""What `GET /_fake/<name>` shows; `messages` has a channel's, the oldest first, deleted and ephemeral ones too."""


@dataclass(frozen=True, slots=True)
class ControlServer:
    """The HTTP handlers of the control API."""

    control: Control

    async def act(self, request: web.Request) -> web.Response:
        """Do one of the acts; a mistake of the test's is answered with 400 and its reason."""
        body = await read_body(request)
        run = ACTS.get(request.match_info["act"])
        if run is None:
            return web.Response(status=404, text=f"no such act; there are {sorted(ACTS)}")
        try:
            found = run(Context(control=self.control, payload=body.payload or {}, uploads=body.uploads))
        except (Refusal, ValueError, KeyError) as error:
            detail = getattr(error, "detail", "")
            return web.Response(status=400, text=f"{type(error).__name__}: {error} {detail}".rstrip())
        self.control.world.touch()
        return answer(200, {} if found is None else found)

    async def view(self, request: web.Request) -> web.Response:
        """Answer with one of the views."""
        show = VIEWS.get(request.match_info["view"])
        if show is None:
            return web.Response(status=404, text=f"no such view; there are {sorted(VIEWS)}")
        return answer(200, show(self.control, request.query))

    async def interaction(self, request: web.Request) -> web.Response:
        """Answer with one interaction."""
        return answer(200, views.interaction(self.control.world, request.match_info["interaction_id"]))

    async def changes(self, request: web.Request) -> web.Response:
        """Wait until something changed after a revision, and answer with the newest one."""
        since, seconds = int(request.query["since"]), float(request.query["seconds"])
        return answer(200, {"revision": await self.control.world.changed_since(since, seconds)})

    async def file(self, request: web.Request) -> web.Response:
        """Answer with the bytes of an attachment, whatever became of its address."""
        data = self.control.world.files.get(request.match_info["attachment_id"])
        return web.Response(status=404) if data is None else web.Response(body=data)


def add_routes(router: web.UrlDispatcher, control: Control) -> None:
    """Add the control API to an application."""
    server = ControlServer(control)
    router.add_get("/_fake/interactions/{interaction_id}", server.interaction)
    router.add_get("/_fake/changes", server.changes)
    router.add_get("/_fake/files/{attachment_id}", server.file)
    router.add_get("/_fake/{view}", server.view)
    router.add_post("/_fake/{act}", server.act)
