"""Models, what they can do, what is asked of them, and what they send back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Self

from typing_extensions import override

from bot.domain.audio import AudioLimits, MediaFile, MediaFormat
from bot.domain.errors import SettingInvalid
from bot.domain.money import CallKind, Price, Usage
from bot.words import phrase


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class ModelRef:
    """A model by name, written `gateway/model`, for example `openrouter/google/gemini-2.5-flash`."""

    gateway: str
    """The gateway's name: `local`, `openrouter`, …"""
    name: str
    """The gateway's own name of the model; may hold slashes."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `gateway/model`.

        Raises:
            SettingInvalid: it is not of that form.
        """
        gateway, slash, name = text.strip().partition("/")
        if not (gateway and slash and name):
            raise SettingInvalid(
                "model",
                phrase("{text} is not of the form gateway/model, for example local/whisper-tiny.en", text=repr(text)),
            )
        return cls(gateway=gateway, name=name)

    @override
    def __str__(self) -> str:
        """Write it as people do."""
        return f"{self.gateway}/{self.name}"


class Modality(StrEnum):
    """What a chat model takes in or gives out."""

    TEXT = "text"
    AUDIO = "audio"
    VIDEO = "video"
    IMAGE = "image"


@dataclass(frozen=True, kw_only=True, slots=True)
class Capabilities:
    """What one model can do, as data: the planner knows no vendor."""

    kinds: frozenset[CallKind]
    """What it can be called for."""
    inputs: frozenset[Modality] = frozenset({Modality.TEXT})
    """What a chat request to it may hold."""
    outputs: frozenset[Modality] = frozenset({Modality.TEXT})
    """What it can answer with."""
    audio_formats: tuple[MediaFormat, ...] = ()
    """Sound that it takes, best first; empty when it does not hear."""
    audio_limits: AudioLimits | None = None
    """What one request may hold; None when it does not hear."""
    picture_formats: tuple[MediaFormat, ...] = ()
    """Pictures that it takes; empty when it does not see."""
    video_formats: tuple[MediaFormat, ...] = ()
    """Videos that it takes as files; empty when it does not watch any."""
    video_links: bool = False
    """Whether it takes addresses of YouTube, which its provider fetches."""
    most_bytes: int | None = None
    """Of the pictures and videos in one request; None when nobody says."""
    context_tokens: int | None = None
    """Prompt and answer together; None when nobody says."""
    voices: tuple[str, ...] = ()
    """Voices that it speaks with, the default one first; empty when it does not speak."""
    free: bool = False
    """True when a call certainly costs nothing."""
    price: Price | None = None
    """What a call costs; None when nobody says."""
    told_later: bool = False
    """Whether its gateway can be asked afterwards what a call did cost (`bot.ports.Billed`)."""

    def hears(self) -> bool:
        """Whether sound can be sent to it."""
        return bool(self.audio_formats) and self.audio_limits is not None

    def can_stand_in(self, other: Self) -> bool:
        """Whether it takes and gives everything that another does, in the same formats."""
        mine, theirs = (
            {*can.inputs, *can.outputs, *can.audio_formats, *can.picture_formats, *can.video_formats, can.video_links}
            for can in (self, other)
        )
        return mine - {False} >= theirs - {False}


Catalogue = Mapping[ModelRef, Capabilities]
"""Every model that the configured gateways offer."""


class Role(StrEnum):
    """Who says something in a conversation with a model."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatTurn:
    """One thing said in a conversation with a model."""

    role: Role
    """By whom."""
    text: str = ""
    """In words."""
    audio: tuple[MediaFile, ...] = ()
    """In sound, for models that hear."""
    pictures: tuple[MediaFile, ...] = ()
    """For models that see."""
    videos: tuple[MediaFile, ...] = ()
    """For models that watch."""
    links: tuple[str, ...] = ()
    """Addresses of videos on YouTube, for models whose provider fetches them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Where a call comes from, in names that tell a gateway nothing about anybody."""

    call: str
    """Names this step of this job for ever, so that the same call made again after a crash is known to be the same."""
    author: str
    """Who asked."""
    conversation: str
    """Where."""


NOBODY = Origin(call="", author="", conversation="")
"""Of a call that no message asked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatRequest:
    """Ask a chat model for the next turn."""

    kind: ClassVar[CallKind] = CallKind.CHAT

    origin: Origin = NOBODY
    """Where it comes from."""
    model: str
    """The gateway's name of the model."""
    turns: tuple[ChatTurn, ...]
    """The conversation so far, the system prompt first."""
    max_tokens: int
    """Of the answer; always set, because it bounds what a call can cost."""
    temperature: float | None = None
    """0 to 2; None leaves it to the model."""
    reasoning: bool = False
    """Whether the model may think before it answers, where it can."""
    aloud: bool = False
    """Whether the model speaks its answer too; only for one that gives out sound."""
    voice: str | None = None
    """One of the model's voices to speak with; None takes its default."""
    fallbacks: tuple[str, ...] = ()
    """Models of the same gateway that may answer instead, best first, where the gateway itself can fall back."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TranscriptionRequest:
    """Ask for the words of a recording."""

    kind: ClassVar[CallKind] = CallKind.TRANSCRIPTION

    origin: Origin = NOBODY
    """Where it comes from."""
    model: str
    """The gateway's name of the model."""
    audio: MediaFile
    """In a format that the model takes."""
    language: str | None = None
    """ISO 639-1, for example `en`; None lets the model find out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SpeechRequest:
    """Ask for a text to be spoken."""

    kind: ClassVar[CallKind] = CallKind.SPEECH

    origin: Origin = NOBODY
    """Where it comes from."""
    model: str
    """The gateway's name of the model."""
    text: str
    """What to say, without markup."""
    voice: str | None = None
    """One of the model's voices; None takes its default."""


Request = ChatRequest | TranscriptionRequest | SpeechRequest


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """The gateway named the call: with this id it can be asked later what became of it."""

    id: str
    """The gateway's own name of the call."""
    digest: str = ""
    """Of what was sent, where the gateway answers the same request the same way; else empty."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TextDelta:
    """The next piece of the answer."""

    text: str
    """To be joined to what came before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReasoningDelta:
    """The next piece of the model's thinking; not part of the answer."""

    text: str
    """To be joined to what came before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """The next piece of a transcript."""

    text: str
    """To be joined to what came before; carries its own spaces."""
    start: float
    """Seconds from the start of the file."""
    end: float
    """Seconds from the start of the file."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SoundDelta:
    """The next piece of speech."""

    data: bytes
    """To be joined to what came before."""
    format: MediaFormat
    """The same for all pieces of an answer."""
    rate: int
    """Samples a second, where the format itself does not say (`pcm16`); else 0."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """The last delta of every successful call."""

    usage: Usage
    """What the call used."""
    truncated: bool = False
    """True when the answer ended because it reached `max_tokens`."""
    model: str | None = None
    """Who answered, by the gateway's name, where it was not the model that was asked."""


Delta = Accepted | TextDelta | ReasoningDelta | Segment | SoundDelta | Finished


@dataclass(frozen=True, kw_only=True, slots=True)
class Transcript:
    """What was said in a recording."""

    text: str
    """All of it."""
    segments: tuple[Segment, ...] = field(default=())
    """With times, where the model tells them."""
