"""`POST /audio/transcriptions` and `POST /audio/speech`; neither is cached.

See https://openrouter.ai/docs/guides/overview/multimodal/stt and .../tts.
"""

import asyncio
import base64
import json
from typing import Any

from aiohttp import web

from tests.fakes.openrouter.catalogue import Model
from tests.fakes.openrouter.compose import split
from tests.fakes.openrouter.demands import check_clip, model_of
from tests.fakes.openrouter.errors import ApiError, refusal
from tests.fakes.openrouter.faults import Action
from tests.fakes.openrouter.paid import buy, general_headers
from tests.fakes.openrouter.prompt import AUDIO_TOKENS_A_SECOND, Clip, clip_of
from tests.fakes.openrouter.script import Script
from tests.fakes.openrouter.speech import encoded, spoken_seconds, tone
from tests.fakes.openrouter.state import BODY, CALL, FAKE, fault_of
from tests.fakes.openrouter.wire import silence, whole

TIMED = frozenset({"OpenAI", "Groq", "Together"})
"""Providers that tell times."""
CONTENT_TYPES = {"mp3": "audio/mpeg", "pcm": "audio/pcm;rate=24000;channels=1"}


async def transcriptions(request: web.Request) -> web.StreamResponse:
    """Transcribe: JSON with the text and its usage."""
    fake, body = request.app[FAKE], request[BODY]
    fake.check("transcription", body)
    model, clip = model_of(body, "transcription"), clip_of(body["input_audio"])
    check_clip(clip, model)
    if body.get("response_format") == "verbose_json" and model.provider not in TIMED:
        raise refusal(400, f"{model.id} does not support response_format 'verbose_json'", violation=True)
    script = fake.scripts.choose(model.id, "")
    text = f"You sent audio: {clip.media.told}" if script.text is None else script.text
    usage = transcription_usage(model, clip, text, script)
    answer: dict[str, Any] = {"text": text, "usage": usage}
    if body.get("response_format") == "verbose_json":
        answer |= verbose(clip, text, body.get("language", "en"))
    return await sell(request, script, json.dumps(answer).encode(), "application/json", usage)


def transcription_usage(model: Model, clip: Clip, text: str, script: Script) -> dict[str, Any]:
    """Usage by the second, or by the token for models that are priced so."""
    seconds = clip.media.seconds or 0.0
    if "text" not in model.inputs:
        cost = seconds * model.price("prompt") if script.cost_usd is None else script.cost_usd
        return {"seconds": round(seconds, 3), "cost": round(cost, 12)}
    heard, written = round(seconds * AUDIO_TOKENS_A_SECOND), len(split(text))
    price = heard * model.price("prompt") + written * model.price("completion")
    cost = price if script.cost_usd is None else script.cost_usd
    tokens = {"input_tokens": heard, "output_tokens": written, "total_tokens": heard + written}
    return {"seconds": round(seconds, 3), **tokens, "cost": round(cost, 12)}


def verbose(clip: Clip, text: str, language: str) -> dict[str, Any]:
    """What `verbose_json` adds."""
    seconds = clip.media.seconds or 0.0
    segment = {"id": 0, "start": 0.0, "end": seconds, "text": text}
    return {"task": "transcribe", "language": language, "duration": seconds, "segments": [segment]}


async def speech(request: web.Request) -> web.StreamResponse:
    """Read a text aloud: raw bytes, `pcm` unless told otherwise."""
    fake, body = request.app[FAKE], request[BODY]
    if body.get("response_format", "pcm") not in CONTENT_TYPES:
        raise zod_refusal(body["response_format"])
    fake.check("speech", body)
    model, form = model_of(body, "speech"), body.get("response_format", "pcm")
    check_speech(body, model, form)
    script = fake.scripts.choose(model.id, body["input"])
    cost = len(body["input"]) * model.price("prompt") if script.cost_usd is None else script.cost_usd
    seconds = spoken_seconds(body["input"])
    made = base64.b64decode(script.audio) if script.audio is not None else (encoded if form == "mp3" else tone)(seconds)
    return await sell(request, script, made, CONTENT_TYPES[form], {"cost": round(cost, 12)})


def check_speech(body: dict[str, Any], model: Model, form: str) -> None:
    """Refuse a voice or a format that the model does not have."""
    voices = model.voices or ()
    if body.get("voice") not in voices:
        raise refusal(400, f"Voice {body.get('voice')!r} is not one of: {', '.join(voices)}", violation=True)
    if form not in model.speech_formats:
        raise refusal(400, f"{model.id} does not support response_format {form!r}", violation=True)


def zod_refusal(form: str) -> ApiError:
    """The different shape of the error for an unknown format."""
    message = f'Invalid option: expected one of "mp3"|"pcm", got {form!r}'
    return ApiError(400, {"success": False, "error": {"name": "ZodError", "message": message}}, violation=message)


async def sell(
    request: web.Request, script: Script, body: bytes, content_type: str, usage: dict[str, Any]
) -> web.StreamResponse:
    """Charge and hand over.

    Raises:
        Cut: the connection must be cut now.
    """
    fake, call = request.app[FAKE], request[CALL]
    call.usage, call.finish_reason = usage, "stop"
    buy(request, usage["cost"])
    hang = fault_of(request, Action.HANG)
    if hang is not None:
        await silence(request, hang.seconds)
    await asyncio.sleep(script.ttft_s)
    call.answered_at = asyncio.get_running_loop().time()
    response = await whole(request, body, {**general_headers(call), "Content-Type": content_type})
    fake.ledger.end(call, "complete", 200)
    return response
