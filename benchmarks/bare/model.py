"""One httpx client and one call: all that a bare bot needs of a gateway."""

import base64
import json
from typing import Any

import httpx

MODEL = "google/gemini-2.5-flash"

Content = str | list[dict[str, Any]]


def open_client(url: str) -> httpx.AsyncClient:
    """Return the one client of a bot, for the gateway at `…/api/v1`."""
    return httpx.AsyncClient(base_url=url, headers={"Authorization": "Bearer sk-or-bare"}, timeout=60)


def sound(data: bytes, kind: str) -> Content:
    """Return a recording as a message: https://openrouter.ai/docs/guides/overview/multimodal/audio."""
    encoded = base64.b64encode(data).decode()
    return [{"type": "input_audio", "input_audio": {"data": encoded, "format": kind}}]


async def ask(client: httpx.AsyncClient, content: Content) -> str:
    """Stream an answer and return the whole of it: https://openrouter.ai/docs/api-reference/streaming."""
    body = {"model": MODEL, "stream": True, "messages": [{"role": "user", "content": content}]}
    said: list[str] = []
    async with client.stream("POST", "/chat/completions", json=body) as response:
        response.raise_for_status()
        async for line in response.aiter_lines():
            if line.startswith("data: {"):
                choices = json.loads(line[6:])["choices"]
                said.extend(choice["delta"].get("content") or "" for choice in choices)
    return "".join(said)
