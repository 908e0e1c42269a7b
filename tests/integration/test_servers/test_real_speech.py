"""The real thing: servers that hear and speak with the embedded models' weights, in their own processes, over HTTP."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import openai
import pytest
import pytest_asyncio

from adapters.gateways.gateway import RemoteGateway
from adapters.gateways.reply import Patience
from adapters.local import weights
from adapters.media.media import PydubMedia
from bot.domain.audio import MediaFile, MediaFormat, plan_conversion
from bot.domain.errors import ModelRefused, ModelUnauthorised
from bot.domain.models import Finished, Modality, ModelRef, Request, SpeechRequest, TranscriptionRequest
from bot.domain.money import CallKind
from tests.acceptance.hearing import TEXTS, play, word_errors
from tests.contracts.gateway import Call, GatewayContract
from tests.fakes.process import running
from tests.integration.gateway_calls import everything, problem_of, sound_of, text_of
from tests.integration.test_servers.harness import connected

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120), pytest.mark.slow]

EAR, MOUTH = "faster-whisper:openai/whisper-tiny.en", "tts-1"
AT_EASE = Patience(idle=30, quiet=30, total=60)
NOTE = "voice-note.ogg"
DATA = Path(__file__).parents[2] / "data"
SPOKEN = "Good morning, everybody. The sun is shining and the birds are singing."


@dataclass(frozen=True, kw_only=True)
class Server:
    url: str
    log: Path

    def posts(self) -> list[str]:
        """What was posted, by the server's own account: the path and the answer's status of each."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        return [line.partition('"POST ')[2].replace(' HTTP/1.1"', "") for line in lines if '"POST ' in line]


