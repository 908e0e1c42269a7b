"""The gateways that speak chat completions, one row each: to add one is to add a row."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.domain.audio import AudioLimits, MediaFormat


class Form(StrEnum):
    """How a recording is handed to `/audio/transcriptions`."""

    JSON = "json"
    """As `input_audio`: https://openrouter.ai/docs/guides/overview/multimodal/stt."""
    MULTIPART = "multipart"
    """As a file: https://platform.openai.com/docs/api-reference/audio/createTranscription."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """What one gateway differs in from the others."""

    name: str
    """The first part of its models' names."""
    base_url: str
    """Where it is; a setting may point elsewhere."""
    scheme: str = "Bearer"
    """The word before the key in `Authorization`."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Sent with every request."""
    settings: str = ""
    """The table of the settings that it comes from; empty where that is its name."""

    listing_path: str = "/models"
    """Its models and what they can do."""
    key_path: str = "/models"
    """What only a valid key may read, for the doctor."""
    id_header: str = ""
    """The answer's header that names the call; empty where only the answer's body does."""

    audio_formats: tuple[MediaFormat, ...] = (MediaFormat.MP3, MediaFormat.WAV)
    """Sound that every one of its hearing models takes, best first."""
    audio_limits: AudioLimits
    """Sound in one request, before base64 makes it a third larger."""
    families: bool = True
    """Whether a model takes and says through it all that its family does, see `profiles`; else this row's sound alone."""
    tokens_field: str = "max_completion_tokens"
    """What bounds an answer's tokens; servers of an older kind know only `max_tokens`."""
    asks_usage: bool = True
    """Whether a stream tells what it used only where `stream_options` ask for it, as OpenAI's protocol has it."""
    reasons: bool = False
    """Whether it takes `reasoning`, and so can be told how much a model may think."""
    routes: bool = False
    """Whether it falls back among `models` by itself and takes preferences of providers."""
    tells_origin: bool = False
    """Whether it takes `user`, `session_id` and `metadata`."""
    transcribes: Form | None = None
    """How it takes recordings at `/audio/transcriptions`; None where it has no such path."""
    tells_times: bool = False
    """Whether `/audio/transcriptions` can tell when each piece was said (`verbose_json`) for all of its models."""
    speaks: bool = False
    """Whether it has `/audio/speech`."""

    insured: bool = False
    """Whether an answer that breaks off with an error, or holds nothing at all, is certainly not charged."""
    caches: bool = False
    """Whether it can be asked to keep answers, and gives a kept one again for nothing to the same request."""
    generation_path: str = ""
    """Where it tells what a call cost, by its name; empty where it does not."""
    account_path: str = ""
    """Where it tells what it charged our key; empty where it does not."""


OPENROUTER = Endpoint(
    name="openrouter",
    base_url="https://openrouter.ai/api/v1",
    # Names the application on the vendor's pages: https://openrouter.ai/docs/app-attribution
    headers={"HTTP-Referer": "https://github.com/mynah-bot/mynah", "X-OpenRouter-Title": "Mynah"},
    # Only what the key may call, and also what transcribes and speaks:
    # https://openrouter.ai/docs/api/api-reference/models/list-models-user
    listing_path="/models/user?output_modalities=all",
    # https://openrouter.ai/docs/api/api-reference/api-keys/get-current-key
    key_path="/key",
    id_header="X-Generation-Id",
    # Wav and mp3 are what all providers take: https://openrouter.ai/docs/guides/overview/multimodal/audio
    # Google's take requests of at most 20 MB (https://ai.google.dev/gemini-api/docs/audio), so 14 MB leave room for
    # base64; ten minutes keep a transcript within the answer's tokens.
    audio_limits=AudioLimits(max_bytes=14_000_000, max_seconds=600),
    # It always tells: https://openrouter.ai/docs/guides/administration/usage-accounting
    asks_usage=False,
    reasons=True,
    routes=True,
    tells_origin=True,
    transcribes=Form.JSON,
    speaks=True,
    # https://openrouter.ai/docs/guides/features/zero-completion-insurance
    insured=True,
    # https://openrouter.ai/docs/guides/features/response-caching
    caches=True,
    generation_path="/generation",
    account_path="/key",
)

OPENROUTE = Endpoint(
    name="openroute",
    base_url="https://www.openroute.cn/api/v1",
    # Its documents show the key's limits at another of its hosts, in OpenRouter's words:
    # https://www.openroute.cn/docs/api-reference/limits
    key_path="/key",
    account_path="/key",
    # Wav and mp3 alone, and no addresses: https://www.openroute.cn/docs/features/multimodal/audio
    audio_limits=AudioLimits(max_bytes=14_000_000, max_seconds=600),
    families=False,
    tokens_field="max_tokens",
)

TABLE: Mapping[str, Endpoint] = {endpoint.name: endpoint for endpoint in (OPENROUTER, OPENROUTE)}
"""Every remote gateway with a fixed address, by name."""
