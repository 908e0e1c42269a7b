"""ONE table of commands: every platform's slash commands, their help and their documentation are made from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.domain.messages import Author, Place


class OptionKind(StrEnum):
    """What a person gives to a command."""

    TEXT = "text"
    """Words."""
    FILE = "file"
    """A recording; on platforms whose commands take none, the last one in the conversation is meant."""
    MODEL = "model"
    """A model, as gateway/model."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """One thing that a command takes."""

    name: str
    """Lower case, as platforms want it."""
    description: str
    """At most 100 characters."""
    kind: OptionKind = OptionKind.TEXT
    """What it is."""
    required: bool = False
    """Whether the command is refused without it."""


class Answer(StrEnum):
    """Who answers a command."""

    TURN = "turn"
    """It becomes a message, and so a job, and is answered in the channel."""
    AT_ONCE = "at-once"
    """It is answered at once, to its author alone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """One command."""

    name: str
    """Without the slash."""
    description: str
    """At most 100 characters."""
    options: tuple[Option, ...] = ()
    """In the order in which they are typed; the last one takes the rest of the line."""
    answer: Answer = Answer.AT_ONCE
    """Who answers it."""
    changes: bool = False
    """True when, given options or taking none, it changes something that only some may: managers of the channel first."""
    everybody: bool = False
    """True when it is of use also to who manages nothing: platforms that hide commands that change show it to all."""

    @property
    def usage(self) -> str:
        """As a person types it: `/model [kind] [model]`."""
        marks = (f"<{o.name}>" if o.required else f"[{o.name}]" for o in self.options)
        return " ".join((f"/{self.name}", *marks))

    def would_change(self, options: Mapping[str, str]) -> bool:
        """Return whether it has to be known if its user manages the channel, for these options."""
        return self.changes and (bool(options) or not self.options)


COMMANDS: Mapping[str, Command] = {
    command.name: command
    for command in (
        Command(
            name="ask",
            description="Ask this channel's model a question",
            options=(
                Option(name="question", description="What you want to know", required=True),
                Option(name="recording", description="A voice note or video to ask about", kind=OptionKind.FILE),
            ),
            answer=Answer.TURN,
        ),
        Command(
            name="transcribe",
            description="Write down what was said in a recording",
            options=(Option(name="recording", description="A voice note, audio file or video", kind=OptionKind.FILE),),
            answer=Answer.TURN,
        ),
        Command(
            name="say",
            description="Speak a text as a voice clip",
            options=(Option(name="text", description="What to say", required=True),),
            answer=Answer.TURN,
        ),
        Command(
            name="model",
            description="Show or set the models of this channel",
            options=(
                Option(name="kind", description="chat, transcription, video or speech"),
                Option(
                    name="model",
                    description="As gateway/model; several, separated by commas, best first",
                    kind=OptionKind.MODEL,
                ),
            ),
            changes=True,
        ),
        Command(
            name="voice",
            description="Show or set the voice that replies are spoken with",
            options=(Option(name="voice", description="One of the speech model's voices"),),
            changes=True,
        ),
        Command(
            name="settings",
            description="Show or change the settings of this channel",
            options=(
                Option(name="name", description="Which setting; without one, all are shown"),
                Option(name="value", description="The new value; `default` takes the setting back"),
            ),
            changes=True,
        ),
        Command(
            name="budget",
            description="Show what may be spent here, or set a limit for this channel",
            options=(
                Option(name="period", description="day or month"),
                Option(
                    name="dollars", description="The most that may be spent in it, such as 5 or 0.50; `off` lifts it"
                ),
            ),
            changes=True,
            everybody=True,
        ),
        Command(name="usage", description="Show what this channel used today and this month, and what it cost"),
        Command(name="receipt", description="Show what the newest reply here took: models, tokens, seconds, cost"),
        Command(
            name="retry",
            description="Repeat what was cut off and waits for a decision here; it may be charged again",
            changes=True,
            everybody=True,
        ),
        Command(name="privacy", description="Tell what is kept here of what you say, for how long, and who sees it"),
        Command(name="forget", description="Erase everything that is kept here of what you said"),
    )
}


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandCall:
    """Somebody used a command that is answered at once."""

    name: str
    """One of COMMANDS."""
    options: Mapping[str, str] = field(default_factory=dict)
    """What was given, by the option's name."""
    place: Place
    """Where."""
    author: Author
    """Who."""
    may_manage: bool
    """Whether the platform lets this person manage the channel."""


def split_options(command: Command, text: str) -> dict[str, str]:
    """Read the options of a command from a line of text, as Slack sends it; the last one takes the rest."""
    names = [o.name for o in command.options if o.kind is not OptionKind.FILE]
    words = text.split(maxsplit=max(len(names) - 1, 0)) if names else []
    return dict(zip(names, (word.strip() for word in words), strict=False))
