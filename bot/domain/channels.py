"""What a channel is set to: defaults <- service <- workspace <- channel <- thread, each value knowing its origin."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from enum import StrEnum
from typing import Any

from bot.domain.errors import SettingInvalid
from bot.domain.models import ModelRef
from bot.words import phrase

SYSTEM_PROMPT = "You are Mynah, a friendly and helpful assistant in a team chat. Answer briefly and to the point."

DEFAULT_ORIGIN = "default"
"""The origin of a value that nobody set."""

SERVICE_ORIGIN = "service"
"""The origin of a value that the settings file of this installation gives to every channel."""

Choice = tuple[ModelRef, ...]
"""Models in the order of preference: the first that can and does answer is used."""


class OnMedia(StrEnum):
    """What to do with a voice note or a video."""

    TRANSCRIBE = "transcribe"
    ANSWER = "answer"
    BOTH = "both"
    IGNORE = "ignore"


class ReplyAs(StrEnum):
    """How to reply; `mirror` answers text with text, and a voice note with text and voice."""

    TEXT = "text"
    VOICE = "voice"
    BOTH = "both"
    MIRROR = "mirror"


class InDoubt(StrEnum):
    """What to do when a paid call was cut off and nobody can tell whether it was charged."""

    ASK = "ask"
    RETRY = "retry"
    FAIL = "fail"


class DirectMessages(StrEnum):
    """Who is answered in direct messages; `paired` lets in whom somebody in charge let in by a code."""

    ON = "on"
    OFF = "off"
    PAIRED = "paired"


class UnknownPrice(StrEnum):
    """What becomes of models whose price nobody says."""

    ALLOW = "allow"
    REFUSE = "refuse"


_PERSON = re.compile(r"<@[!&]?(\w+)(?:\|[^>]*)?>|<!subteam\^(\w+)(?:\|[^>]*)?>|@([A-Z0-9]+)|(\w[\w.-]*)", re.ASCII)
"""As platforms write a mention, as its short form, or as the bare id; a name such as @ada is none of these."""


def models(text: str) -> Choice:
    """Read `gateway/model, gateway/model`, best first."""
    chosen = tuple(ModelRef.parse(name) for name in text.split(",") if name.strip())
    if not chosen:
        raise SettingInvalid("model", phrase("name at least one, as gateway/model"))
    return chosen


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _people(text: str) -> tuple[str, ...]:
    """Read people and groups by the platform's id, also where they are mentioned.

    `U024BE7LH`, `<@U024BE7LH|ada>`, `<@!80351>`; a role `<@&80352>`, a user group `<!subteam^S012|@team>`.
    """
    found = [_PERSON.fullmatch(name) for name in _names(text)]
    if None in found:
        raise SettingInvalid(
            "people", phrase("{text} is not a list of ids such as U024BE7LH or 80351110224678912", text=repr(text))
        )
    return tuple(dict.fromkeys(person[person.lastindex or 0] for person in found if person))


def _switch(text: str) -> bool:
    words = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}
    try:
        return words[text.strip().lower()]
    except KeyError:
        raise SettingInvalid("switch", phrase("{text} is neither on nor off", text=repr(text))) from None


def _direct_messages(text: str) -> StrEnum:
    """Read the setting, which was a switch once."""
    words = {"true": "on", "yes": "on", "false": "off", "no": "off"}
    return _one_of(DirectMessages)(words.get(text.strip().lower(), text))


def _one_of(choices: type[StrEnum]) -> Callable[[str], StrEnum]:
    def parse(text: str) -> StrEnum:
        try:
            return choices(text.strip().lower())
        except ValueError:
            raise SettingInvalid(
                "choice", phrase("{text} is not one of {choices}", text=repr(text), choices=", ".join(choices))
            ) from None

    return parse


def _number(low: float, high: float, kind: type[int] | type[float]) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            raise SettingInvalid("number", phrase("{text} is not a number", text=repr(text))) from None
        if not low <= value <= high:
            raise SettingInvalid(
                "number", phrase("{text} is not between {low} and {high}", text=text, low=low, high=high)
            )
        return value

    return parse


def _setting(
    default: Any, parse: Callable[[str], object], document: str, *, guarded: bool = False, broad: bool = False
) -> Any:
    return field(
        default=default, metadata={"parse": parse, "document": document, "guarded": guarded or broad, "broad": broad}
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelConfig:
    """Every setting of a channel, settled; `SETTINGS` documents them and reads their texts."""

    voice_notes: OnMedia = _setting(
        OnMedia.BOTH,
        _one_of(OnMedia),
        phrase("What to do with voice notes and audio files: transcribe, answer, both or ignore."),
    )
    videos: OnMedia = _setting(
        OnMedia.TRANSCRIBE,
        _one_of(OnMedia),
        phrase("What to do with videos and clips: transcribe, answer, both or ignore."),
    )
    reply: ReplyAs = _setting(
        ReplyAs.MIRROR, _one_of(ReplyAs), phrase("Reply as text, voice, both, or mirror (the way one was spoken to).")
    )
    chat_model: Choice = _setting(
        models("local/smollm2-135m-instruct"), models, phrase("Models that answer, best first, as gateway/model.")
    )
    transcription_model: Choice = _setting(
        models("local/whisper-tiny.en"), models, phrase("Models that write down what was said, best first.")
    )
    video_model: Choice = _setting(
        models("local/whisper-tiny.en"),
        models,
        phrase("Models that take videos, best first; one that only hears gets the sound."),
    )
    speech_model: Choice = _setting(models("local/en_US-joe-medium"), models, phrase("Models that speak, best first."))
    voice: str = _setting("", str.strip, phrase("The voice to speak with; empty takes the model's default."))
    language: str = _setting(
        "",
        lambda text: text.strip().lower(),
        phrase("Spoken language as ISO 639-1 (en, de, …); empty lets the model find out."),
    )
    system_prompt: str = _setting(SYSTEM_PROMPT, str, phrase("What the chat model is told before everything else."))
    temperature: float | None = _setting(
        None,
        _number(0, 2, float),
        phrase("0 to 2; how freely the chat model picks its words. Unset leaves it to the model."),
    )
    max_tokens: int = _setting(300, _number(16, 100_000, int), phrase("The most tokens that an answer may have."))
    reasoning: bool = _setting(False, _switch, phrase("on lets models that can think before they answer."))
    hear_unmentioned: bool = _setting(
        False, _switch, phrase("on hears voice notes in the channel although nobody mentioned Mynah.")
    )
    admins: tuple[str, ...] = _setting(
        (),
        _names,
        phrase("Who is told when a budget is nearly spent: people by the platform's id, with commas between them."),
    )
    unknown_price: UnknownPrice = _setting(
        UnknownPrice.ALLOW,
        _one_of(UnknownPrice),
        phrase(
            "What becomes of models whose price nobody says: allow them, counting what they did cost, or refuse them."
        ),
    )
    in_doubt: InDoubt = _setting(
        InDoubt.ASK,
        _one_of(InDoubt),
        phrase("When a paid call was cut off and may have been charged: ask, retry or fail."),
    )
    allow: tuple[str, ...] = _setting(
        (),
        _people,
        phrase(
            "Who may use Mynah: people, roles and user groups by the platform's id, with commas between them; empty allows "
            "everybody."
        ),
        guarded=True,
    )
    deny: tuple[str, ...] = _setting(
        (),
        _people,
        phrase("Who may not use Mynah, whoever else may: people, roles and user groups by the platform's id."),
        guarded=True,
    )
    direct_messages: DirectMessages = _setting(
        DirectMessages.ON,
        _direct_messages,
        phrase(
            "Who is answered in direct messages: on everybody, off nobody, paired those who were let in by a code; set for a "
            "whole workspace."
        ),
        broad=True,
    )
    gather_seconds: float = _setting(
        0.5,
        _number(0, 30, float),
        phrase(
            "How long to wait for another message of the same person before answering, in seconds: what comes within it is "
            "answered together. 0 waits for none."
        ),
    )
    per_hour: int = _setting(
        0,
        _number(0, 100_000, int),
        phrase(
            "The most messages of one person that are answered within an hour, in the scope that sets it; 0 is no limit."
        ),
        guarded=True,
    )
    buttons: bool = _setting(
        True, _switch, phrase("on puts buttons under replies: answer again, read aloud, correct, receipt, good or not.")
    )
    retention_days: int = _setting(
        30,
        _number(0, 3650, int),
        phrase(
            "How many days messages, transcripts and conversations are kept; 0 keeps them no longer than the turn takes."
        ),
    )
    purge_on_leave: bool = _setting(
        False,
        _switch,
        phrase(
            "on erases all that is held of a workspace when Mynah is removed from it; set for a whole workspace. Slack's "
            "terms ask for it, so there it always happens."
        ),
        broad=True,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One setting: how it is read from text, and what it means."""

    name: str
    """As in ChannelConfig."""
    parse: Callable[[str], object]
    """Text to value; raises SettingInvalid."""
    document: str
    """One sentence for people."""
    default: object
    """The value where nobody set one."""
    guarded: bool = False
    """Whether it guards against people, who therefore cannot change it in direct messages of their own."""
    broad: bool = False
    """Whether it is set for a whole workspace, and for nothing narrower."""


