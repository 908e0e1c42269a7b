"""plan_turn: which steps a turn takes, with which models, in which formats. Pure, so it can be tried on anything.

The rules, in order:

1. A command says what it wants; else the channel's `voice_notes` and `videos` settings do, for each attachment.
2. Words and sound to *answer* go to the chat model. If it hears, and nobody wants a transcript, it gets the sound itself;
   otherwise the sound is transcribed first and the chat model reads the transcript.
3. A reply is spoken when the channel says so, or when the channel mirrors and a voice note came in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.audio import AudioLimits, Conversion, plan_conversion
from bot.domain.channels import ChannelConfig, Choice, OnMedia, ReplyAs
from bot.domain.errors import ModelCannot
from bot.domain.messages import FetchedMedia, Message
from bot.domain.models import Capabilities, Catalogue, ModelRef
from bot.domain.money import CallKind


class Want(StrEnum):
    """What becomes of one recording."""

    TRANSCRIBE = "transcribe"
    """Its words are shown."""
    READ = "read"
    """Its words are read by the chat model, and shown where the channel says both."""
    HEAR = "hear"
    """The chat model gets the sound itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Listening:
    """What is done with one attachment."""

    media: FetchedMedia
    """Which one."""
    want: Want
    """What becomes of it."""
    show: bool
    """Whether the transcript is part of the reply."""
    models: Choice
    """Who hears it, best first; each of them can."""
    conversion: Conversion
    """What it is made into first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What one turn does."""

    message: Message
    """What it replies to."""
    config: ChannelConfig
    """The settings in force."""
    listen: tuple[Listening, ...]
    """One for each attachment that matters, in the sender's order."""
    answer: Choice
    """Who answers, best first; empty when nothing is to be answered."""
    speak: Choice
    """Who speaks, best first; empty when the reply is not spoken."""
    text: bool
    """Whether the reply is written; False leaves only the clip."""
    say: str | None = None
    """What to speak word for word, without asking a model; only for `say`."""


def plan_turn(
    message: Message,
    media: Sequence[FetchedMedia],
    config: ChannelConfig,
    catalogue: Catalogue,
    service: AudioLimits,
) -> Plan:
    """Plan a turn.

    Args:
        message: what was said.
        media: its attachments that hold sound or video, fetched and probed.
        config: the settings of its place.
        catalogue: what each known model can do.
        service: the most that this service takes from a user.

    Raises:
        ModelCannot: no model in the channel's list can do what is needed.
        MediaProblem: an attachment cannot be used.
    """
    if message.command == "say":
        speakers = _able(config.speech_model, catalogue, CallKind.SPEECH)
        return Plan(message=message, config=config, listen=(), answer=(), speak=speakers, text=False, say=message.text)
    wishes = [(item, wish) for item in media if (wish := _wish(item, message, config)) is not OnMedia.IGNORE]
    listen = tuple(_listen(item, wish, message, config, catalogue, service) for item, wish in wishes)
    answers = _is_answered(message, [wish for _, wish in wishes])
    spoken = answers and _is_spoken(message, config)
    return Plan(
        message=message,
        config=config,
        listen=listen,
        answer=_able(config.chat_model, catalogue, CallKind.CHAT) if answers else (),
        speak=_able(config.speech_model, catalogue, CallKind.SPEECH) if spoken else (),
        text=not (answers and config.reply is ReplyAs.VOICE),
    )


def _wish(media: FetchedMedia, message: Message, config: ChannelConfig) -> OnMedia:
    if message.command == "transcribe":
        return OnMedia.TRANSCRIBE
    if message.command == "ask":
        return OnMedia.ANSWER
    return config.videos if media.facts.has_video else config.voice_notes


def _is_answered(message: Message, wishes: Sequence[OnMedia]) -> bool:
    if message.command == "transcribe":
        return False
    if not wishes:
        return bool(message.text)
    return bool(message.text) or any(wish in {OnMedia.ANSWER, OnMedia.BOTH} for wish in wishes)


def _is_spoken(message: Message, config: ChannelConfig) -> bool:
    if config.reply is ReplyAs.MIRROR:
        return any(attachment.voice_note for attachment in message.attachments)
    return config.reply in {ReplyAs.VOICE, ReplyAs.BOTH}


def _able(choice: Choice, catalogue: Catalogue, kind: CallKind) -> Choice:
    """Return the models of a list that can be called for this.

    Raises:
        ModelCannot: none of them can.
    """
    able = tuple(ref for ref in choice if ref in catalogue and kind in catalogue[ref].kinds)
    if not able:
        raise ModelCannot(f"{_names(choice)} cannot be used for {kind.value}")
    return able


def _listen(
    media: FetchedMedia,
    wish: OnMedia,
    message: Message,
    config: ChannelConfig,
    catalogue: Catalogue,
    service: AudioLimits,
) -> Listening:
    answered = wish in {OnMedia.ANSWER, OnMedia.BOTH} or bool(message.text and message.command != "transcribe")
    hearing = _hearing(config.chat_model, catalogue)
    if wish is OnMedia.ANSWER and hearing and hearing[0] == config.chat_model[0]:
        want, ears = Want.HEAR, hearing[:1]
    else:
        want = Want.READ if answered else Want.TRANSCRIBE
        ears = _ears(config.video_model if media.facts.has_video else config.transcription_model, catalogue)
    return Listening(
        media=media,
        want=want,
        show=wish in {OnMedia.TRANSCRIBE, OnMedia.BOTH},
        models=ears,
        conversion=_conversion(media, [catalogue[ref] for ref in ears], service),
    )


def _ears(choice: Choice, catalogue: Catalogue) -> Choice:
    """Return the models of a list that can write down what was said: made for it, or a chat model that hears."""
    ears = _hearing(choice, catalogue)
    if not ears:
        raise ModelCannot(f"{_names(choice)} cannot hear")
    return ears


def _hearing(choice: Choice, catalogue: Catalogue) -> Choice:
    return tuple(ref for ref in choice if ref in catalogue and catalogue[ref].hears())


def _conversion(media: FetchedMedia, ears: Sequence[Capabilities], service: AudioLimits) -> Conversion:
    """Plan one conversion that all of the models take, so that a fallback needs no second one, or else the first's."""
    first = ears[0]
    shared = [f for f in first.audio_formats if all(f in model.audio_formats for model in ears)]
    limits = [model.audio_limits for model in ears if model.audio_limits]
    tightest = AudioLimits(
        max_bytes=min(limit.max_bytes for limit in limits), max_seconds=min(limit.max_seconds for limit in limits)
    )
    return plan_conversion(media.facts, shared or first.audio_formats, model=tightest, service=service)


def _names(choice: Sequence[ModelRef]) -> str:
    return ", ".join(map(str, choice))
