"""The servers that the fake can be, one row each: what they list, where, what they take, and how they say no.

Shapes of the listings:
    Ollama     https://docs.ollama.com/api/openai-compatibility and https://docs.ollama.com/api/tags
    llama.cpp  https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md, and as a running one answers
    vLLM       https://docs.vllm.ai/en/stable/serving/openai_compatible_server/
    speaches   https://speaches.ai/api/
    LocalAI    https://localai.io/docs/reference/
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]

MADE_AT = 1_760_000_000
SPOKEN = {
    "mp3": ("mp3", "libmp3lame", "audio/mpeg"),
    "wav": ("wav", "pcm_s16le", "audio/wav"),
    "flac": ("flac", "flac", "audio/flac"),
    "opus": ("ogg", "libopus", "audio/ogg"),
    "aac": ("adts", "aac", "audio/aac"),
    "pcm": ("", "", "audio/pcm"),
}
"""Container and codec, in FFmpeg's words, and the content type of each format of speech."""


def error_of_openai(status: int, message: str) -> Row:
    """Errors as OpenAI writes them."""
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}}


def error_of_llama(status: int, message: str) -> Row:
    """Errors as llama.cpp writes them."""
    kinds = {400: "invalid_request_error", 401: "authentication_error", 404: "not_found_error"}
    return {"error": {"code": status, "message": message, "type": kinds.get(status, "server_error")}}


def error_of_vllm(status: int, message: str) -> Row:
    """Errors as vLLM writes them; one about the key is only a text."""
    if status == 401:
        return {"error": "Unauthorized"}
    kinds = {404: "NotFoundError", 400: "BadRequestError"}
    return {"error": {"message": message, "type": kinds.get(status, "InternalServerError"), "code": status}}


def error_of_fastapi(status: int, message: str) -> Row:
    """Errors as FastAPI writes them."""
    return {"detail": message}


def error_of_localai(status: int, message: str) -> Row:
    """Errors as LocalAI writes them."""
    return {"error": {"code": status, "message": message, "type": ""}}


def error_of_bare(status: int, message: str) -> Row:
    """Errors of a small server: its own in OpenAI's words within FastAPI's, a path that it lacks in FastAPI's."""
    if status == 404:
        return {"detail": "Not Found"}
    return {"detail": {"error": {"message": message, "type": "invalid_request_error"}}}


@dataclass(frozen=True, kw_only=True, slots=True)
class Able:
    """What one model is able to do."""

    chats: bool = False
    """At `/chat/completions`."""
    hears: bool = False
    """`input_audio` in chat."""
    sees: bool = False
    """`image_url` in chat."""
    watches: bool = False
    """`video_url` in chat."""
    transcribes: bool = False
    """At `/audio/transcriptions`."""
    voices: tuple[str, ...] = ()
    """At `/audio/speech`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Flavour:
    """One kind of server."""

    models: Mapping[str, Able]
    """Its models by name."""
    listings: Mapping[str, Row]
    """Answers to GET, by path."""
    error: Callable[[int, str], Row]
    """How it writes an error."""
    takes_any_name: bool = False
    """Whether it has one model, which answers to every name."""
    thought: str = "reasoning_content"
    """The field of a delta that holds thinking."""
    sounds: frozenset[str] = frozenset({"wav", "mp3", "flac", "ogg", "m4a", "aac", "webm"})
    """Containers that it can decode."""
    transcripts: frozenset[str] = frozenset({"json", "text", "verbose_json", "srt", "vtt"})
    """Values of `response_format` for transcriptions."""
    speech: frozenset[str] = frozenset(SPOKEN)
    """Values of `response_format` for speech."""
    speech_default: str = "mp3"
    """The one that is taken where none is said."""
    usage_of_sound: Row | None = field(default=None)
    """`usage` of a transcription; None without."""


def listing(*rows: Row) -> Row:
    """A listing as OpenAI writes it."""
    return {"object": "list", "data": list(rows)}


def plain(name: str, owner: str, **more: Any) -> Row:
    """A row as OpenAI writes it."""
    return {"id": name, "object": "model", "created": MADE_AT, "owned_by": owner, **more}


def tag(name: str, *abilities: str) -> Row:
    """A row of Ollama's own listing."""
    return {
        "name": name,
        "model": name,
        "modified_at": "2026-09-01T10:00:00Z",
        "size": 2_019_393_189,
        "digest": "a80c4f17acd55265feec403c7aef86be0c25983ab279d83f3bcd3abbcb5b8b72",
        "capabilities": list(abilities),
        "details": {"parent_model": "", "format": "gguf", "family": "llama"},
    }


OLLAMA = Flavour(
    models={
        "llama3.2:latest": Able(chats=True),
        "gemma3:4b": Able(chats=True, sees=True),
        "gemma4:e4b": Able(chats=True, sees=True, hears=True),
        "nomic-embed-text:latest": Able(),
    },
    listings={
        "/v1/models": listing(
            plain("llama3.2:latest", "library"),
            plain("gemma3:4b", "library"),
            plain("gemma4:e4b", "library"),
            plain("nomic-embed-text:latest", "library"),
        ),
        "/api/tags": {
            "models": [
                tag("llama3.2:latest", "completion", "tools"),
                tag("gemma3:4b", "completion", "vision"),
                tag("gemma4:e4b", "completion", "vision", "audio", "thinking"),
                tag("nomic-embed-text:latest", "embedding"),
            ]
        },
    },
    error=error_of_openai,
    thought="reasoning",
    sounds=frozenset({"wav"}),
)

