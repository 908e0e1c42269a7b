"""Slack's client, whose calls wait for their moment."""

from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from typing_extensions import override

from adapters.slack.outcomes import TOO_MANY, retry_after, status_of
from adapters.slack.pace import Pace

PAUSE_SECONDS = 1.0
"""Where Slack does not say for how long."""


class PacedClient(AsyncWebClient):
    """The Web API as one workspace may use it."""

    def __init__(self, workspace: str, pace: Pace, **options: Any) -> None:
        """Prepare.

        Args:
            workspace: whose calls are counted together.
            pace: shared by all clients of the app.
            options: of the SDK's client.
        """
        super().__init__(**options)
        self._workspace = workspace
        self._pace = pace

    @override
    async def api_call(self, api_method: str, **request: Any) -> AsyncSlackResponse:
        """Wait for a moment, and call.

        Raises:
            PostNotDone: the moment is too far away; nothing was sent.
            SlackApiError: Slack said no.
        """
        await self._pace.turn(self._workspace, api_method, _channel(request))
        try:
            return await super().api_call(api_method, **request)
        except SlackApiError as error:
            if status_of(error) == TOO_MANY:
                seconds = retry_after(error.response.headers)
                self._pace.close(self._workspace, api_method, PAUSE_SECONDS if seconds is None else seconds)
            raise


def _channel(request: dict[str, Any]) -> str:
    """Return the channel that a call is about, wherever the SDK puts its arguments."""
    given = request.get("json") or request.get("params") or request.get("data") or {}
    return str(given.get("channel") or "") if isinstance(given, dict) else ""
