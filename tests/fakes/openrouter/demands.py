"""What a model accepts beyond the shape of the JSON: modalities, audio formats, audio output.

Audio: https://openrouter.ai/docs/guides/overview/multimodal/audio. The provider's own refusals are quoted as clients
have met them.
"""

import re
from collections.abc import Collection
from decimal import Decimal
from typing import Any

from tests.fakes.openrouter.catalogue import MODELS, PICTURES, VIDEO, Model
from tests.fakes.openrouter.errors import ApiError, refusal
from tests.fakes.openrouter.profile import OPENROUTER, Profile
from tests.fakes.openrouter.prompt import PCM_BITS, Clip, Prompt
from tests.fakes.openrouter.sniff import Media

WATCH = re.compile(r"https://www\.youtube\.com/watch\?v=[\w-]+")
"""The one address of a video that every provider of Gemini takes."""


def model_of(body: dict[str, Any], kind: str, down: Collection[str] = ()) -> Model:
    """Return the first known model that the request names and that is not down, for an endpoint that makes `kind`.

    Raises:
        ApiError: it is unknown or for another endpoint.
    """
    names = [name for name in (body.get("model"), *body.get("models", ())) if name]
    model = next((MODELS[name] for name in names if name in MODELS and name not in down), None)
    if model is None and not set(names).isdisjoint(down):
        raise refusal(503, "Provider is temporarily overloaded")
    if model is None:
        name = names[0] if names else ""
        raise refusal(400, f"{name} is not a valid model ID" if kind == "text" else f"Model {name} does not exist")
    if kind not in model.outputs:
        raise refusal(400, f"{model.id} does not make {kind} at this endpoint", violation=True)
    return model


def check_chat(body: dict[str, Any], model: Model, prompt: Prompt, profile: Profile = OPENROUTER) -> None:
    """Refuse what the model cannot take or make."""
    if prompt.clips and "audio" not in model.inputs:
        raise refusal(404, "No endpoints found that support input audio", violation=True)
    if prompt.videos and "video" not in model.inputs:
        raise refusal(404, "No endpoints found that support video input", violation=True)
    for clip in prompt.clips:
        check_clip(clip, model, profile)
    if prompt.pictures and "image" not in model.inputs:
        raise refusal(404, "No endpoints found that support image input", violation=True)
    for video in prompt.videos:
        check_video(video, model)
    for picture in prompt.pictures:
        check_picture(picture)
    check_spoken(body, model, prompt)


def check_price(body: dict[str, Any], model: Model) -> None:
    """Refuse where the provider asks more than the request allows: https://openrouter.ai/docs/guides/routing/provider-selection#max-price."""
    most = body.get("provider", {}).get("max_price", {})
    for kind in most.keys() & {"prompt", "completion"}:
        if Decimal(model.prices.get(kind, "0")) * 1_000_000 > Decimal(most[kind]):
            raise refusal(404, "No endpoints found that match your max_price")


def check_clip(clip: Clip, model: Model, profile: Profile = OPENROUTER) -> None:
    """Refuse audio whose format is mislabelled, unreadable, or not taken by the model's provider."""
    formats = model.audio_formats if profile.audio_formats is None else model.audio_formats & profile.audio_formats
    if clip.declared not in formats:
        taken = ", ".join(sorted(formats))
        raise provider_refusal(f"Unsupported audio format {clip.declared!r} for {model.id}. Supported: {taken}.")
    actual = clip.media.container
    if clip.declared != actual and (clip.declared, actual) != ("m4a", "mp4"):
        raise provider_refusal(f"Audio declared as {clip.declared!r} is {actual or 'of an unknown kind'}.")
    if clip.declared not in PCM_BITS and not clip.media.codec:
        raise provider_refusal(f"Audio file might be corrupted or unsupported: {clip.media.told}.")


def check_video(video: Media | str, model: Model) -> None:
    """Refuse a data URL that holds no readable video, and an address that the provider does not fetch."""
    if isinstance(video, str):
        if not (model.fetches_videos and WATCH.fullmatch(video)):
            raise refusal(422, f"Cannot fetch content from the provided URL: {video[:100]}", violation=True)
        return
    if video.container not in VIDEO or not video.codec:
        raise provider_refusal(f"Video might be corrupted or unsupported: {video.told}.")


def check_picture(picture: Media | str) -> None:
    """Refuse a data URL that holds no readable picture."""
    if isinstance(picture, Media) and (picture.container not in PICTURES or not picture.codec):
        raise provider_refusal(f"Image might be corrupted or unsupported: {picture.told}.")


def check_spoken(body: dict[str, Any], model: Model, prompt: Prompt) -> None:
    """Refuse audio output that is not streamed as pcm16, and an audio model that is asked for text about text."""
    spoken = "audio" in body.get("modalities", ())
    if not spoken:
        if model.needs_audio and not prompt.clips:
            raise provider_refusal("This model requires that either input content or output modality contain audio.")
        return
    if "audio" not in model.outputs:
        raise refusal(404, "No endpoints found that support the requested output modalities: audio", violation=True)
    if not body.get("stream"):
        raise refusal(400, "Audio output requires stream: true", violation=True)
    wanted = body.get("audio", {}).get("format")
    if wanted != "pcm16":
        raise provider_refusal(
            f"Unsupported value: 'audio.format' does not support '{wanted}' when stream=true. "
            "Supported values are: 'pcm16'."
        )
    voice = body["audio"].get("voice")
    if model.chat_voices and voice not in model.chat_voices:
        known = ", ".join(sorted(model.chat_voices))
        raise provider_refusal(f"Invalid value: {voice!r}. Supported values are: {known}.")


def provider_refusal(message: str) -> ApiError:
    """A provider's 400, which the gateway hands on."""
    return refusal(400, message, violation=True, provider_code="invalid_request_error")
