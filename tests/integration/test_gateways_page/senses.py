"""What is said, heard and seen: the lines of the page's table that ask what a gateway's models take and say."""

import io
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any

import av

from bot.domain.audio import MediaFile, MediaFormat
from bot.domain.models import SpeechRequest
from bot.domain.money import CallKind
from bot.ports import Gateway
from tests.integration.test_gateways_page.asking import (
    ORIGIN,
    TOLD,
    YES,
    Answer,
    Facts,
    Lacking,
    ask,
    asked,
    chats,
    first_able,
    hears,
    is_made_for,
    is_told,
    listen,
    speaks_in_chat,
    taken,
)
from tests.integration.test_gateways_page.files import Files
from tests.integration.test_gateways_page.fronts import Front

EAR, MOUTH = "openai/whisper-1", "hexgrad/kokoro-82m"
"""Models made for transcription and for speech, which whoever has none is asked for."""
TRANSCRIBES, SPEAKS = is_made_for(CallKind.TRANSCRIPTION), is_made_for(CallKind.SPEECH)
THOUGHT = "It is a bird. "
PIECES_SECONDS = 0.05
"""Between the first and the last piece of an answer that is said over half a second, at the least."""


# --- words -------------------------------------------------------------------


async def text(front: Front, files: Files) -> Facts:
    await front.say(TOLD)
    await asked(front)
    return YES


async def streamed(front: Front, files: Files) -> Facts:
    await front.say(TOLD, slowly=True)
    for way, gateway in {"yes": front.gateway, **front.ways}.items():
        answer = await first_able(front, chats, partial(said_by, gateway))
        assert is_told(front, answer)
        if answer.spread > PIECES_SECONDS:
            return (way,)
    raise Lacking


async def said_by(gateway: Gateway, model: str) -> Answer:
    return await taken(gateway.perform(ask(model)))


async def thinking(front: Front, files: Files) -> Facts:
    await front.say(TOLD, thought=THOUGHT)
    answer = await first_able(front, chats, lambda model: taken(front.gateway.perform(ask(model, reasoning=True))))
    assert is_told(front, answer)
    if not answer.thought:
        raise Lacking
    assert answer.thought == THOUGHT.strip()
    return YES if (await front.seen()).thinks else ("where it comes",)


# --- sound -------------------------------------------------------------------


def sound(form: MediaFormat) -> Callable[[Front, Files], Awaitable[Facts]]:
    """Return the probe of one format: who hears it, a chat model or one made for transcription."""

    async def hear(front: Front, files: Files) -> Facts:
        file, facts = files.sounds[form], []
        for name, heard in (("chat", in_chat), ("transcription", by_transcription)):
            try:
                answer = await heard(front, file)
            except Lacking:
                continue
            assert front.understood(answer.text, file)
            facts.append(name)
        if not facts:
            raise Lacking
        return tuple(facts)

    return hear


async def in_chat(front: Front, file: MediaFile) -> Answer:
    return await first_able(
        front, hears, lambda model: taken(front.gateway.perform(ask(model, "What is said?", audio=(file,))))
    )


async def by_transcription(front: Front, file: MediaFile) -> Answer:
    answer = await first_able(front, TRANSCRIBES, lambda model: taken(front.gateway.perform(listen(model, file))), EAR)
    assert all(path.endswith("/audio/transcriptions") for path in (await front.seen()).paths[-1:])
    return answer


async def written_down(front: Front, files: Files) -> Facts:
    able = [can.audio_formats for can in (await front.gateway.catalogue()).values() if TRANSCRIBES(can)]
    file = files.heard(able[0] if able else (MediaFormat.WAV,))
    answer = await by_transcription(front, file)
    assert front.understood(answer.text, file)
    return YES


async def spoken(front: Front, files: Files) -> Facts:
    answer = await first_able(
        front,
        SPEAKS,
        lambda model: taken(front.gateway.perform(SpeechRequest(model=model, text=TOLD, origin=ORIGIN))),
        MOUTH,
    )
    assert played_seconds(answer) > 1
    assert all(path.endswith("/audio/speech") for path in (await front.seen()).paths)
    return YES


async def aloud(front: Front, files: Files) -> Facts:
    await front.say(TOLD)
    answer = await first_able(
        front, speaks_in_chat, lambda model: taken(front.gateway.perform(ask(model, aloud=True, max_tokens=500)))
    )
    assert is_told(front, answer)
    assert played_seconds(answer) > 1
    return YES


def played_seconds(answer: Answer) -> float:
    """How long an answer's sound is when it is decoded."""
    data, first = b"".join(piece.data for piece in answer.sounds), answer.sounds[0]
    if first.format is MediaFormat.PCM16:
        return len(data) / 2 / first.rate
    with av.open(io.BytesIO(data), "r") as file:
        return sum(frame.samples / frame.sample_rate for frame in file.decode(file.streams.audio[0]))


# --- what is seen ------------------------------------------------------------


def seen(held: str) -> Callable[[Front, Files], Awaitable[Facts]]:
    """Return the probe of `pictures` or `videos`: the formats that are taken."""

    async def look(front: Front, files: Files) -> Facts:
        facts = []
        for file in getattr(files, held).values():
            with suppress(Lacking):
                facts.append(await one(front, file))
        if not facts:
            raise Lacking
        return tuple(facts)

    async def one(front: Front, file: MediaFile) -> str:
        shown: dict[str, Any] = {held: (file,)}
        answer = await first_able(
            front,
            lambda can: bool(can.picture_formats if held == "pictures" else can.video_formats),
            lambda model: taken(front.gateway.perform(ask(model, "What is this?", **shown))),
        )
        assert front.understood(answer.text, file)
        return str(file.format)

    return look


async def linked(front: Front, files: Files) -> Facts:
    links = ("https://youtu.be/dQw4w9WgXcQ", "https://www.youtube.com/shorts/abcdefghijk")
    answer = await first_able(
        front,
        lambda can: can.video_links,
        lambda model: taken(front.gateway.perform(ask(model, "What happens?", links=links))),
    )
    for name in ("dQw4w9WgXcQ", "abcdefghijk"):
        assert f"https://www.youtube.com/watch?v={name}" in answer.text
    return YES
