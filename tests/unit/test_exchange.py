"""Which way a request goes, by what its model is made for."""

from dataclasses import replace

import pytest

from adapters.gateways.audio_endpoints import SoundAnswer, TranscriptAnswer
from adapters.gateways.chat_answer import ChatAnswer, DictatedAnswer
from adapters.gateways.endpoints import OPENROUTE, OPENROUTER, Endpoint, Form
from adapters.gateways.exchange import Answer, Codec
from adapters.gateways.profiles import ModelFacts, built_in, capabilities
from adapters.gateways.read_aloud import ReadAloudAnswer
from bot.domain.audio import MediaFile, MediaFormat
from bot.domain.errors import ModelCannot
from bot.domain.models import (
    Capabilities,
    ChatRequest,
    ChatTurn,
    Modality,
    Origin,
    Request,
    Role,
    SpeechRequest,
    TranscriptionRequest,
)
from bot.domain.money import CallKind

ORIGIN = Origin(call="c", author="a", conversation="t")
NOTE = MediaFile(path="/nowhere", format=MediaFormat.MP3, seconds=1.0, bytes=10)
CHAT = ChatRequest(origin=ORIGIN, model="a/b", turns=(ChatTurn(role=Role.USER, text="hi"),), max_tokens=100)
WRITE = TranscriptionRequest(origin=ORIGIN, model="a/b", audio=NOTE)
SPEAK = SpeechRequest(origin=ORIGIN, model="a/b", text="hi")

ALL = ModelFacts(
    capabilities=capabilities("a/b", frozenset(Modality), frozenset({Modality.TEXT, Modality.AUDIO}), OPENROUTER, None)
)


def only(kind: CallKind) -> ModelFacts:
    """A model made for one kind of call."""
    return replace(ALL, capabilities=replace(ALL.capabilities, kinds=frozenset({kind})))


def codec(endpoint: Endpoint = OPENROUTER) -> Codec:
    return Codec(endpoint=endpoint, secret="key")


@pytest.mark.parametrize(
    ("asked", "facts", "path", "reader", "patient"),
    [
        (CHAT, ALL, "/chat/completions", ChatAnswer, False),
        (replace(CHAT, reasoning=True), ALL, "/chat/completions", ChatAnswer, True),
        (replace(CHAT, aloud=True), ALL, "/chat/completions", ChatAnswer, True),
        (WRITE, ALL, "/chat/completions", DictatedAnswer, False),
        (WRITE, only(CallKind.TRANSCRIPTION), "/audio/transcriptions", TranscriptAnswer, False),
        (SPEAK, ALL, "/chat/completions", ReadAloudAnswer, True),
        (SPEAK, only(CallKind.SPEECH), "/audio/speech", SoundAnswer, False),
    ],
)
def test_each_askedgoes_where_its_model_is(
    asked: Request, facts: ModelFacts, path: str, reader: type[Answer], patient: bool
) -> None:
    exchange = codec().encode(asked, facts, "openrouter/a/b")
    assert exchange.path == path
    assert type(exchange.answer) is reader
    assert exchange.patient is patient
    # Only chat completions are kept, and only where the body names the call.
    assert exchange.kept is (path == "/chat/completions")
    assert ("X-OpenRouter-Cache" in exchange.headers) is exchange.kept
    assert (exchange.headers.get("X-Session-Id") == "t") is not exchange.kept


def test_nothing_is_kept_where_nobody_keeps_or_the_call_has_no_name() -> None:
    assert not codec(OPENROUTE).encode(CHAT, ALL, "openroute/a/b").kept
    assert not codec().encode(replace(CHAT, origin=replace(ORIGIN, call="")), ALL, "openrouter/a/b").kept


@pytest.mark.parametrize(("asked", "kind"), [(WRITE, CallKind.TRANSCRIPTION), (SPEAK, CallKind.SPEECH)])
def test_what_a_gateway_has_no_path_for_is_refused(asked: Request, kind: CallKind) -> None:
    with pytest.raises(ModelCannot, match="has no way to"):
        codec(replace(OPENROUTE, transcribes=None)).encode(asked, only(kind), "openroute/a/b")


def test_a_form_says_its_own_boundary() -> None:
    exchange = codec(replace(OPENROUTE, transcribes=Form.MULTIPART)).encode(WRITE, only(CallKind.TRANSCRIPTION), "x/y")
    kind, _, boundary = exchange.headers["Content-Type"].partition("; boundary=")
    assert kind == "multipart/form-data"
    first = exchange.body[0]
    assert isinstance(first, bytes)
    assert first.startswith(f"--{boundary}\r\n".encode())


# --- what families can do ----------------------------------------------------


def able(name: str, inputs: set[Modality], outputs: set[Modality]) -> Capabilities:
    return capabilities(name, frozenset(inputs), frozenset(outputs), OPENROUTER, 1_000)


def test_families_take_what_their_makers_document() -> None:
    gemini = able("google/gemini-9-flash", set(Modality), {Modality.TEXT})
    assert gemini.video_links
    assert gemini.audio_formats[0] is MediaFormat.MP3
    assert (
        able("openai/gpt-audio", {Modality.TEXT, Modality.AUDIO}, {Modality.TEXT, Modality.AUDIO}).voices[0] == "alloy"
    )
    assert MediaFormat.M4A in able("openai/whisper-1", {Modality.AUDIO}, set()).audio_formats
    others = able("x/watches", {Modality.TEXT, Modality.VIDEO}, {Modality.TEXT})
    assert not others.video_links
    assert others.video_formats
    assert not others.picture_formats
    assert others.most_bytes == 14_000_000
    assert able("x/reads", {Modality.TEXT}, {Modality.TEXT}).most_bytes is None


def test_well_known_models_can_be_used_for_what_they_are_made_for() -> None:
    known = built_in(OPENROUTER)
    assert known["openai/whisper-1"].capabilities.kinds == {CallKind.TRANSCRIPTION}
    assert known["openai/whisper-1"].capabilities.hears()
    speaks = known["openai/gpt-4o-mini-tts-2025-12-15"].capabilities
    assert (speaks.kinds, speaks.voices[0]) == ({CallKind.SPEECH}, "alloy")
