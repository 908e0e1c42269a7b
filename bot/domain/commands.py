"""ONE table of commands: every platform's slash commands, their help and their documentation are made from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.domain.messages import Author, Place
from bot.words import Phrase, phrase


class OptionKind(StrEnum):
    """What a person gives to a command."""

    TEXT = "text"
    """Words."""
    FILE = "file"
    """A recording; on platforms whose commands take none, the last one in the conversation is meant."""
    MODEL = "model"
    """A model, as gateway/model."""
    MESSAGE = "message"
    """A link to a message."""
    LANGUAGE = "language"
    """A language, by its name or its tag."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """One thing that a command takes."""

    name: str
    """Lower case, as platforms want it; a phrase, for those that show it in the reader's language."""
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
class Shortcut:
    """What stands in the menu of a message, and is then done with that message."""

    title: str
    """At most 24 characters."""
    thread_title: str = ""
    """The same where conversations are threads, if it is called otherwise there."""
    personal: bool = False
    """Whether its answer is of use to nobody but who asked: platforms that can show it to them alone."""
    reads_on: bool = False
    """Whether more than the message itself is read, which needs somebody who is in the place."""
    lacking: Phrase
    """What is said of a message that has nothing for it."""

    def titled(self, *, in_threads: bool) -> str:
        """Return what it is called where conversations are threads, or where they are not."""
        return (self.thread_title if in_threads else "") or self.title


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """One command."""

    name: str
    """Without the slash; a phrase, for platforms that show it in the reader's language."""
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
    administers: bool = False
    """True when only those may use it who are in charge of the whole workspace."""
    short: bool = False
    """True when it has a name of its own beside the door."""
    shortcut: Shortcut | None = None
    """How it stands in the menu of a message; None when it does not."""

    @property
    def usage(self) -> str:
        """As a person types it: `/ask <question>`, `/mynah model [kind] [model]`."""
        return f"{self.call} {self.hint}".rstrip()

    @property
    def call(self) -> str:
        """How it is called: `/ask`, `/mynah model`."""
        return f"/{self.name}" if self.short else f"/{DOOR} {self.name}"

    @property
    def hint(self) -> str:
        """What is typed behind its name: `[kind] [model]`."""
        return " ".join(f"<{o.name}>" if o.required else f"[{o.name}]" for o in self.options)

    @property
    def hidden(self) -> bool:
        """Whether platforms that can do so offer it by its own name only to who manages the channel."""
        return self.changes and not self.everybody

    def would_change(self, options: Mapping[str, str]) -> bool:
        """Return whether it has to be known if its user manages the channel, for these options."""
        return self.changes and (bool(options) or not self.options)


DOOR = "mynah"
"""The one command that leads to all others: `/mynah usage`."""

DOOR_DESCRIPTION = phrase("Everything that Mynah can do; `help` tells what that is")

