"""Requests as they are sent, and answers as they come, without a network."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from typing import Any

import httpx

from adapters.gateways.answering import answered
from adapters.gateways.body import Body, Upload
from adapters.gateways.chat_answer import Asked, ChatAnswer
from adapters.gateways.endpoints import OPENROUTER
from adapters.gateways.exchange import Answer, Exchange
from adapters.gateways.problems import Call
from adapters.gateways.reply import Patience, Reply
from bot.domain.audio import MediaFile, MediaFormat
from bot.domain.models import Delta, SoundDelta, TextDelta

KEY = "sk-or-v1-unit-0123456789"
CALL = Call(model="a/b", secret=KEY)
DONE = "data: [DONE]\n\n"


def chunk(text: str | None = None, *, reason: str | None = None, **more: Any) -> dict[str, Any]:
    delta = {"role": "assistant", "content": text}
    return {"id": "gen-1", "choices": [{"index": 0, "delta": delta, "finish_reason": reason}], **more}


def spoken(data: str = "", transcript: str = "", *, reason: str | None = None) -> dict[str, Any]:
    """A piece of what a model says aloud."""
    audio = {name: value for name, value in (("data", data), ("transcript", transcript)) if value}
    delta = {"role": "assistant", "content": "", "audio": audio}
    return {"id": "gen-1", "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}


def usage(**more: Any) -> dict[str, Any]:
    return {"id": "gen-1", "choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3, **more}}


def sse(*chunks: dict[str, Any], done: bool = True) -> str:
    events = "".join(f"data: {json.dumps(each, ensure_ascii=False)}\n\n" for each in chunks)
    return events + (DONE if done else "")


def asked(**more: Any) -> Asked:
    return Asked(**{"call": CALL, "insured": True, "max_tokens": 1_000, **more})


async def deltas(
    parts: Iterable[bytes], answer: Answer | None = None, *, kind: str = "text/event-stream"
) -> list[Delta]:
    """Read an answer that arrives in these parts, as the gateway does."""

    async def arriving() -> AsyncIterator[bytes]:
        for part in parts:
            yield part

    response = httpx.Response(200, headers={"Content-Type": kind}, content=arriving())
    reply = Reply(response, CALL, asyncio.get_running_loop().time() + 5, Patience())
    exchange = Exchange(path="/", body=(), answer=answer or ChatAnswer(asked()))
    return [delta async for delta in answered(reply, exchange, OPENROUTER, Patience())]


async def read(*chunks: dict[str, Any], done: bool = True, answer: Answer | None = None) -> list[Delta]:
    """Read a stream of these chunks."""
    return await deltas([sse(*chunks, done=done).encode()], answer)


def text_of(found: Iterable[Delta]) -> str:
    return "".join(delta.text for delta in found if isinstance(delta, TextDelta))


def sounds_of(found: Iterable[Delta]) -> Sequence[SoundDelta]:
    return [delta for delta in found if isinstance(delta, SoundDelta)]


def sound_of(found: Iterable[Delta]) -> bytes:
    return b"".join(delta.data for delta in sounds_of(found))


async def sent(body: Body) -> bytes:
    async with Upload(body) as upload:
        data = b"".join([piece async for piece in upload])
        assert upload.length == len(data)
        return data


def recording(path: Path, data: bytes, form: MediaFormat = MediaFormat.OGG, seconds: float = 2.5) -> MediaFile:
    path.write_bytes(data)
    return MediaFile(path=str(path), format=form, seconds=seconds, bytes=len(data))
