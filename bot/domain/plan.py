"""plan_turn: which steps a turn takes, with which models, in which formats. Pure, so it can be tried on anything.

The rules, in order:

1. A command says what it wants; else the channel's `voice_notes` and `videos` settings do, for each attachment.
2. Words and sound to *answer* go to the chat model. If it hears, and nobody wants a transcript, it gets the sound itself;
   otherwise the sound is transcribed first and the chat model reads the transcript. A video that is to be answered goes
   as it is to a chat model that watches videos; so do YouTube's addresses to one whose provider fetches them.
3. Pictures go to the chat model if it sees.
4. A command that has the chat model do something with words (`bot.domain.shortcuts`) has recordings written down first.
5. A reply is spoken when the channel says so, or when the channel mirrors and a voice note came in. A chat model that
   is also the one that speaks, and can do both at once, speaks its answer itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.domain.audio import AudioLimits, Conversion, MediaFile, plan_conversion
from bot.domain.channels import ChannelConfig, Choice, OnMedia, ReplyAs, models
from bot.domain.errors import ModelCannot
from bot.domain.links import video_links
from bot.domain.messages import FetchedMedia, Message, Quoted
from bot.domain.models import Capabilities, Catalogue, Modality, ModelRef
from bot.domain.money import CallKind
from bot.domain.shortcuts import Task, task_of
from bot.words import phrase


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
class Looking:
    """What the chat model is shown as it is."""

    pictures: tuple[MediaFile, ...] = ()
    """In the sender's order."""
    videos: tuple[MediaFile, ...] = ()
    """In the sender's order."""
    links: tuple[str, ...] = ()
    """Addresses of videos on YouTube."""
    unseen: int = 0
    """How many pictures the chat model cannot be shown."""

    def __bool__(self) -> bool:
        """Whether there is anything to see."""
        return bool(self.pictures or self.videos or self.links)


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What one turn does."""

    message: Message
    """What it replies to."""
    config: ChannelConfig
    """The settings in force."""
    catalogue: Catalogue
    """What each model of the settings can do."""
    listen: tuple[Listening, ...]
    """One for each attachment that is heard, in the sender's order."""
    look: Looking = Looking()
    """What is seen."""
    answer: Choice
    """Who answers, best first; empty when nothing is to be answered."""
    speak: Choice
    """Who speaks, best first; empty when the reply is not spoken."""
    aloud: bool = False
    """Whether the first who answers speaks the answer itself."""
    text: bool
    """Whether the reply is written; False leaves only the clip."""
    say: str | None = None
    """What to speak word for word, without asking a model; only for `say`."""
    task: Task | None = None
    """What the chat model does with the words, in place of answering them as a part of the conversation."""
    quoted: tuple[Quoted, ...] = ()
    """The messages that the message refers to; their recordings and pictures are heard and seen like its own."""

    @property
    def words(self) -> str:
        """What is written, in the message and in those that it refers to; empty when nothing is."""
        return written_words(self.message, self.quoted)

    def voice(self, ref: ModelRef) -> str | None:
        """Return the channel's voice where a model has it; None, which is the model's own, where only a fallback lacks it."""
        wanted = self.config.voice
        fits = wanted in self.catalogue[ref].voices or ref in {self.config.speech_model[0], self.config.chat_model[0]}
        return wanted if wanted and fits else None


def plan_turn(
    message: Message,
    media: Sequence[FetchedMedia],
    config: ChannelConfig,
    catalogue: Catalogue,
    service: AudioLimits,
    *,
    quoted: Sequence[Quoted] = (),
) -> Plan:
    """Plan a turn.

    Args:
        message: what was said.
        media: attachments that hold sound, video or a picture, fetched and probed: its own, then those of `quoted`.
        config: the settings of its place.
        catalogue: what each known model can do.
        service: the most that this service takes from a user.
        quoted: the messages that it refers to.

    Raises:
        ModelCannot: no model in the channel's list can do what is needed.
        MediaProblem: an attachment cannot be used.
    """
    if message.command == "say":
        speakers = _able(config.speech_model, catalogue, CallKind.SPEECH)
        return _Planner(message, config, catalogue, service, tuple(quoted)).saying(speakers)
    planner, task = _Planner(message, config, catalogue, service, tuple(quoted)), task_of(message)
    return planner.doing(task, media) if task else planner.answering(media)


def written_words(message: Message, quoted: Sequence[Quoted]) -> str:
    """Return what is written in a message and in those that it refers to; empty when nothing is."""
    return "\n".join(filter(None, (message.text, *(words for each in quoted for words in (each.text, each.heard)))))


def tried_out(message: Message, config: ChannelConfig) -> ChannelConfig:
    """Return the settings with the model and the voice that a message tries out; mostly they are the channel's."""
    speakers = models(message.speaker) if message.speaker else config.speech_model
    return replace(config, speech_model=speakers, voice=config.voice if message.voice is None else message.voice)


