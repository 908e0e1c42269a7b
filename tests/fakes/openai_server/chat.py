"""`POST /v1/chat/completions`: https://platform.openai.com/docs/api-reference/chat."""

import asyncio
import base64
import binascii
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.fakes.openai_server.flavours import MADE_AT, Able, Flavour
from tests.fakes.openai_server.schemas import breaches
from tests.fakes.openai_server.state import CALL, FAKE, FAULT, Action, Fake, Fault, Refusal, Script
from tests.fakes.openrouter.faults import Cut
from tests.fakes.openrouter.sniff import media_of

TOKEN = re.compile(r"\S+\s*|\s+")
NEEDS = {"input_audio": "hears", "image_url": "sees", "video_url": "watches"}
DONE = "[DONE]"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What is said."""

    name: str
    """Of the call."""
    model: str
    """Who says it."""
    thought: tuple[str, ...]
    """Thinking, in tokens."""
    tokens: tuple[str, ...]
    """The text, in tokens."""
    reason: str
    """Why it ends."""
    heard: int
    """Tokens of the request."""

    @property
    def usage(self) -> dict[str, Any]:
        """As OpenAI counts; no such server tells a cost."""
        out = len(self.thought) + len(self.tokens)
        return {"prompt_tokens": self.heard, "completion_tokens": out, "total_tokens": self.heard + out}


async def chat_completions(request: web.Request) -> web.StreamResponse:
    """Answer a chat request."""
    fake = request.app[FAKE]
    body = await json_body(request)
    request[CALL].body = without_media(body)
    check(body, "chat")
    request[CALL].model = body["model"]
    able = model_of(fake.flavour, body["model"])
    if not able.chats:
        raise Refusal(400, f"{body['model']} does not support chat")
    held = [told(part, able, fake.flavour) for message in body["messages"] for part in parts(message)]
    answer = answer_of(body, [line for line in held if line], fake)
    if not body.get("stream") or fake.script.whole:
        return web.json_response(completion(answer, fake))
    wants_usage = body.get("stream_options", {}).get("include_usage", False)
    return await stream(request, answer, fake, wants_usage=wants_usage)


async def json_body(request: web.Request) -> dict[str, Any]:
    """The request as an object.

    Raises:
        Refusal: it is none.
    """
    try:
        body = json.loads(await request.read())
    except ValueError as error:
        raise Refusal(400, "the body is not JSON", breach=True) from error
    if request.content_type != "application/json" or not isinstance(body, dict):
        raise Refusal(400, "the body is not JSON", breach=True)
    return body


def check(body: dict[str, Any], operation: str) -> None:
    """Refuse a request that breaks its schema."""
    if found := breaches(operation, body):
        raise Refusal(400, "; ".join(found), breach=True)


def model_of(flavour: Flavour, name: str) -> Able:
    """Return what a model can do.

    Raises:
        Refusal: there is none of this name.
    """
    if flavour.takes_any_name:
        return next(iter(flavour.models.values()))
    found = flavour.models.get(name) or flavour.models.get(f"{name}:latest")
    if found is None:
        raise Refusal(404, f"model '{name}' not found")
    return found


def parts(message: dict[str, Any]) -> list[dict[str, Any]]:
    """The parts of a message; a bare text is one."""
    content = message["content"]
    return content if isinstance(content, list) else [{"type": "text", "text": content, "role": message["role"]}]


def told(part: dict[str, Any], able: Able, flavour: Flavour) -> str:
    """Say what a part of a user's message holds.

    Raises:
        Refusal: the model or the server cannot take it.
    """
    kind = part["type"]
    if kind == "text":
        return f"You said: {part['text']}" if part.get("role", "user") == "user" else ""
    if not getattr(able, NEEDS[kind]):
        raise Refusal(400, f"{kind} is not supported by this model", breach=True)
    if kind != "input_audio":
        return f"You sent {kind}: {part[kind]['url'].partition(',')[0]}"
    try:
        media = media_of(base64.b64decode(part["input_audio"]["data"], validate=True))
    except binascii.Error as error:
        raise Refusal(400, "the sound is not base64", breach=True) from error
    if media.container not in flavour.sounds or not media.codec:
        raise Refusal(400, f"cannot decode {media.told}", breach=True)
    return f"You sent audio: {media.told}"


def answer_of(body: dict[str, Any], held: list[str], fake: Fake) -> Answer:
    """Compose the answer, as long as the request allows."""
    script = fake.script
    text = "\n".join(held) if script.text is None else script.text
    thought, tokens = TOKEN.findall(script.thought), TOKEN.findall(text)
    most = body.get("max_tokens") or body.get("max_completion_tokens") or len(thought) + len(tokens)
    return Answer(
        name=f"chatcmpl-{len(fake.calls)}",
        model=body["model"],
        thought=tuple(thought[:most]),
        tokens=tuple(tokens[: max(0, most - len(thought))]),
        reason="length" if len(thought) + len(tokens) > most else "stop",
        heard=max(1, sum(map(len, held)) // 4),
    )


def completion(answer: Answer, fake: Fake) -> dict[str, Any]:
    """The whole answer."""
    message = {"role": "assistant", "content": "".join(answer.tokens)}
    if answer.thought:
        message[fake.flavour.thought] = "".join(answer.thought)
    choice = {"index": 0, "message": message, "finish_reason": answer.reason}
    return {**head(answer, "chat.completion"), "choices": [choice], "usage": answer.usage}


async def stream(request: web.Request, answer: Answer, fake: Fake, *, wants_usage: bool) -> web.StreamResponse:
    """Answer as an event stream.

    Raises:
        Cut: the connection must be cut now.
    """
    script, fault = fake.script, request.get(FAULT)
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await response.prepare(request)
    for count, delta in enumerate(deltas(answer, fake.flavour)):
        if fault is not None and count == fault.after:
            return await break_off(request, response, fault, fake)
        await response.write(event(chunk(answer, delta), script))
        await asyncio.sleep(script.pause)
    tail = [event(chunk(answer, {}, answer.reason), script)]
    if wants_usage and script.usage:
        tail.append(event({**head(answer), "choices": [], "usage": answer.usage}, script))
    if script.done:
        tail.append(event(DONE, script))
    await response.write_eof(b"".join(tail))
    return response


async def break_off(request: web.Request, response: web.StreamResponse, fault: Fault, fake: Fake) -> web.StreamResponse:
    """Cut the connection, or say that something went wrong."""
    if fault.action is Action.CUT:
        raise Cut(rst=fault.rst)
    request[CALL].outcome = "error"
    await response.write_eof(event(fake.flavour.error(fault.status, fault.message), fake.script))
    return response


def deltas(answer: Answer, flavour: Flavour) -> Iterator[dict[str, Any]]:
    """What is added piece by piece: the role first, then thinking, then the text."""
    yield {"role": "assistant", "content": None}
    for token in answer.thought:
        yield {flavour.thought: token}
    for token in answer.tokens:
        yield {"content": token}


def chunk(answer: Answer, delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    """One event's data."""
    return {**head(answer), "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}


def head(answer: Answer, kind: str = "chat.completion.chunk") -> dict[str, Any]:
    """What every answer and every chunk begins with."""
    return {
        "id": answer.name,
        "object": kind,
        "created": MADE_AT,
        "model": answer.model,
        "system_fingerprint": "fp_loopback",
    }


def event(data: dict[str, Any] | str, script: Script) -> bytes:
    """One event as it travels."""
    end = "\r\n" if script.crlf else "\n"
    return f"data: {data if isinstance(data, str) else json.dumps(data)}{end}{end}".encode()


def without_media(value: Any) -> Any:
    """The same, with long texts cut, for the log."""
    if isinstance(value, dict):
        return {key: without_media(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [without_media(inner) for inner in value]
    return f"{value[:40]}…" if isinstance(value, str) and len(value) > 20_000 else value