LLAMA = Flavour(
    models={"ultravox-v0_5-llama-3_2-1b.gguf": Able(chats=True, hears=True)},
    listings={
        "/v1/models": {
            "models": [
                {
                    "name": "ultravox-v0_5-llama-3_2-1b.gguf",
                    "model": "ultravox-v0_5-llama-3_2-1b.gguf",
                    "type": "model",
                    "tags": [""],
                    "capabilities": ["completion", "multimodal"],
                    "details": {"format": "gguf"},
                }
            ],
            **listing(
                plain(
                    "ultravox-v0_5-llama-3_2-1b.gguf",
                    "llamacpp",
                    aliases=["ultravox-v0_5-llama-3_2-1b.gguf"],
                    architecture={"input_modalities": ["text", "audio"], "output_modalities": ["text"]},
                    meta={"n_ctx": 8192, "n_ctx_train": 131_072, "n_vocab": 128_256, "n_params": 1_235_814_432},
                )
            ),
        }
    },
    error=error_of_llama,
    takes_any_name=True,
    sounds=frozenset({"wav", "mp3", "flac"}),
    transcripts=frozenset({"json"}),
)

VLLM = Flavour(
    models={
        "Qwen/Qwen2.5-7B-Instruct": Able(chats=True),
        "openai/whisper-large-v3-turbo": Able(transcribes=True),
    },
    listings={
        "/v1/models": listing(
            plain(
                "Qwen/Qwen2.5-7B-Instruct", "vllm", root="Qwen/Qwen2.5-7B-Instruct", parent=None, max_model_len=32_768
            ),
            plain("openai/whisper-large-v3-turbo", "vllm", root="openai/whisper-large-v3-turbo", max_model_len=448),
        )
    },
    error=error_of_vllm,
    transcripts=frozenset({"json", "text"}),
    usage_of_sound={"type": "duration", "seconds": 3},
)

SPEACHES = Flavour(
    models={
        "Systran/faster-distil-whisper-small.en": Able(transcribes=True),
        "speaches-ai/Kokoro-82M-v1.0-ONNX": Able(voices=("af_heart", "af_alloy", "am_adam")),
        "speaches-ai/piper-en_US-ryan-high": Able(voices=("ryan",)),
    },
    listings={
        "/v1/models": {
            "data": [
                plain(
                    "Systran/faster-distil-whisper-small.en",
                    "Systran",
                    language=["en"],
                    task="automatic-speech-recognition",
                ),
                plain(
                    "speaches-ai/Kokoro-82M-v1.0-ONNX",
                    "speaches-ai",
                    language=["multilingual"],
                    task="text-to-speech",
                    sample_rate=24_000,
                    voices=[
                        {"name": name, "language": "en-us", "gender": gender, "id": name}
                        for name, gender in (("af_heart", "female"), ("af_alloy", "female"), ("am_adam", "male"))
                    ],
                ),
                plain(
                    "speaches-ai/piper-en_US-ryan-high",
                    "speaches-ai",
                    language=["en"],
                    task="text-to-speech",
                    sample_rate=22_050,
                    voices=[{"name": "ryan", "language": "en_US", "id": "ryan"}],
                ),
            ],
            "object": "list",
        }
    },
    error=error_of_fastapi,
)


def ability(name: str, *words: str, inputs: str, outputs: str, context: int = 8192) -> Row:
    """A row of LocalAI's own listing."""
    return {
        "id": name,
        "object": "model",
        "capabilities": list(words),
        "input_modalities": inputs.split(),
        "output_modalities": outputs.split(),
        "context_size": context,
    }


LOCALAI = Flavour(
    models={
        "qwen3-1.7b": Able(chats=True),
        "minicpm-v-4_6": Able(chats=True, sees=True, watches=True),
        "whisper-base.en": Able(transcribes=True),
        "voice-en-us-amy-low": Able(voices=("amy",)),
        "dreamshaper-8": Able(),
        "silero-vad": Able(),
        "bge-reranker-v2-m3": Able(),
    },
    listings={
        "/v1/models": listing(
            *(
                {"id": name, "object": "model"}
                for name in (
                    "qwen3-1.7b",
                    "minicpm-v-4_6",
                    "whisper-base.en",
                    "voice-en-us-amy-low",
                    "dreamshaper-8",
                    "silero-vad",
                    "bge-reranker-v2-m3",
                )
            )
        ),
        "/v1/models/capabilities": listing(
            ability("qwen3-1.7b", "chat", "tools", "thinking", inputs="text", outputs="text"),
            ability("minicpm-v-4_6", "chat", "vision", inputs="text image video", outputs="text"),
            ability("whisper-base.en", "transcript", inputs="audio", outputs="text"),
            ability("voice-en-us-amy-low", "tts", inputs="text", outputs="audio"),
            ability("dreamshaper-8", "image", inputs="text", outputs="image"),
            ability("silero-vad", "vad", inputs="audio", outputs=""),
            ability("bge-reranker-v2-m3", "chat", "rerank", inputs="text", outputs="text"),
        ),
    },
    error=error_of_localai,
    speech_default="wav",
)

EMPTY = Flavour(models={}, listings={"/v1/models": {"object": "list", "data": None}}, error=error_of_openai)
"""An Ollama that was just installed."""

BARE = Flavour(
    models={"whisper-1": Able(transcribes=True)},
    listings={},
    error=error_of_bare,
    transcripts=frozenset({"json", "verbose_json"}),
)
"""https://pypi.org/project/faster-whisper-server/: one path, one model, no listing, errors wrapped twice."""

FLAVOURS: Mapping[str, Flavour] = {
    "ollama": OLLAMA,
    "llama.cpp": LLAMA,
    "vllm": VLLM,
    "speaches": SPEACHES,
    "localai": LOCALAI,
    "empty": EMPTY,
    "bare": BARE,
}
"""By name."""
