"""Which gateway the fake is: OpenRouter, or one that took over a part of its API."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.openrouter.script import Script


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """What a gateway has of OpenRouter's API."""

    paths: frozenset[str] | None = None
    """What it serves, below its address; None: everything."""
    audio_formats: frozenset[str] | None = None
    """What its models take of the formats that they take elsewhere; None: all."""
    unknown_fields: frozenset[str] = field(default_factory=frozenset)
    """Fields of a chat request that it does not document."""
    names_calls: bool = True
    """Whether headers tell the call's name and the cache's verdict."""
    caches: bool = True
    """Whether it keeps answers."""
    specified: bool = True
    """Whether the specification is this gateway's."""
    tells_cost: bool = True
    """Whether `usage.cost` is there always; else only where the script sets it."""

    def cost_told(self, script: Script) -> bool:
        """Whether this answer tells its cost."""
        return self.tells_cost or script.cost_usd is not None

    def undocumented(self, body: Mapping[str, Any]) -> list[str]:
        """Say which fields it does not document."""
        return [f"{name} is not documented" for name in sorted(self.unknown_fields & body.keys())]


OPENROUTER = Profile()

# https://www.openroute.cn/docs/features/multimodal/audio and .../docs/api-reference/overview: sound in wav and mp3, in
# chat alone; nothing is said of audio output, audio endpoints, response caching or costs.
OPENROUTE = Profile(
    paths=frozenset({"/chat/completions", "/models", "/key"}),
    audio_formats=frozenset({"wav", "mp3"}),
    unknown_fields=frozenset(
        {"audio", "modalities", "session_id", "metadata", "max_completion_tokens", "service_tier"}
    ),
    names_calls=False,
    caches=False,
    specified=False,
    tells_cost=False,
)
