"""The models behind the router: OpenRouter's, by OpenRouter's names; prices are made up, in US dollars a token."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """One model."""

    inputs: frozenset[str]
    """What it takes beside text: audio, video, image."""
    prompt_usd: float
    """For one token of the request."""
    completion_usd: float
    """For one token of the answer."""


ALL = frozenset({"audio", "video", "image"})
MODELS = {
    "google/gemini-2.5-flash": Model(inputs=ALL, prompt_usd=3e-7, completion_usd=2.5e-6),
    "google/gemini-2.5-flash-lite": Model(inputs=ALL, prompt_usd=1e-7, completion_usd=4e-7),
    "google/gemini-2.5-pro": Model(inputs=ALL, prompt_usd=1.25e-6, completion_usd=1e-5),
    "google/gemini-3-flash-preview": Model(inputs=ALL, prompt_usd=5e-7, completion_usd=3e-6),
    "openai/gpt-4o-mini": Model(inputs=frozenset({"image"}), prompt_usd=1.5e-7, completion_usd=6e-7),
    "openai/gpt-4o": Model(inputs=frozenset({"image"}), prompt_usd=2.5e-6, completion_usd=1e-5),
}