SETTINGS: Mapping[str, Setting] = {
    f.name: Setting(name=f.name, default=f.default, **f.metadata)
    for f in fields(ChannelConfig)
    if f.default is not MISSING
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfigLayer:
    """What was set at one scope, as text."""

    scope: str
    """`service`, or one of `Place.scopes`."""
    values: Mapping[str, str]
    """Setting's name to its text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SettledConfig:
    """The settings of a place, and where each comes from."""

    config: ChannelConfig
    """The values in force."""
    origins: Mapping[str, str]
    """Setting's name to the scope that set it, or `default`."""


def parse_setting(name: str, text: str) -> object:
    """Read one setting.

    Raises:
        SettingInvalid: there is no such setting, or it does not take that value; names the setting.
    """
    setting = SETTINGS.get(name)
    if setting is None:
        raise SettingInvalid(name, phrase("there is no such setting; there are {names}", names=", ".join(SETTINGS)))
    try:
        return setting.parse(text)
    except SettingInvalid as error:
        raise SettingInvalid(name, error.reason) from error


def check_setting(scope: str, name: str, text: str) -> None:
    """Look whether a setting may be set at a scope.

    Raises:
        SettingInvalid: it may not, or there is no such setting, or it does not take that value.
    """
    if scope == SERVICE_ORIGIN:
        raise SettingInvalid(name, phrase("what holds for every channel is set in the settings file"))
    parse_setting(name, text)
    workspace = ":".join(scope.split(":")[:2])
    if SETTINGS[name].broad and scope != workspace:
        raise SettingInvalid(
            name,
            phrase(
                "an admin sets it for the whole workspace: `mynah channels set {workspace} {name} …`",
                workspace=workspace,
                name=name,
            ),
        )


def show_setting(value: object) -> str:
    """Write a setting's value as the text that `parse_setting` reads."""
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return "on" if value else "off"
    return "" if value is None else str(value)


def settle(layers: Iterable[ConfigLayer]) -> SettledConfig:
    """Lay the layers over each other, the broadest first; a narrower scope's value wins."""
    values: dict[str, Any] = {}
    origins = dict.fromkeys(SETTINGS, DEFAULT_ORIGIN)
    for layer in layers:
        for name, text in layer.values.items():
            values[name] = parse_setting(name, text)
            origins[name] = layer.scope
    return SettledConfig(config=ChannelConfig(**values), origins=origins)