@asynccontextmanager
async def serving(kind: str, model: str, folder: Path) -> AsyncIterator[Server]:
    arguments = (kind, str(weights.look_up(model, {}).path), str(folder))
    async with running("tests.integration.test_servers.speech_server", *arguments, start_seconds=60) as url:
        yield Server(url=url, log=folder / "access.log")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hearing(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    async with serving("hears", "whisper-tiny.en", tmp_path_factory.mktemp("hears")) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def speaking(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    async with serving("speaks", "en_US-joe-medium", tmp_path_factory.mktemp("speaks")) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ear(hearing: Server) -> AsyncIterator[RemoteGateway]:
    async with connected(f"{hearing.url}/v1", patience=AT_EASE) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mouth(speaking: Server) -> AsyncIterator[RemoteGateway]:
    async with connected(f"{speaking.url}/v1", patience=AT_EASE) as opened:
        yield opened


async def planned(gateway: RemoteGateway, path: Path, folder: Path) -> MediaFile:
    """Make of a recording what a turn would hand to the model."""
    able = await gateway.capabilities(EAR)
    assert able.audio_limits is not None
    async with PydubMedia(workers=1) as media:
        facts = await media.probe(str(path))
        plan = plan_conversion(facts, able.audio_formats, model=able.audio_limits, service=able.audio_limits)
        (piece,) = [piece async for piece in media.convert(str(path), plan, str(folder))]
    return piece


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def voice_note(ear: RemoteGateway, tmp_path_factory: pytest.TempPathFactory) -> MediaFile:
    return await planned(ear, DATA / NOTE, tmp_path_factory.mktemp("planned"))


@dataclass(kw_only=True)
class Harness:
    gateway: RemoteGateway
    requests: Sequence[Request]
    url: str
    calls: list[Call]

    async def running(self) -> int:
        async with httpx.AsyncClient(verify=False) as client:  # noqa: S501  plain HTTP on loopback
            models = (await client.get(f"{self.url}/v1/admin/models/status")).json()["data"]
        return sum(model["active_requests"] for model in models)


@pytest.fixture(scope="module")
def calls() -> list[Call]:
    """What was carried out, for all tests that only look at the answer."""
    return []


class TestContract(GatewayContract):
    @pytest.fixture
    def harness(self, ear: RemoteGateway, hearing: Server, voice_note: MediaFile, calls: list[Call]) -> Harness:
        requests = (TranscriptionRequest(model=EAR, audio=voice_note, language="en"),)
        return Harness(gateway=ear, requests=requests, url=hearing.url, calls=calls)


async def test_models_that_only_their_names_tell_of_are_known(ear: RemoteGateway, mouth: RemoteGateway):
    ((ref, able),) = (await ear.catalogue()).items()
    assert ref == ModelRef(gateway="here", name=EAR)
    assert able.kinds == {CallKind.TRANSCRIPTION}
    assert able.free
    for able in (await mouth.catalogue()).values():
        assert able.kinds == {CallKind.SPEECH}
        assert able.outputs == {Modality.AUDIO}
        assert able.free


async def test_a_voice_note_is_written_down_for_nothing_by_one_request(
    hearing: Server, ear: RemoteGateway, voice_note: MediaFile
):
    assert voice_note.format is MediaFormat.WAV
    before = hearing.posts()
    deltas = await everything(ear, TranscriptionRequest(model=EAR, audio=voice_note))
    assert hearing.posts() == [*before, "/v1/audio/transcriptions 200"]
    assert word_errors(text_of(deltas), TEXTS[NOTE]) < 0.2
    assert isinstance(deltas[-1], Finished)
    assert deltas[-1].usage.cost == 0
    assert deltas[-1].usage.audio_ms == round(voice_note.seconds * 1000)


async def test_a_reply_is_spoken_for_nothing_by_one_request(speaking: Server, mouth: RemoteGateway):
    before = speaking.posts()
    deltas = await everything(mouth, SpeechRequest(model=MOUTH, text=SPOKEN))
    assert speaking.posts() == [*before, "/v1/audio/speech 200"]
    container, codec, seconds, peak = play(sound_of(deltas))
    assert (container, codec) == ("mp3", "mp3float")
    assert 2 < seconds < 6
    assert peak > 0.1
    assert isinstance(deltas[-1], Finished)
    assert deltas[-1].usage.cost == 0


async def test_what_one_server_says_the_other_understands(ear: RemoteGateway, mouth: RemoteGateway, tmp_path: Path):
    path = tmp_path / "spoken.mp3"
    path.write_bytes(sound_of(await everything(mouth, SpeechRequest(model=MOUTH, text=SPOKEN))))
    spoken = await planned(ear, path, tmp_path)
    assert spoken.format is MediaFormat.MP3
    heard = text_of(await everything(ear, TranscriptionRequest(model=EAR, audio=spoken)))
    assert word_errors(heard, SPOKEN) < 0.3


async def test_openai_s_client_gets_the_same_transcript(hearing: Server, ear: RemoteGateway, voice_note: MediaFile):
    ours = text_of(await everything(ear, TranscriptionRequest(model=EAR, audio=voice_note)))
    async with openai.AsyncOpenAI(base_url=f"{hearing.url}/v1", api_key="unused", max_retries=0) as client:
        theirs = await client.audio.transcriptions.create(model=EAR, file=Path(voice_note.path))
    assert theirs.text == ours


async def test_a_model_that_it_does_not_let_us_use_is_asked_for_once(hearing: Server, voice_note: MediaFile):
    stated, before = {"whisper-1": ("transcription",)}, hearing.posts()
    async with connected(f"{hearing.url}/v1", patience=AT_EASE, abilities=stated) as gateway:
        problem, came = await problem_of(gateway, TranscriptionRequest(model="whisper-1", audio=voice_note))
    assert isinstance(problem, ModelUnauthorised)
    assert "Model not allowed (403)" in problem.sentence
    assert came == []
    assert hearing.posts() == [*before, "/v1/audio/transcriptions 403"]


async def test_a_text_that_is_too_long_for_it_is_refused_once_in_its_words(speaking: Server, mouth: RemoteGateway):
    before = speaking.posts()
    problem, came = await problem_of(mouth, SpeechRequest(model=MOUTH, text="word " * 2000))
    assert isinstance(problem, ModelRefused)
    assert "String should have at most 8000 characters (400)" in problem.sentence
    assert came == []
    assert speaking.posts() == [*before, "/v1/audio/speech 400"]
