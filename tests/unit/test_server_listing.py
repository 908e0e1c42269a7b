import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from adapters.gateways.profiles import ModelFacts
from adapters.gateways.server_abilities import named
from adapters.gateways.server_listing import parse_server, questions
from adapters.gateways.server_models import ServerModels, find_latest
from adapters.gateways.servers import server_endpoint
from bot.domain.audio import MediaFormat
from bot.domain.errors import SettingInvalid
from bot.domain.models import Capabilities, Modality
from bot.domain.money import CallKind
from tests.fakes.openai_server.flavours import FLAVOURS, listing, plain

BASE = "http://127.0.0.1:8000/v1"
HERE = server_endpoint("here", BASE)
CHAT, TRANSCRIPTION, SPEECH = CallKind.CHAT, CallKind.TRANSCRIPTION, CallKind.SPEECH
WHERE = {"/api/tags": "tags", "/v1/models/capabilities": "capabilities", "/v1/models": "models"}


def models(**more: Any) -> ServerModels:
    return ServerModels(HERE, **more)


def told(flavour: str, **more: Any) -> dict[str, Capabilities]:
    """What is understood of everything that a server tells."""
    answers = {WHERE[path]: answer for path, answer in FLAVOURS[flavour].listings.items()}
    return understood(answers, **more)


def listed(*rows: dict[str, Any], **more: Any) -> dict[str, Capabilities]:
    return understood({"models": listing(*rows)}, **more)


def understood(answers: dict[str, Any], **more: Any) -> dict[str, Capabilities]:
    return abilities(models(**more).shelf().parse(json.dumps(answers).encode(), HERE))


def abilities(found: Any) -> dict[str, Capabilities]:
    facts: dict[str, ModelFacts] = dict(found)
    return {name: model.capabilities for name, model in facts.items()}


# --- each server -------------------------------------------------------------


def test_ollama():
    found = told("ollama")
    assert found.keys() == {"llama3.2", "gemma3:4b", "gemma4:e4b"}
    assert found["llama3.2"].kinds == {CHAT}
    assert found["llama3.2"].inputs == {Modality.TEXT}
    assert found["gemma3:4b"].picture_formats == (MediaFormat.JPEG, MediaFormat.PNG)
    assert found["gemma4:e4b"].kinds == {CHAT, TRANSCRIPTION}
    assert found["gemma4:e4b"].audio_formats == (MediaFormat.WAV,)


def test_llama_cpp():
    (found,) = told("llama.cpp").values()
    assert found.kinds == {CHAT, TRANSCRIPTION}
    assert found.inputs == {Modality.TEXT, Modality.AUDIO}
    assert found.audio_formats == (MediaFormat.WAV, MediaFormat.MP3, MediaFormat.FLAC)
    assert found.context_tokens == 8192


def test_vllm():
    found = told("vllm")
    assert found["Qwen/Qwen2.5-7B-Instruct"].kinds == {CHAT}
    assert found["Qwen/Qwen2.5-7B-Instruct"].context_tokens == 32_768
    assert found["openai/whisper-large-v3-turbo"].kinds == {TRANSCRIPTION}
    assert MediaFormat.OGG in found["openai/whisper-large-v3-turbo"].audio_formats


def test_speaches():
    found = told("speaches")
    ear, mouth = found["Systran/faster-distil-whisper-small.en"], found["speaches-ai/Kokoro-82M-v1.0-ONNX"]
    assert ear.kinds == {TRANSCRIPTION}
    assert ear.hears()
    assert mouth.kinds == {SPEECH}
    assert mouth.voices == ("af_heart", "af_alloy", "am_adam")
    assert mouth.outputs == {Modality.AUDIO}
    assert not mouth.hears()


def test_localai():
    found = told("localai")
    assert {name: model.kinds for name, model in found.items()} == {
        "qwen3-1.7b": {CHAT},
        "minicpm-v-4_6": {CHAT},
        "whisper-base.en": {TRANSCRIPTION},
        "voice-en-us-amy-low": {SPEECH},
    }
    assert found["qwen3-1.7b"].context_tokens == 8192
    assert found["minicpm-v-4_6"].inputs == {Modality.TEXT, Modality.IMAGE, Modality.VIDEO}
    assert MediaFormat.MP4 in found["minicpm-v-4_6"].video_formats


def test_whoever_tells_only_names_is_understood_by_them():
    rows = ("whisper-1", "gpt-4o-mini", "tts-1-hd", "text-embedding-3-small", "nvidia/parakeet-tdt-0.6b-v2")
    found = listed(*(plain(name, "me") for name in rows))
    assert {name: model.kinds for name, model in found.items()} == {
        "whisper-1": {TRANSCRIPTION},
        "gpt-4o-mini": {CHAT},
        "tts-1-hd": {SPEECH},
        "nvidia/parakeet-tdt-0.6b-v2": {TRANSCRIPTION},
    }