COMMANDS: Mapping[str, Command] = {
    command.name: command
    for command in (
        Command(
            name=phrase("ask"),
            description=phrase("Ask this channel's model a question"),
            options=(
                Option(name=phrase("question"), description=phrase("What you want to know"), required=True),
                Option(
                    name=phrase("recording"),
                    description=phrase("A voice note or video to ask about"),
                    kind=OptionKind.FILE,
                ),
            ),
            answer=Answer.TURN,
            short=True,
        ),
        Command(
            name=phrase("transcribe"),
            description=phrase("Write down what was said in a recording"),
            options=(
                Option(
                    name=phrase("recording"),
                    description=phrase("A voice note, audio file or video"),
                    kind=OptionKind.FILE,
                ),
                Option(
                    name=phrase("message"),
                    description=phrase("A link to a message with a recording"),
                    kind=OptionKind.MESSAGE,
                ),
            ),
            answer=Answer.TURN,
            short=True,
            shortcut=Shortcut(
                title=phrase("Transcribe"),
                lacking=phrase("There is no recording in that message, or I cannot reach it: nothing to write down."),
            ),
        ),
        Command(
            name=phrase("say"),
            description=phrase("Speak a text as a voice clip"),
            options=(
                Option(name=phrase("text"), description=phrase("What to say, or a link to a message"), required=True),
            ),
            answer=Answer.TURN,
            short=True,
            shortcut=Shortcut(
                title=phrase("Read aloud"),
                lacking=phrase("There are no words in that message, or I cannot reach it: nothing to read aloud."),
            ),
        ),
        Command(
            name=phrase("summarise"),
            description=phrase("Sum up a thread, or what was said from a message on"),
            options=(
                Option(
                    name=phrase("message"),
                    description=phrase("A link to the message to begin with"),
                    kind=OptionKind.MESSAGE,
                    required=True,
                ),
            ),
            answer=Answer.TURN,
            shortcut=Shortcut(
                title=phrase("Summarise from here"),
                thread_title=phrase("Summarise thread"),
                personal=True,
                reads_on=True,
                lacking=phrase("There are no words from that message on, or I cannot reach it: nothing to sum up."),
            ),
        ),
        Command(
            name=phrase("translate"),
            description=phrase("Translate words, or those of a message"),
            options=(
                Option(
                    name=phrase("language"),
                    description=phrase("Into which language, such as German or pt-BR"),
                    kind=OptionKind.LANGUAGE,
                    required=True,
                ),
                Option(
                    name=phrase("text"), description=phrase("What to translate, or a link to a message"), required=True
                ),
            ),
            answer=Answer.TURN,
            shortcut=Shortcut(
                title=phrase("Translate"),
                personal=True,
                lacking=phrase("There are no words in that message, or I cannot reach it: nothing to translate."),
            ),
        ),
        Command(
            name=phrase("model"),
            description=phrase("Show or set the models of this channel"),
            options=(
                Option(name=phrase("kind"), description=phrase("chat, transcription, video or speech")),
                Option(
                    name=phrase("model"),
                    description=phrase("As gateway/model; several, separated by commas, best first"),
                    kind=OptionKind.MODEL,
                ),
            ),
            changes=True,
        ),
        Command(
            name=phrase("voice"),
            description=phrase("Show or set the voice that replies are spoken with"),
            options=(Option(name=phrase("voice"), description=phrase("One of the speech model's voices")),),
            changes=True,
        ),
        Command(
            name=phrase("settings"),
            description=phrase("Show or change the settings of this channel"),
            options=(
                Option(name=phrase("name"), description=phrase("Which setting; without one, all are shown")),
                Option(name=phrase("value"), description=phrase("The new value; `default` takes the setting back")),
            ),
            changes=True,
        ),
        Command(
            name=phrase("budget"),
            description=phrase("Show what may be spent here, or set a limit for this channel"),
            options=(
                Option(name=phrase("period"), description=phrase("day or month")),
                Option(
                    name=phrase("dollars"),
                    description=phrase("The most that may be spent in it, such as 5 or 0.50; `off` lifts it"),
                ),
            ),
            changes=True,
            everybody=True,
        ),
        Command(
            name=phrase("usage"),
            description=phrase("Show what this channel used today and this month, and what it cost"),
        ),
        Command(
            name=phrase("receipt"),
            description=phrase("Show what the newest reply here took: models, tokens, seconds, cost"),
        ),
        Command(
            name=phrase("retry"),
            description=phrase("Repeat what was cut off and waits for a decision here; it may be charged again"),
            changes=True,
            everybody=True,
        ),
        Command(
            name=phrase("me"),
            description=phrase("Show or set what you wish for yourself: to hear replies or not, and your language"),
            options=(
                Option(name=phrase("voice"), description=phrase("on, off, or channel, which leaves it to the channel")),
                Option(
                    name=phrase("language"),
                    description=phrase("The language that I speak to you in, such as de; auto follows the platform"),
                    kind=OptionKind.LANGUAGE,
                ),
            ),
        ),
        Command(
            name=phrase("pair"),
            description=phrase("Let somebody in to direct messages who was told a code"),
            options=(Option(name=phrase("code"), description=phrase("The code that they were told"), required=True),),
            administers=True,
        ),
        Command(
            name=phrase("privacy"),
            description=phrase("Tell what is kept here of what you say, for how long, and who sees it"),
        ),
        Command(name=phrase("forget"), description=phrase("Erase everything that is kept here of what you said")),
        Command(
            name=phrase("help"),
            description=phrase("Tell what I can do here, by command, in the menu of a message and by voice note"),
            options=(Option(name=phrase("command"), description=phrase("One command, to be told more about it")),),
        ),
    )
}

SHORTCUTS: Mapping[str, Command] = {name: command for name, command in COMMANDS.items() if command.shortcut}
"""The commands that stand in the menu of a message, too."""


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
    may_administer: bool = False
    """Whether the platform puts them in charge of the whole workspace; only told for commands that want it."""


def split_options(command: Command, text: str) -> dict[str, str]:
    """Read the options of a command from a line of text, as Slack sends it; the last one takes the rest."""
    names = [o.name for o in command.options if o.kind is not OptionKind.FILE]
    words = text.split(maxsplit=max(len(names) - 1, 0)) if names else []
    return dict(zip(names, (word.strip() for word in words), strict=False))
