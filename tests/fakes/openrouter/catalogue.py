"""The models on offer, one row each, and `GET /models`: https://openrouter.ai/docs/api/api-reference/models.

Ids, modalities and keys are the vendor's; prices are made up, in its units (strings, USD a token; a character for
speech, a second for transcriptions by duration).
"""

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from aiohttp import web

TEXT_PARAMETERS = ("max_tokens", "reasoning", "response_format", "seed", "stop", "temperature", "tools", "top_p")
UNIVERSAL_AUDIO = frozenset({"wav", "mp3"})
CHAT_AUDIO = UNIVERSAL_AUDIO | {"aiff", "aac", "ogg", "flac", "m4a", "pcm16", "pcm24"}
SPOKEN_AUDIO = UNIVERSAL_AUDIO | {"flac", "m4a", "ogg", "webm", "aac"}
VIDEO = frozenset({"mp4", "mov", "webm", "mpeg"})
PICTURES = frozenset({"jpeg", "png", "webp", "gif"})
OPENAI_VOICES = frozenset({"alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """One model of the catalogue."""

    id: str
    """Id in requests."""
    name: str
    """Name for people."""
    provider: str
    """Who serves it."""
    inputs: tuple[str, ...]
    """Input modalities."""
    outputs: tuple[str, ...]
    """Output modalities."""
    prices: dict[str, str]
    """Price by kind, in the vendor's units."""
    audio_formats: frozenset[str] = frozenset()
    """Formats of `input_audio` that its provider takes."""
    context: int = 128_000
    """Context length in tokens."""
    tokenizer: str = "Other"
    """Family of its tokenizer."""
    cancellable: bool = False
    """Whether its provider stops billing when the client leaves a stream."""
    needs_audio: bool = False
    """Whether audio must come in or go out."""
    chat_voices: frozenset[str] = frozenset()
    """Voices that its provider takes in a chat; the catalogue does not list them."""
    whole_sound: bool = False
    """Whether its audio is one MP3 in one event, whatever form was asked for."""
    fetches_videos: bool = False
    """Whether its provider fetches videos of YouTube."""
    voices: tuple[str, ...] | None = None
    """Voices of a speech model."""
    speech_formats: frozenset[str] = field(default=frozenset({"mp3", "pcm"}))
    """What a speech model writes."""

    def price(self, kind: str, otherwise: str = "prompt") -> float:
        """USD a unit; a model that names no price for audio bills it as the other kind."""
        return float(self.prices.get(kind, self.prices.get(otherwise, "0")))

    def dearer(self, times: float) -> "Model":
        """The same model of a provider that asks so many times the listed prices."""
        prices = {kind: str(Decimal(price) * Decimal(str(times))) for kind, price in self.prices.items()}
        return self if times == 1 else replace(self, prices=prices)


MODELS: dict[str, Model] = {
    model.id: model
    for model in (
        Model(
            id="openai/gpt-4o-mini",
            name="OpenAI: GPT-4o-mini",
            provider="OpenAI",
            inputs=("text", "image", "file"),
            outputs=("text",),
            prices={"prompt": "0.00000015", "completion": "0.0000006"},
            tokenizer="GPT",
            cancellable=True,
        ),
        Model(
            id="google/gemini-2.5-flash",
            name="Google: Gemini 2.5 Flash",
            provider="Google",
            inputs=("text", "image", "file", "audio", "video"),
            outputs=("text",),
            prices={"prompt": "0.0000003", "completion": "0.0000025", "audio": "0.000001"},
            audio_formats=CHAT_AUDIO,
            context=1_048_576,
            tokenizer="Gemini",
            fetches_videos=True,
        ),
        Model(
            id="openai/gpt-audio-mini",
            name="OpenAI: GPT Audio Mini",
            provider="OpenAI",
            inputs=("text", "audio"),
            outputs=("text", "audio"),
            prices={
                "prompt": "0.0000006",
                "completion": "0.0000024",
                "audio": "0.00001",
                "audio_output": "0.00002",
            },
            audio_formats=UNIVERSAL_AUDIO,
            tokenizer="GPT",
            cancellable=True,
            needs_audio=True,
            chat_voices=OPENAI_VOICES,
        ),
        Model(
            id="google/lyria-3-clip-preview",
            name="Google: Lyria 3 Clip Preview",
            provider="Google AI Studio",
            inputs=("text", "image"),
            outputs=("text", "audio"),
            prices={"prompt": "0", "completion": "0", "request": "0.04"},
            context=1_048_576,
            tokenizer="Gemini",
            whole_sound=True,
        ),
        Model(
            id="meta-llama/llama-3.3-70b-instruct:free",
            name="Meta: Llama 3.3 70B Instruct (free)",
            provider="Venice",
            inputs=("text",),
            outputs=("text",),
            prices={"prompt": "0", "completion": "0"},
            tokenizer="Llama3",
        ),
        Model(
            id="openai/whisper-1",
            name="OpenAI: Whisper 1",
            provider="OpenAI",
            inputs=("audio",),
            outputs=("transcription",),
            prices={"prompt": "0.0001", "completion": "0"},
            audio_formats=SPOKEN_AUDIO,
        ),
        Model(
            id="openai/gpt-4o-mini-transcribe",
            name="OpenAI: GPT-4o mini Transcribe",
            provider="OpenAI",
            inputs=("audio", "text"),
            outputs=("transcription",),
            prices={"prompt": "0.00000125", "completion": "0.000005"},
            audio_formats=SPOKEN_AUDIO,
            tokenizer="GPT",
        ),
        Model(
            id="hexgrad/kokoro-82m",
            name="Hexgrad: Kokoro 82M",
            provider="DeepInfra",
            inputs=("text",),
            outputs=("speech",),
            prices={"prompt": "0.00000062", "completion": "0"},
            voices=("af_alloy", "af_bella", "am_adam"),
        ),
        Model(
            id="google/gemini-3.1-flash-tts-preview",
            name="Google: Gemini 3.1 Flash TTS Preview",
            provider="Google",
            inputs=("text",),
            outputs=("speech",),
            prices={"prompt": "0.000001", "completion": "0"},
            tokenizer="Gemini",
            voices=("Kore", "Puck"),
            speech_formats=frozenset({"pcm"}),
        ),
    )
}


def listed(model: Model) -> dict[str, Any]:
    """A model as `GET /models` shows it."""
    modality = f"{'+'.join(model.inputs)}->{'+'.join(model.outputs)}"
    return {
        "id": model.id,
        "canonical_slug": model.id,
        "name": model.name,
        "created": 1_750_000_000,
        "description": f"{model.name}, served on loopback.",
        "context_length": model.context,
        "architecture": {
            "modality": modality,
            "input_modalities": list(model.inputs),
            "output_modalities": list(model.outputs),
            "tokenizer": model.tokenizer,
            "instruct_type": None,
        },
        "pricing": {"request": "0", **model.prices, "discount": 0},
        "top_provider": {"context_length": model.context, "max_completion_tokens": 16_384, "is_moderated": False},
        "per_request_limits": None,
        "supported_parameters": list(TEXT_PARAMETERS) if "text" in model.outputs else ["temperature"],
        "default_parameters": None,
        "supported_voices": None if model.voices is None else list(model.voices),
        "hugging_face_id": None,
        "knowledge_cutoff": None,
        "expiration_date": None,
        "links": {"details": f"/api/v1/models/{model.id}/endpoints"},
    }


LISTED = [listed(model) for model in MODELS.values()]


def wanted(row: dict[str, Any], kind: str, value: str) -> bool:
    """Whether a row has one of the modalities in a comma-separated list."""
    return value == "all" or not set(value.split(",")).isdisjoint(row["architecture"][kind])


async def models(request: web.Request) -> web.Response:
    """`GET /models` and `/models/user`: models with text output, unless asked for others."""
    rows = [row for row in LISTED if wanted(row, "output_modalities", request.query.get("output_modalities", "text"))]
    rows = [row for row in rows if wanted(row, "input_modalities", request.query.get("input_modalities", "all"))]
    start = int(request.query.get("offset", "0"))
    page = rows[start : start + int(request.query.get("limit", "1000"))]
    return web.json_response({"data": page, "total_count": len(rows), "links": {"next": None}})
