"""The gateways, one row each: to add one that speaks chat completions is to add a row."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.domain.audio import AudioLimits, MediaFormat
from bot.domain.models import Recovery


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
    id_header: str = ""
    """The answer's header that names the call; empty where only the answer's body does."""
    key_path: str = "/models"
    """What only a valid key may read, for the doctor."""
    audio_formats: tuple[MediaFormat, ...] = (MediaFormat.MP3, MediaFormat.WAV)
    """Sound that every one of its hearing models takes, best first."""
    audio_limits: AudioLimits
    """Sound in one request, before base64 makes it a third larger."""
    insured: bool = False
    """Whether an answer that breaks off with an error, or holds nothing at all, is certainly not charged."""
    recovery: Recovery = Recovery.UNKNOWN
    """What can be said of a paid call that a crash of ours cut off."""


OPENROUTER = Endpoint(
    name="openrouter",
    base_url="https://openrouter.ai/api/v1",
    # Names the application on the vendor's pages: https://openrouter.ai/docs/app-attribution
    headers={"HTTP-Referer": "https://github.com/mynah-bot/mynah", "X-OpenRouter-Title": "Mynah"},
    id_header="X-Generation-Id",
    # https://openrouter.ai/docs/api/api-reference/api-keys/get-current-key
    key_path="/key",
    # Wav and mp3 are what all providers take: https://openrouter.ai/docs/guides/overview/multimodal/audio
    # Google's take requests of at most 20 MB (https://ai.google.dev/gemini-api/docs/audio), so 14 MB leave room for
    # base64; ten minutes keep a transcript within the answer's tokens.
    audio_limits=AudioLimits(max_bytes=14_000_000, max_seconds=600),
    # https://openrouter.ai/docs/guides/features/zero-completion-insurance
    insured=True,
)

TABLE: Mapping[str, Endpoint] = {endpoint.name: endpoint for endpoint in (OPENROUTER,)}
"""Every remote gateway, by name."""
