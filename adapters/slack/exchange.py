"""The one call by which tokens come: for a code that somebody brought back, or for a token that renews.

https://docs.slack.dev/reference/methods/oauth.v2.access. Made by hand, because the SDK makes it with a part of aiohttp
that is going away.
"""

from base64 import b64encode

from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.account import OAuth
from adapters.slack.outcomes import Answer, write


async def exchange(client: AsyncWebClient, oauth: OAuth, **grant: str) -> Answer:
    """Exchange a code, or a token that renews, for a token.

    Args:
        client: without a token.
        oauth: of the app, whose name and secret go into the header.
        grant: `code` and `redirect_uri`, or `grant_type` and `refresh_token`.

    Raises:
        PostNotDone: nothing was exchanged.
        PostInDoubt: it may have been.
        SlackRefusal: it cannot be.
    """
    credentials = b64encode(f"{oauth.client_id}:{oauth.client_secret}".encode()).decode()
    headers = {"Authorization": f"Basic {credentials}"}
    return await write(client.api_call("oauth.v2.access", data=grant, headers=headers))
