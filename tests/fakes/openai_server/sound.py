"""`POST /v1/audio/transcriptions` and `/v1/audio/speech`: https://platform.openai.com/docs/api-reference/audio."""

import asyncio
import re
from pathlib import PurePath
from typing import Any

from aiohttp import web
from aiohttp.web_request import FileField

from tests.fakes.openai_server.chat import check, json_body, model_of
from tests.fakes.openai_server.flavours import SPOKEN
from tests.fakes.openai_server.state import CALL, FAKE, FAULT, Fake, Refusal
from tests.fakes.openrouter.faults import Cut
from tests.fakes.openrouter.sniff import Media, media_of
from tests.fakes.openrouter.speech import encoded, spoken_seconds, tone

LONGEST_UPLOAD = 25 * 1024 * 1024
PIECE_BYTES = 4_096
SENTENCE = re.compile(r"\s*[^.!?]+[.!?]*")
SUFFIXES = {"m4a": {"m4a", "mp4"}, "ogg": {"ogg", "oga", "opus"}}


async def transcriptions(request: web.Request) -> web.StreamResponse:
    """Transcribe a file of a form."""
    fake = request.app[FAKE]
    body, media = await form_body(request)
    request[CALL].body, request[CALL].model = body, str(body.get("model", ""))
    check(body, "transcription")
    if not model_of(fake.flavour, body["model"]).transcribes:
        raise Refusal(400, f"{body['model']} does not transcribe")
    form = body.get("response_format", "json")
    if form not in fake.flavour.transcripts:
        raise Refusal(400, f"response_format {form!r} is not supported")
    check_media(body, media, fake)
    text = f"You sent audio: {media.told}" if fake.script.text is None else fake.script.text
    return answered(request, text, media, body)


async def form_body(request: web.Request) -> tuple[dict[str, Any], Media]:
    """The form's fields, and what its file is.

    Raises:
        Refusal: it is no form with a file, or too long.
    """
    if request.content_type != "multipart/form-data":
        raise Refusal(400, "the body is no form", breach=True)
    form = await request.post()
    found = form.get("file")
    if not isinstance(found, FileField):
        raise Refusal(400, "the form has no file", breach=True)
    data = found.file.read()
    if len(data) > LONGEST_UPLOAD:
        raise Refusal(413, "Maximum file size exceeded", breach=True)
    media = media_of(data)
    body: dict[str, Any] = {key: value for key, value in form.items() if key != "file" and not key.endswith("[]")}
    body |= {key: form.getall(key) for key in form if key.endswith("[]")}
    body["file"] = {"name": found.filename, "type": found.content_type, "container": media.container}
    return body, media


def check_media(body: dict[str, Any], media: Media, fake: Fake) -> None:
    """Refuse a file that cannot be decoded, or whose name says something else than its bytes."""
    if media.container not in fake.flavour.sounds or not media.codec:
        raise Refusal(400, f"cannot decode {media.told}", breach=True)
    suffix = PurePath(body["file"]["name"]).suffix.removeprefix(".")
    if suffix not in SUFFIXES.get(media.container, {media.container}):
        raise Refusal(400, f"{body['file']['name']} is {media.told}", breach=True)


def answered(request: web.Request, text: str, media: Media, body: dict[str, Any]) -> web.Response:
    """The transcript in the form that was asked for."""
    seconds, form = media.seconds or 0.0, body.get("response_format", "json")
    segments = cut(text, seconds)
    if form in {"text", "srt", "vtt"}:
        return web.Response(text=text if form == "text" else subtitles(segments), content_type="text/plain")
    usage = request.app[FAKE].flavour.usage_of_sound
    answer: dict[str, Any] = {"text": text, **({} if usage is None else {"usage": usage})}
    if form == "verbose_json":
        answer |= {"task": "transcribe", "language": body.get("language", "en"), "duration": seconds, "words": None}
        answer["segments"] = segments
    return web.json_response(answer)


def cut(text: str, seconds: float) -> list[dict[str, Any]]:
    """A segment for each sentence, as long as its share of the letters."""
    said = SENTENCE.findall(text)
    segments, start, total = [], 0.0, max(1, sum(map(len, said)))
    for number, sentence in enumerate(said):
        end = start + seconds * len(sentence) / total
        segments.append({"id": number, "start": round(start, 2), "end": round(end, 2), "text": sentence})
        start = end
    return segments


def subtitles(segments: list[dict[str, Any]]) -> str:
    """Segments as SubRip has them."""
    return "\n".join(
        f"{s['id'] + 1}\n00:00:0{s['start']} --> 00:00:0{s['end']}\n{s['text'].strip()}\n" for s in segments
    )


async def speech(request: web.Request) -> web.StreamResponse:
    """Read a text aloud: the sound itself, in pieces.

    Raises:
        Cut: the connection must be cut now.
    """
    fake, body = request.app[FAKE], await json_body(request)
    request[CALL].body, request[CALL].model = body, str(body.get("model", ""))
    check(body, "speech")
    data, kind = spoken(body, fake)
    response = web.StreamResponse(headers={"Content-Type": kind})
    await response.prepare(request)
    fault = request.get(FAULT)
    for count, start in enumerate(range(0, len(data), PIECE_BYTES)):
        if fault is not None and count == fault.after:
            raise Cut(rst=fault.rst)
        await response.write(data[start : start + PIECE_BYTES])
        await asyncio.sleep(fake.script.pause)
    await response.write_eof()
    return response


def spoken(body: dict[str, Any], fake: Fake) -> tuple[bytes, str]:
    """The sound and its content type.

    Raises:
        Refusal: no such voice or format.
    """
    voices = model_of(fake.flavour, body["model"]).voices
    if not voices:
        raise Refusal(400, f"{body['model']} does not speak")
    if body.get("voice", voices[0]) not in voices:
        raise Refusal(422, f"Voice '{body['voice']}' is not supported. Supported voices: {', '.join(voices)}")
    form = body.get("response_format", fake.flavour.speech_default)
    if form not in fake.flavour.speech:
        raise Refusal(400, f"response_format {form!r} is not supported", breach=True)
    container, codec, kind = SPOKEN[form]
    seconds = spoken_seconds(body["input"])
    return (encoded(seconds, container, codec) if container else tone(seconds)), kind
