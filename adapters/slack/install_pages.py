"""The pages that an admin sees at the end of an installation. Pure, but for their signatures, which are bolt's."""

from collections.abc import Mapping
from html import escape

from slack_bolt.oauth.async_callback_options import AsyncFailureArgs, AsyncSuccessArgs
from slack_bolt.response import BoltResponse
from slack_sdk.oauth.installation_store import Installation

from adapters.slack.account import INSTALL_PATH

REASONS: Mapping[str, str] = {
    "access_denied": "You did not allow it, so nothing was installed.",
    "invalid_browser": "You came back in another browser than you left with, or your browser keeps no cookies.",
    "invalid_code": "Slack did not accept the answer that it had sent. The log of Mynah says why.",
    "invalid_state": "The link was used before, or it is older than ten minutes.",
    "missing_code": "Slack sent you back without an answer.",
    "storage_error": "What Slack answered could not be stored. The log of Mynah says why.",
}
"""Why an installation failed, by bolt's and Slack's names of it."""

ADVICE = (
    "Write to it under Apps, or invite it to a channel with <code>/invite</code>, and send a voice note: "
    "it answers in a thread."
)

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>
<style>body {{ font: 1.1rem/1.6 system-ui, sans-serif; max-width: 34rem; margin: 15vh auto; padding: 0 1rem }}</style>
</head><body><h1>{title}</h1>{body}</body></html>
"""
HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Referrer-Policy": "no-referrer",
}


async def succeeded(args: AsyncSuccessArgs) -> BoltResponse:
    """Say where Mynah is now, and what to do next."""
    installed = args.installation
    where = (installed.enterprise_name if installed.is_enterprise_install else installed.team_name) or "Slack"
    body = f"<p>{ADVICE}</p>" + _next_step(installed)
    return _page(200, f"Mynah is in {where}", body, args.settings.state_utils.build_set_cookie_for_deletion())


async def failed(args: AsyncFailureArgs) -> BoltResponse:
    """Say why nothing was installed, and how to try again."""
    reason = REASONS.get(args.reason, f"Slack says {args.reason}.")
    body = f'<p>{escape(reason)}</p><p><a href="{INSTALL_PATH}">Try again</a></p>'
    cookie = args.settings.state_utils.build_set_cookie_for_deletion()
    return _page(args.suggested_status_code, "Mynah was not installed", body, cookie)


def unavailable() -> str:
    """Return the page for a moment in which nothing can be stored."""
    body = f'<p>Mynah cannot store anything just now.</p><p><a href="{INSTALL_PATH}">Try again</a></p>'
    return PAGE.format(title="Mynah was not installed", body=body)


def _next_step(installed: Installation) -> str:
    """Return the link that leads back to Slack: an organisation adds the app to its workspaces one by one."""
    if installed.is_enterprise_install:
        add = f"{installed.enterprise_url}manage/organization/apps/profile/{installed.app_id}/workspaces/add"
        return f'<p>It is in no workspace yet. <a href="{escape(add)}">Add it to workspaces</a>.</p>'
    open_app = f"slack://app?team={installed.team_id}&id={installed.app_id}"
    return f'<p><a href="{escape(open_app)}">Open it in Slack</a></p>'


def _page(status: int, title: str, body: str, cookie: str) -> BoltResponse:
    page = PAGE.format(title=escape(title), body=body)
    return BoltResponse(status=status, headers={**HEADERS, "Set-Cookie": cookie}, body=page)