@dataclass(frozen=True)
class _Planner:
    message: Message
    config: ChannelConfig
    catalogue: Catalogue
    service: AudioLimits
    quoted: tuple[Quoted, ...] = ()

    def saying(self, speakers: Choice) -> Plan:
        return Plan(
            message=self.message,
            config=self.config,
            catalogue=self.catalogue,
            listen=(),
            answer=(),
            speak=speakers,
            text=False,
            say=self._words,
        )

    def doing(self, task: Task, media: Sequence[FetchedMedia]) -> Plan:
        return Plan(
            message=self.message,
            config=self.config,
            catalogue=self.catalogue,
            listen=tuple(self._listen(item, OnMedia.BOTH) for item in media if not item.facts.is_picture),
            answer=_able(self.config.chat_model, self.catalogue, CallKind.CHAT),
            speak=(),
            text=True,
            task=task,
            quoted=self.quoted,
        )

    def answering(self, media: Sequence[FetchedMedia]) -> Plan:
        pictures = [item for item in media if item.facts.is_picture]
        wishes = [(item, wish) for item in media if (wish := self._wish(item)) is not OnMedia.IGNORE]
        answers = self._is_answered([wish for _, wish in wishes], pictures)
        watched = [item for item, wish in wishes if answers and self._is_watched(item, wish)]
        listen = tuple(self._listen(item, wish) for item, wish in wishes if item not in watched)
        spoken = answers and _is_spoken(self.message, self.config)
        answer = _able(self.config.chat_model, self.catalogue, CallKind.CHAT) if answers else ()
        speak = _able(self.config.speech_model, self.catalogue, CallKind.SPEECH) if spoken else ()
        return Plan(
            message=self.message,
            config=self.config,
            catalogue=self.catalogue,
            listen=listen,
            look=self._look(pictures, watched) if answers else Looking(),
            answer=answer,
            speak=speak,
            aloud=spoken and answer[0] == speak[0] and self._speaks_its_answers(answer[0]),
            text=not (answers and self.config.reply is ReplyAs.VOICE),
            quoted=self.quoted,
        )

    def _wish(self, media: FetchedMedia) -> OnMedia:
        if media.facts.is_picture:
            return OnMedia.IGNORE
        if self.message.command == "transcribe":
            return OnMedia.TRANSCRIBE
        if self.message.command == "ask":
            return OnMedia.ANSWER
        return self.config.videos if media.facts.has_video else self.config.voice_notes

    def _is_answered(self, wishes: Sequence[OnMedia], pictures: Sequence[FetchedMedia]) -> bool:
        if self.message.command == "transcribe":
            return False
        if not wishes:
            return bool(self._words or pictures)
        return bool(self.message.text) or any(wish in {OnMedia.ANSWER, OnMedia.BOTH} for wish in wishes)

    # --- what is seen ------------------------------------------------------------

    def _is_watched(self, media: FetchedMedia, wish: OnMedia) -> bool:
        """Whether the chat model gets a video itself: when only an answer is wanted, and it takes such a file."""
        can = self._first_mind()
        if can is None or wish is not OnMedia.ANSWER or not media.facts.has_video or media.facts.seconds is None:
            return False
        return media.facts.format in can.video_formats and _is_within(can, media)

    def _look(self, pictures: Sequence[FetchedMedia], watched: Sequence[FetchedMedia]) -> Looking:
        """Plan what is shown to the chat model.

        Raises:
            ModelCannot: there is nothing but pictures, and it sees none.
        """
        can = self._first_mind()
        seen = [item for item in pictures if can and item.facts.format in can.picture_formats and _is_within(can, item)]
        if pictures and not seen and not self._words:
            raise ModelCannot(
                phrase("{models} cannot see", models=_names(self.config.chat_model)), needs=Modality.IMAGE
            )
        return Looking(
            pictures=tuple(map(_file, seen)),
            videos=tuple(map(_file, watched)),
            links=video_links(self._words) if can and can.video_links else (),
            unseen=len(pictures) - len(seen),
        )

    @property
    def _words(self) -> str:
        return written_words(self.message, self.quoted)

    def _first_mind(self) -> Capabilities | None:
        return self.catalogue.get(self.config.chat_model[0])

    def _speaks_its_answers(self, ref: ModelRef) -> bool:
        can = self.catalogue[ref]
        return {Modality.TEXT, Modality.AUDIO} <= can.outputs and CallKind.CHAT in can.kinds

    # --- what is heard -----------------------------------------------------------

    def _listen(self, media: FetchedMedia, wish: OnMedia) -> Listening:
        message, config = self.message, self.config
        answered = wish in {OnMedia.ANSWER, OnMedia.BOTH} or bool(message.text and message.command != "transcribe")
        hearing = _hearing(config.chat_model, self.catalogue)
        if wish is OnMedia.ANSWER and hearing and hearing[0] == config.chat_model[0]:
            want, ears = Want.HEAR, hearing[:1]
        else:
            want = Want.READ if answered else Want.TRANSCRIBE
            ears = _ears(config.video_model if media.facts.has_video else config.transcription_model, self.catalogue)
        return Listening(
            media=media,
            want=want,
            show=wish in {OnMedia.TRANSCRIBE, OnMedia.BOTH},
            models=ears,
            conversion=_conversion(media, [self.catalogue[ref] for ref in ears], self.service),
        )


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
        raise ModelCannot(
            phrase("{models} cannot be used for {kind}", models=_names(choice), kind=kind.value), needs=kind
        )
    return able


def _ears(choice: Choice, catalogue: Catalogue) -> Choice:
    """Return the models of a list that can write down what was said: made for it, or a chat model that hears."""
    ears = _hearing(choice, catalogue)
    if not ears:
        raise ModelCannot(phrase("{models} cannot hear", models=_names(choice)), needs=Modality.AUDIO)
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


def _is_within(can: Capabilities, media: FetchedMedia) -> bool:
    return can.most_bytes is None or media.facts.bytes <= can.most_bytes


def _file(media: FetchedMedia) -> MediaFile:
    facts = media.facts
    if facts.format is None:
        raise ValueError("only files of a known format are shown to a model")
    return MediaFile(path=media.path, format=facts.format, seconds=facts.seconds or 0.0, bytes=facts.bytes)


def _names(choice: Sequence[ModelRef]) -> str:
    return ", ".join(map(str, choice))