@pytest.mark.parametrize("flavour", ["ollama", "llama.cpp", "vllm", "speaches", "localai", "empty"])
def test_a_server_is_asked_for_more_only_where_it_has_more(flavour: str):
    asked = questions(FLAVOURS[flavour].listings["/v1/models"], BASE)
    paths = {address.removeprefix("http://127.0.0.1:8000") for address in asked.values()}
    assert paths == FLAVOURS[flavour].listings.keys() - {"/v1/models"}


def test_a_server_without_models_is_asked_for_no_more():
    assert questions({"object": "list", "data": None}, BASE) == {}
    assert questions(listing(), BASE) == {}


def test_a_server_behind_a_path_is_asked_there():
    assert questions(listing(plain("a", "library")), "https://box.example/ollama/v1") == {
        "tags": "https://box.example/ollama/api/tags"
    }
    assert questions(listing(plain("a", "library")), "https://box.example/openai") == {}


# --- the settings ------------------------------------------------------------


def test_the_settings_win_over_what_the_server_tells():
    found = told("vllm", abilities={"Qwen/Qwen2.5-7B-Instruct": ("chat", "audio", "image")})
    model = found["Qwen/Qwen2.5-7B-Instruct"]
    assert model.inputs == {Modality.TEXT, Modality.AUDIO, Modality.IMAGE}
    assert model.hears()
    assert model.context_tokens == 32_768


def test_the_settings_hide_a_model_that_can_do_nothing():
    assert "gemma3:4b" not in told("ollama", abilities={"gemma3:4b": ()})


def test_the_settings_name_models_and_voices_that_the_server_does_not_list():
    found = listed(abilities={"my-whisper-tune": ("transcription",)}, voices={"kokoro": ("af_sky", "am_puck")})
    assert found["my-whisper-tune"].kinds == {TRANSCRIPTION}
    assert found["kokoro"].kinds == {SPEECH}
    assert found["kokoro"].voices == ("af_sky", "am_puck")


def test_the_settings_are_all_that_is_known_while_the_server_is_away():
    source = models(abilities={"llama3.2": ("chat",)}, voices={"kokoro": ("af_sky",)})
    assert abilities(source.shelf().built_in(HERE)).keys() == {"llama3.2", "kokoro"}
    assert source.guess("faster-whisper-small").capabilities.kinds == {TRANSCRIPTION}


def test_an_ability_that_there_is_not_is_refused():
    with pytest.raises(SettingInvalid, match=r"servers\.here\.models\.llama3\.2.*'hearing' is none of chat, audio"):
        models(abilities={"llama3.2": ("chat", "hearing")})


# --- money, names ------------------------------------------------------------


@pytest.mark.parametrize("pattern", ["here/qwen*", "qwen*", "*/qwen*"])
def test_a_server_is_free_but_for_what_costs_money(pattern: str):
    assert all(model.free for model in told("localai").values())
    found = told("localai", paid=(pattern, "there/whisper*"))
    assert not found["qwen3-1.7b"].free
    assert found["qwen3-1.7b"].price is None
    assert found["whisper-base.en"].free


def test_latest_may_be_said_or_not():
    answers = {"models": FLAVOURS["ollama"].listings["/v1/models"], "tags": FLAVOURS["ollama"].listings["/api/tags"]}
    found = models().shelf().parse(json.dumps(answers).encode(), HERE)
    assert find_latest(found, "llama3.2") is find_latest(found, "llama3.2:latest")
    assert find_latest(found, "llama3.2") is not None
    assert find_latest(found, "gemma3") is None


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("Systran/faster-whisper-large-v3", {"transcription"}),
        ("nvidia/canary-1b-flash", {"transcription"}),
        ("hexgrad/Kokoro-82M", {"speech"}),
        ("speaches-ai/piper-de_DE-thorsten-high", {"speech"}),
        ("mxbai-embed-large", set()),
        ("bge-reranker-v2-m3", set()),
        ("llama3.2", {"chat"}),
    ],
)
def test_names(name: str, kinds: set[str]):
    assert named(name).abilities == kinds


# --- nonsense ----------------------------------------------------------------


KEYS = [
    "id",
    "data",
    "models",
    "tags",
    "capabilities",
    "architecture",
    "input_modalities",
    "output_modalities",
    "meta",
    "n_ctx",
    "voices",
    "task",
    "name",
    "owned_by",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_a_row_of_nonsense_never_breaks_the_listing(row: Any):
    rows = [row, {"id": "a", "capabilities": row, "voices": row, "architecture": row, "meta": row, "owned_by": row}]
    found = parse_server({"models": {"data": rows, "models": row}, "tags": row, "capabilities": row})
    assert all(known.abilities for known in found.values())


@given(JSON)
def test_nonsense_is_no_listing(answers: Any):
    with pytest.raises(ValueError, match="no list of models"):
        parse_server({"models": {"rows": answers}})
