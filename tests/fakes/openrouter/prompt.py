"""What a chat request holds: its last words, its clips and videos, and how many tokens that makes."""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from tests.fakes.openrouter.errors import refusal
from tests.fakes.openrouter.sniff import Media, media_of, raw_pcm

AUDIO_TOKENS_A_SECOND = 32
VIDEO_TOKENS_A_SECOND = 258
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
        return max(1, self.characters // CHARACTERS_A_TOKEN) + self.audio_tokens + self.video_tokens

    def told(self) -> str:
        """The default answer: what the request held."""
        lines = [f"You said: {self.text}"] if self.text else []
        lines += [f"You sent audio: {clip.media.told}" for clip in self.clips]
        lines += [f"You sent video: {video if isinstance(video, str) else video.told}" for video in self.videos]
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
        videos=tuple(video_of(part["video_url"]["url"]) for part in parts if part.get("type") == "video_url"),
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


def video_of(url: str) -> Media | str:
    """Read a video: a data URL is sniffed, an address stands for itself."""
    head, comma, data = url.partition(",")
    if not (comma and head.startswith("data:")):
        return url
    if not (head.startswith("data:video/") and head.endswith(";base64")):
        raise refusal(400, f"Invalid video data URL: {head[:60]}", violation=True)
    return media_of(decoded(data, "video_url.url"))


def decoded(text: str, name: str) -> bytes:
    """Decode base64 strictly."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise refusal(400, f"{name} is not raw base64: {text[:40]!r}", violation=True) from None
