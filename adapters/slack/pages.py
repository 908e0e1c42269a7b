"""Lists that Slack answers page by page, https://docs.slack.dev/apis/web-api/pagination."""

from collections.abc import AsyncIterator, Awaitable, Callable

from slack_sdk.web.async_slack_response import AsyncSlackResponse

from adapters.slack.outcomes import read
from adapters.slack.translate import Event

PAGE = 200
"""Items to ask for at once; some apps are given 15."""

MAX_PAGES = 20
"""Pages of one list that are read at the most."""


async def pages(
    ask: Callable[[str | None], Awaitable[AsyncSlackResponse]], items: str = "messages"
) -> AsyncIterator[Event]:
    """Yield what is listed on all pages.

    Args:
        ask: asks for the page at a cursor; None for the first.
        items: what Slack calls what it lists.

    Raises:
        PostNotDone: a page could not be had now.
        SlackRefusal: Slack will never give it.
    """
    cursor: str | None = None
    for _ in range(MAX_PAGES):
        page = await read(ask(cursor))
        for item in page.get(items) or ():
            yield item
        cursor = str((page.get("response_metadata") or {}).get("next_cursor") or "") or None
        if cursor is None:
            return
