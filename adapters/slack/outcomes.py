"""What became of a call to Slack: done, certainly not done, perhaps done, or never to be done.

    ok                                                       done
    429, ratelimited, service_unavailable, no connection     PostNotDone     try again
    5xx, internal_error, connection lost or silent           PostInDoubt     look before trying again
    any other error by name                                  SlackRefusal    will never be done

The SDK must not retry by itself: its handler repeats a call whose connection broke, also when Slack had done it.
See https://docs.slack.dev/apis/web-api/#errors and https://docs.slack.dev/apis/web-api/rate-limits.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.domain.errors import PlatformProblem, PostInDoubt, PostNotDone, PostRefused
from bot.words import phrase

log = structlog.get_logger()

Answer = Mapping[str, Any]

TOO_MANY = 429
"""The HTTP status of what came too soon."""

INSIST_PAUSES = (0.1, 0.3, 1.0)
"""Seconds between the tries of what nobody else will do."""

BUSY = frozenset({"ratelimited", "rate_limited", "service_unavailable", "team_added_to_org"})
UNCERTAIN = frozenset({"internal_error", "fatal_error", "request_timeout"})

ADVICE: Mapping[str, str] = {
    "account_inactive": phrase(
        "The app was removed from the workspace, or its user was deactivated: install it again."
    ),
    "channel_not_found": phrase("Mynah cannot see this channel: invite it with /invite."),
    "file_type_not_allowed": phrase("An admin of the workspace allows no files of this type."),
    "file_uploads_disabled": phrase("An admin of the workspace allows no files."),
    "file_uploads_except_images_disabled": phrase("An admin of the workspace allows no files but pictures."),
    "invalid_auth": phrase(
        "Slack does not know the token: copy it again from the app's page at https://api.slack.com/apps."
    ),
    "is_archived": phrase("The channel is archived."),
    "missing_scope": phrase("Add the scope to the app at https://api.slack.com/apps and install the app again."),
    "not_allowed_token_type": phrase(
        "This is the wrong kind of token: the bot token begins with xoxb-, the app token with xapp-."
    ),
    "not_authed": phrase("There is no token: set it in the settings."),
    "not_in_channel": phrase("Mynah is not in this channel: invite it with /invite."),
    "restricted_action": phrase("An admin of the workspace has restricted who may post here."),
    "token_expired": phrase("The token has expired: turn token rotation off for the app, or install it again."),
    "token_revoked": phrase("The token was revoked: install the app again."),
    "user_disabled": phrase("This person has left the workspace."),
    "user_not_found": phrase(
        "There is nobody by this id in the workspace: an id begins with U, and stands in the profile."
    ),
}
"""What to do about an error that Slack names."""

STRANGERS = frozenset({"user_not_found", "user_not_visible"})
"""What Slack says of people of another workspace, with whom a channel is shared."""


class SlackRefusal(PostRefused):
    """Slack answered no, and says why."""

    def __init__(self, error: str, *, needed: str = "") -> None:
        said, advice = f"{error} ({needed})" if needed else error, ADVICE.get(error)
        if advice is None:
            super().__init__(phrase("Slack says {error}.", error=said))
        else:
            super().__init__(phrase("Slack says {error}. {advice}", error=said, advice=advice))
        self.error = error
        """Slack's name of it."""
        self.needed = needed
        """The scope that is missing, if that is it."""


async def write(call: Awaitable[AsyncSlackResponse]) -> Answer:
    """Wait for a call that changes something at Slack.

    Args:
        call: a call of the SDK's client, not yet awaited.

    Raises:
        PostNotDone: it certainly had no effect.
        PostInDoubt: it may have had its effect.
        SlackRefusal: it will never have.
    """
    data = (await answered(call)).data
    return data if isinstance(data, dict) else {}


async def read(call: Awaitable[AsyncSlackResponse]) -> Answer:
    """Wait for a call that may be repeated without harm.

    Raises:
        PostNotDone: no answer; it may be asked again.
        SlackRefusal: Slack will never answer that.
    """
    try:
        return await write(call)
    except PostInDoubt as error:
        raise PostNotDone(error.reason) from error


async def insist(call: Callable[[], Awaitable[AsyncSlackResponse]]) -> None:
    """Make a call that may be repeated without harm, again while it may have failed: nobody else will.

    Args:
        call: makes a call of the SDK's client, not yet awaited.

    Raises:
        PostNotDone: Slack did not take it.
        SlackRefusal: Slack will never take it.
    """
    for pause in INSIST_PAUSES:
        try:
            await read(call())
        except PostNotDone as error:
            log.info("not taken yet", reason=error.reason)
            await asyncio.sleep(max(pause, error.retry_after or 0.0))
        else:
            return
    await read(call())


async def answered(call: Awaitable[AsyncSlackResponse]) -> AsyncSlackResponse:
    """Wait for the whole response, headers included; raises as `write` does."""
    try:
        return await call
    except SlackApiError as error:
        raise _refused(error) from error
    except (aiohttp.ClientError, TimeoutError) as error:
        raise unreachable(error) from error


def unreachable(error: Exception) -> PlatformProblem:
    """Say whether a request that got no answer can have had its effect."""
    reason = phrase("Slack did not answer ({problem})", problem=type(error).__name__)
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return PostNotDone(reason)
    return PostInDoubt(reason)


def _refused(error: SlackApiError) -> PlatformProblem:
    name, status = name_of(error), status_of(error)
    if status == TOO_MANY or name in BUSY:
        return PostNotDone(phrase("Slack is busy"), retry_after=retry_after(error.response.headers))
    if not name or name in UNCERTAIN or status >= 500:
        return PostInDoubt(phrase("Slack answered {answer}", answer=name or status))
    return SlackRefusal(name, needed=_told(error, "needed"))


def name_of(error: SlackApiError) -> str:
    """Return Slack's name of an error; empty where the answer is none of Slack's own, or cannot be read."""
    return _told(error, "error")


def status_of(error: SlackApiError) -> int:
    """Return the HTTP status of an answer."""
    response = error.response
    return response.status if isinstance(response, aiohttp.ClientResponse) else int(response.status_code)


def _told(error: SlackApiError, field: str) -> str:
    # The SDK hands on a plain text as a `str`, and where it cannot read JSON, the response of the library below it.
    data = getattr(error.response, "data", None)
    return str(data.get(field) or "") if isinstance(data, dict) else ""


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that Slack asks us to wait, https://docs.slack.dev/apis/web-api/rate-limits."""
    with suppress(KeyError, ValueError):
        return float(headers["Retry-After"])
    return None
