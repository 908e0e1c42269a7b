"""What is sent to a server, what is understood of its answers, and what is said when something goes wrong."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from adapters.gateways.gateway import RemoteGateway
from bot.domain.audio import MediaFile, MediaFormat
from bot.domain.errors import (
    ModelBusy,
    ModelCannot,
    ModelInDoubt,
    ModelProblem,
    ModelRefused,
    ModelUnauthorised,
)
from bot.domain.journal import Step, StepState
from bot.domain.models import (
    ChatRequest,
    ChatTurn,
    Finished,
    Origin,
    Role,
    SoundDelta,
    SpeechRequest,
    TranscriptionRequest,
)
from tests.fakes.openai_server.client import Action, FakeServer
from tests.fakes.openrouter.sniff import media_of
from tests.integration.gateway_calls import ask, everything, problem_of, recovered, sound_of, text_of, thought_of
from tests.integration.test_servers.harness import connected

READS, EAR, MOUTH = "qwen3-1.7b", "whisper-base.en", "voice-en-us-amy-low"


@pytest_asyncio.fixture
async def gateway(server: FakeServer) -> AsyncIterator[RemoteGateway]:
    async with connected(server.api) as opened:
        await opened.catalogue()
        yield opened


# --- what is sent ------------------------------------------------------------


async def test_chat_in_the_words_that_every_server_knows(server: FakeServer, gateway: RemoteGateway):
    origin = Origin(call="c", author="a", conversation="t")
    request = ask(model=READS, temperature=0.3, reasoning=True, fallbacks=("other",), origin=origin)
    assert text_of(await everything(gateway, request)) == "You said: hello"
    assert (await server.last()).body == {
        "model": READS,
        "messages": [{"role": "user", "content": "hello"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 500,
        "temperature": 0.3,
    }


async def test_a_recording_in_chat(server: FakeServer, note: MediaFile):
    await server.become("llama.cpp")
    async with connected(server.api) as gateway:
        (model,) = await gateway.catalogue()
        turn = ChatTurn(role=Role.USER, text="What is this?", audio=(note,))
        deltas = await everything(gateway, ChatRequest(model=model.name, turns=(turn,), max_tokens=100))
    assert f"You sent audio: wav/pcm_s16le, {note.bytes} bytes" in text_of(deltas)


async def test_dictation_to_a_chat_model_that_hears(server: FakeServer, note: MediaFile):
    await server.become("ollama")
    await server.say("Good morning.")
    async with connected(server.api) as gateway:
        await gateway.catalogue()
        *said, finished = await everything(gateway, TranscriptionRequest(model="gemma4:e4b", audio=note))
    assert text_of(said) == "Good morning."
    assert isinstance(finished, Finished)
    assert finished.usage.audio_ms == 3000
    assert (await server.last()).path == "/v1/chat/completions"


async def test_a_recording_as_a_file(server: FakeServer, gateway: RemoteGateway, note: MediaFile):
    await server.say("Good morning. How are you?")
    *said, finished = await everything(gateway, TranscriptionRequest(model=EAR, audio=note, language="en"))
    assert text_of(said) == "Good morning. How are you?"
    assert isinstance(finished, Finished)
    assert finished.usage.cost == 0
    assert finished.usage.audio_ms == 3000
    call = await server.last()
    assert call.path == "/v1/audio/transcriptions"
    assert call.body["file"] == {"name": "recording.wav", "type": "audio/wav", "container": "wav"}
    assert call.body["language"] == "en"


@pytest.mark.parametrize(
    ("flavour", "model"),
    [("vllm", "openai/whisper-large-v3-turbo"), ("speaches", "Systran/faster-distil-whisper-small.en")],
)
async def test_every_server_writes_a_file_down(server: FakeServer, note: MediaFile, flavour: str, model: str):
    await server.become(flavour)
    await server.say("Good morning.")
    async with connected(server.api) as gateway:
        await gateway.catalogue()
        assert text_of(await everything(gateway, TranscriptionRequest(model=model, audio=note))) == "Good morning."


async def test_silence_is_no_words(server: FakeServer, gateway: RemoteGateway, note: MediaFile):
    await server.say("")
    (finished,) = await everything(gateway, TranscriptionRequest(model=EAR, audio=note))
    assert isinstance(finished, Finished)


async def test_speech_is_what_it_says_it_is(server: FakeServer, gateway: RemoteGateway):
    *sounds, finished = await everything(gateway, SpeechRequest(model=MOUTH, text="Good morning!"))
    assert isinstance(finished, Finished)
    assert finished.usage.cost == 0
    media = media_of(sound_of(sounds))
    assert {sound.format.value for sound in sounds if isinstance(sound, SoundDelta)} == {media.container}
    assert (await server.last()).body["input"] == "Good morning!"


async def test_a_voice_of_the_model(server: FakeServer):
    await server.become("speaches")
    mouth = "speaches-ai/Kokoro-82M-v1.0-ONNX"
    async with connected(server.api) as gateway:
        await gateway.catalogue()
        await everything(gateway, SpeechRequest(model=mouth, text="Good morning!", voice="am_adam"))
        assert (await server.last()).body["voice"] == "am_adam"
        await everything(gateway, SpeechRequest(model=mouth, text="Good morning!"))
        assert (await server.last()).body["voice"] == "af_heart"
        problem, _ = await problem_of(gateway, SpeechRequest(model=mouth, text="Good morning!", voice="nobody"))
    assert isinstance(problem, ModelProblem)
    assert "af_heart, af_alloy, am_adam" in problem.sentence
    assert len((await server.state()).calls) == 2


async def test_a_format_that_the_server_does_not_decode_is_not_sent(server: FakeServer, note: MediaFile):
    await server.become("ollama")
    ogg = MediaFile(path=note.path, format=MediaFormat.OGG, seconds=3.0, bytes=note.bytes)
    async with connected(server.api) as gateway:
        await gateway.catalogue()
        problem, _ = await problem_of(gateway, TranscriptionRequest(model="gemma4:e4b", audio=ogg))
    assert isinstance(problem, ModelCannot)
    assert (await server.state()).calls == ()


# --- answers of all kinds ----------------------------------------------------


@pytest.mark.parametrize("flavour", ["localai", "ollama"])
async def test_thinking_is_told_apart(server: FakeServer, flavour: str):
    await server.become(flavour)
    await server.say("Hello.", thought="I greet back. ")
    async with connected(server.api) as gateway:
        model = READS if flavour == "localai" else "llama3.2"
        deltas = await everything(gateway, ask(model=model))
    assert thought_of(deltas) == "I greet back. "
    assert text_of(deltas) == "Hello."


@pytest.mark.parametrize("oddity", [{"crlf": True}, {"done": False}, {"whole": True}], ids=["CRLF", "no end", "JSON"])
async def test_an_odd_answer_is_an_answer(server: FakeServer, gateway: RemoteGateway, oddity: dict[str, bool]):
    await server.say("Hello to you, too.", **oddity)
    *said, finished = await everything(gateway, ask(model=READS))
    assert text_of(said) == "Hello to you, too."
    assert isinstance(finished, Finished)
    assert finished.usage.tokens_out == 4
    assert finished.usage.cost == 0


async def test_an_answer_without_usage_costs_nothing_all_the_same(server: FakeServer, gateway: RemoteGateway):
    await server.say("Hello.", usage=False)
    *_, finished = await everything(gateway, ask(model=READS))
    assert isinstance(finished, Finished)
    assert finished.usage.tokens_out is None
    assert finished.usage.cost == 0


async def test_an_answer_that_was_too_long_is_truncated(server: FakeServer, gateway: RemoteGateway):
    await server.say(" ".join(map(str, range(100))))
    *_, finished = await everything(gateway, ask(model=READS, max_tokens=20))
    assert isinstance(finished, Finished)
    assert finished.truncated
    assert finished.usage.tokens_out == 20


# --- what goes wrong ---------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "more", "kind", "said"),
    [
        (Action.ERROR, {"status": 400, "message": "context is full"}, ModelRefused, "context is full"),
        (Action.ERROR, {"status": 401, "message": "no key"}, ModelUnauthorised, "no key"),
        (Action.ERROR, {"status": 404, "message": "model not found"}, ModelProblem, "model not found"),
        (Action.ERROR, {"status": 500, "message": "out of memory"}, ModelBusy, "out of memory"),
        (Action.ERROR, {"status": 501, "message": "not built in"}, ModelProblem, "not built in"),
        (Action.PAGE, {"status": 404}, ModelRefused, "404"),
    ],
)
async def test_an_error_is_told_in_the_server_s_words(
    server: FakeServer, gateway: RemoteGateway, action: Action, more: dict[str, object], kind: type, said: str
):
    await server.fail(action, **more)
    problem, came = await problem_of(gateway, ask(model=READS))
    assert isinstance(problem, kind)
    assert said in problem.sentence
    assert "may have been charged" not in problem.sentence
    assert came == []
    assert len((await server.state()).calls) == 1


@pytest.mark.parametrize("flavour", ["ollama", "vllm", "speaches", "localai"])
async def test_a_model_that_was_taken_away_is_told(server: FakeServer, flavour: str):
    await server.become(flavour)
    async with connected(server.api, abilities={"gone": ("chat",)}) as gateway:
        await gateway.catalogue()
        problem, _ = await problem_of(gateway, ask(model="gone"))
    assert "model 'gone' not found" in problem.sentence
    assert not problem.transient


async def test_a_server_that_is_busy_is_asked_again(server: FakeServer, gateway: RemoteGateway):
    await server.fail(Action.ERROR, status=503, message="Loading model", retry_after="0")
    assert text_of(await everything(gateway, ask(model=READS))) == "You said: hello"
    assert [call.outcome for call in (await server.state()).calls] == ["error", "complete"]


async def test_a_page_of_something_in_front_is_not_shown(server: FakeServer, gateway: RemoteGateway):
    await server.fail(Action.PAGE, status=200)
    problem, _ = await problem_of(gateway, ask(model=READS))
    assert "text/html" in problem.sentence
    assert "<" not in problem.sentence


async def test_an_error_in_a_good_answer_is_an_error(server: FakeServer, gateway: RemoteGateway):
    await server.fail(Action.OK_ERROR, status=400, message="the template is broken")
    problem, _ = await problem_of(gateway, ask(model=READS))
    assert "the template is broken" in problem.sentence


@pytest.mark.parametrize("rst", [False, True])
@pytest.mark.parametrize("action", [Action.DROP, Action.CUT, Action.MIDSTREAM_ERROR, Action.HANG])
async def test_a_call_that_breaks_off_was_free(server: FakeServer, gateway: RemoteGateway, action: Action, rst: bool):
    await server.say("one two three four")
    await server.fail(action, after=3, rst=rst)
    problem, came = await problem_of(gateway, ask(model=READS))
    assert not isinstance(problem, ModelInDoubt)
    assert "charged" not in problem.sentence
    assert text_of(came) == ("one two " if action in {Action.CUT, Action.MIDSTREAM_ERROR} else "")
    assert len((await server.state()).calls) == 1


@pytest.mark.parametrize(
    ("action", "more"),
    [
        (Action.CUT, {"after": 2}),
        (Action.ERROR, {"status": 500, "message": "out of memory"}),
        (Action.OK_ERROR, {"status": 500, "message": "out of memory"}),
    ],
)
async def test_a_call_that_costs_money_and_breaks_off_is_in_doubt(
    server: FakeServer, action: Action, more: dict[str, object]
):
    await server.fail(action, **more)
    async with connected(server.api, paid=("*",)) as gateway:
        await gateway.catalogue()
        problem, _ = await problem_of(gateway, ask(model=READS))
    assert isinstance(problem, ModelInDoubt)
    assert len((await server.state()).calls) == 1


async def test_speech_that_breaks_off_is_told(server: FakeServer, gateway: RemoteGateway):
    await server.fail(Action.CUT, path="/v1/audio/speech")
    problem, _ = await problem_of(gateway, SpeechRequest(model=MOUTH, text="Good morning! " * 20))
    assert not isinstance(problem, ModelInDoubt)


async def test_transcription_errors_are_told(server: FakeServer, gateway: RemoteGateway, note: MediaFile):
    await server.fail(Action.ERROR, path="/v1/audio/transcriptions", status=400, message="Audio file is damaged")
    problem, _ = await problem_of(gateway, TranscriptionRequest(model=EAR, audio=note))
    assert isinstance(problem, ModelRefused)
    assert "Audio file is damaged" in problem.sentence


async def test_a_recording_that_is_gone_is_told(gateway: RemoteGateway, tmp_path: Path):
    gone = MediaFile(path=str(tmp_path / "gone.wav"), format=MediaFormat.WAV, seconds=1.0, bytes=100)
    problem, _ = await problem_of(gateway, TranscriptionRequest(model=EAR, audio=gone))
    assert isinstance(problem, ModelRefused)


async def test_a_small_server_that_lists_nothing_is_used_by_the_settings(server: FakeServer, note: MediaFile):
    await server.become("bare")
    await server.say("Good morning.")
    request = TranscriptionRequest(model="whisper-1", audio=note)
    async with connected(server.api, abilities={"whisper-1": ("transcription",)}) as gateway:
        await gateway.catalogue()
        assert text_of(await everything(gateway, request)) == "Good morning."
        await server.fail(Action.ERROR, path="/v1/audio/transcriptions", status=400, message="no such model")
        problem, _ = await problem_of(gateway, request)
    assert "no such model (400)" in problem.sentence


# --- after a crash -----------------------------------------------------------


async def test_after_a_crash_a_free_call_is_made_again(server: FakeServer, gateway: RemoteGateway):
    step = Step(name="answer", state=StepState.ACCEPTED, vendor_id="chatcmpl-1")
    deltas = await recovered(gateway, step, ask(model=READS))
    assert text_of(deltas) == "You said: hello"


async def test_after_a_crash_a_call_that_costs_money_is_in_doubt(server: FakeServer):
    step = Step(name="answer", state=StepState.ACCEPTED, vendor_id="chatcmpl-1")
    async with connected(server.api, paid=("*",)) as gateway:
        with pytest.raises(ModelInDoubt):
            await recovered(gateway, step, ask(model=READS))
    assert (await server.state()).calls == ()
