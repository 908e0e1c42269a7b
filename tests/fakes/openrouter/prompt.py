"""What a chat request holds: its last words, its clips and videos, and how many tokens that makes."""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from tests.fakes.openrouter.errors import refusal
from tests.fakes.openrouter.sniff import Media, media_of, raw_pcm

AUDIO_TOKENS_A_SECOND = 32
VIDEO_TOKENS_A_SECOND = 258
PICTURE_TOKENS = 258
CHARACTERS_A_TOKEN = 4
PCM_BITS = {"pcm16": 16, "pcm24": 24}


@dataclass(frozen=True, kw_only=True, slots=True)
class Clip:
    """One piece of audio in a request."""

    declared: str
    """Format that the request says."""
    media: Media
    """What it is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """What a request holds."""

    text: str
    """Text of the last user message."""
    characters: int
    """Characters in all messages."""
    clips: tuple[Clip, ...]
    """Audio of all messages."""
    videos: tuple[Media | str, ...]
    """Videos of all messages: sniffed, or the address as given."""
    pictures: tuple[Media | str, ...] = ()
    """Pictures of all messages, as videos."""

    @property
    def audio_tokens(self) -> int:
        """Tokens of the audio."""
        return sum(round((clip.media.seconds or 1) * AUDIO_TOKENS_A_SECOND) for clip in self.clips)

    @property
    def video_tokens(self) -> int:
        """Tokens of the videos."""
        lengths = ((video.seconds or 1) if isinstance(video, Media) else 1 for video in self.videos)
        return sum(round(seconds * VIDEO_TOKENS_A_SECOND) for seconds in lengths)

    @property
    def tokens(self) -> int:
        """All prompt tokens."""
        seen = self.video_tokens + PICTURE_TOKENS * len(self.pictures)
        return max(1, self.characters // CHARACTERS_A_TOKEN) + self.audio_tokens + seen

    def told(self) -> str:
        """The default answer: what the request held."""
        lines = [f"You said: {self.text}"] if self.text else []
        lines += [f"You sent audio: {clip.media.told}" for clip in self.clips]
        lines += [f"You sent a picture: {told(picture)}" for picture in self.pictures]
        lines += [f"You sent video: {told(video)}" for video in self.videos]
        return "\n".join(lines) or "You said nothing."


def prompt_of(messages: list[dict[str, Any]]) -> Prompt:
    """Read the messages.

    Raises:
        ApiError: audio or video is no base64.
    """
    texts: list[str] = []
    parts: list[dict[str, Any]] = []
    last = ""
    for message in messages:
        said, others = read(message.get("content"))
        texts.append(said)
        parts += others
        last = said if message.get("role") == "user" else last
    return Prompt(
        text=last,
        characters=sum(map(len, texts)),
        clips=tuple(clip_of(part["input_audio"]) for part in parts if part.get("type") == "input_audio"),
        videos=tuple(seen_of("video", part) for part in parts if part.get("type") == "video_url"),
        pictures=tuple(seen_of("image", part) for part in parts if part.get("type") == "image_url"),
    )


def read(content: Any) -> tuple[str, list[dict[str, Any]]]:
    """Text of a message's content, and its parts that are no text."""
    if not isinstance(content, list):
        return content or "", []
    said = "\n".join(part["text"] for part in content if part.get("type") == "text")
    return said, [part for part in content if part.get("type") != "text"]


def clip_of(part: dict[str, Any]) -> Clip:
    """Read an `input_audio`: raw base64 and its format."""
    declared = part["format"]
    data = decoded(part["data"], "input_audio.data")
    bits = PCM_BITS.get(declared)
    return Clip(declared=declared, media=media_of(data) if bits is None else raw_pcm(data, bits))


def seen_of(kind: str, part: dict[str, Any]) -> Media | str:
    """Read a video or a picture: a data URL is sniffed, an address stands for itself."""
    url = part[f"{kind}_url"]["url"]
    head, comma, data = url.partition(",")
    if not (comma and head.startswith("data:")):
        return str(url)
    if not (head.startswith(f"data:{kind}/") and head.endswith(";base64")):
        raise refusal(400, f"Invalid {kind} data URL: {head[:60]}", violation=True)
    return media_of(decoded(data, f"{kind}_url.url"))


def told(seen: Media | str) -> str:
    """What was seen, in words."""
    return seen if isinstance(seen, str) else seen.told


def decoded(text: str, name: str) -> bytes:
    """Decode base64 strictly."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise refusal(400, f"{name} is not raw base64: {text[:40]!r}", violation=True) from None
