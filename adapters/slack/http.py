"""The HTTP server: Slack's events where there is no socket, and the way in for workspaces.

https://docs.slack.dev/apis/events-api/using-http-request-urls
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from adapters.slack.account import INSTALL_PATH, REDIRECT_PATH, SlackAccount
from adapters.slack.install_pages import HEADERS, unavailable
from bot.domain.errors import MynahError, PlatformProblem

log = structlog.get_logger()

Answer = Callable[[AsyncBoltRequest], Awaitable[BoltResponse]]
Handler = Callable[[web.Request], Awaitable[web.Response]]


async def serve_http(account: SlackAccount, app: AsyncApp, flow: AsyncOAuthFlow | None) -> None:
    """Take requests until cancelled.

    Args:
        account: where to listen.
        app: what signed events are handed to.
        flow: how workspaces let the app in; None for one workspace.

    Raises:
        PlatformProblem: the address is taken.
    """
    runner = web.AppRunner(application(account, app, flow), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, account.http_host, account.http_port).start()
        await asyncio.Event().wait()
    except OSError as error:
        where = f"{account.http_host}:{account.http_port}"
        raise PlatformProblem(f"Slack's events cannot be taken at {where}: {error.strerror}.") from error
    finally:
        await runner.cleanup()


def application(account: SlackAccount, app: AsyncApp, flow: AsyncOAuthFlow | None) -> web.Application:
    """Return the routes; events are only taken where they do not come by sockets."""
    found = web.Application()
    if not account.uses_sockets:
        found.router.add_post(account.http_path, _answering(app.async_dispatch))
    if flow is not None:
        found.router.add_get(INSTALL_PATH, _page(flow.handle_installation))
        found.router.add_get(REDIRECT_PATH, _page(flow.handle_callback))
    return found


def _answering(answer: Answer) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        return await to_aiohttp_response(await answer(await to_bolt_request(request)))

    return handle


def _page(answer: Answer) -> Handler:
    """Answer a person's browser, which sends nothing again by itself."""
    answered = _answering(answer)

    async def handle(request: web.Request) -> web.Response:
        try:
            return await answered(request)
        except MynahError as error:
            log.warning("not installed", reason=str(error))
            return web.Response(status=503, text=unavailable(), headers=HEADERS)

    return handle
