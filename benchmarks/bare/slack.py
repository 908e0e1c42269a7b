"""The thinnest bot for Slack: slack-bolt's async app in Socket Mode and one httpx client, nothing stored.

python -m benchmarks.bare.slack API_URL BOT_TOKEN APP_TOKEN MODEL_URL
"""

import asyncio
import sys
from typing import Any

import httpx
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.say.async_say import AsyncSay
from slack_sdk.web.async_client import AsyncWebClient

from benchmarks.bare.model import Content, ask, open_client, sound


async def serve(api_url: str, bot_token: str, app_token: str, model_url: str) -> None:
    """Answer mentions and direct messages in their threads."""
    app = AsyncApp(client=AsyncWebClient(token=bot_token, base_url=api_url))
    model = open_client(model_url)

    async def reply(event: dict[str, Any], say: AsyncSay) -> None:
        await say(await ask(model, await _content(model, event, bot_token)), thread_ts=event["ts"])

    async def reply_directly(event: dict[str, Any], say: AsyncSay) -> None:
        if event.get("channel_type") == "im" and "bot_id" not in event:
            await reply(event, say)

    app.event("app_mention")(reply)
    app.event("message")(reply_directly)
    await AsyncSocketModeHandler(app, app_token).start_async()


async def _content(client: httpx.AsyncClient, event: dict[str, Any], token: str) -> Content:
    for file in event.get("files", ()):
        answer = await client.get(file["url_private_download"], headers={"Authorization": f"Bearer {token}"})
        return sound(answer.content, "ogg" if file["name"].endswith(".ogg") else "m4a")
    return str(event["text"])


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:]))
