"""Slash commands, made from the one table: payload -> Message or CommandCall. No I/O.

Slack shows nobody what was typed, and gives a command no message and no thread. So a command that becomes a turn first
gets a root: a post of ours that says who asked what, in whose thread the answer stands. The root's `ts` is the message's
key, for it is unique in the channel and in the order of all messages, as a `trigger_id` is not.

https://docs.slack.dev/interactivity/implementing-slash-commands
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.slack.translate import PLATFORM, Identity, escaped, readable
from bot.domain.commands import COMMANDS, Answer, Command, CommandCall, OptionKind, split_options
from bot.domain.messages import Addressed, Attachment, Author, Message, Place

ROOT_LIMIT = 1_000
"""Characters of a question that its root shows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Typed:
    """A slash command as somebody typed it."""

    command: Command
    """From the table."""
    options: Mapping[str, str]
    """What was given, by the option's name."""
    channel: str
    """Where."""
    author: Author
    """Who."""

    @property
    def becomes_turn(self) -> bool:
        """Whether it is answered in the channel, by a turn."""
        return self.command.answer is Answer.TURN

    @property
    def wants_recording(self) -> bool:
        """Whether it is about a recording and nothing else: the last one in the channel is meant."""
        return bool(self.command.options) and all(o.kind is OptionKind.FILE for o in self.command.options)

    @property
    def would_change(self) -> bool:
        """Whether it asks for a change, which only some may do: those who manage the channel first."""
        return self.command.would_change(self.options)

    @property
    def lacks(self) -> str:
        """What is missing, as a sentence; empty when nothing is."""
        missing = next((o for o in self.command.options if o.required and not self.options.get(o.name)), None)
        return f"{missing.description}? Type `{self.command.usage}`." if missing else ""

    @property
    def text(self) -> str:
        """The words that the turn works on."""
        return " ".join(self.options.values())


def to_typed(payload: Mapping[str, Any], me: Identity) -> Typed | None:
    """Read a slash command's payload; None when the table does not have the command."""
    command = COMMANDS.get(str(payload["command"]).removeprefix("/"))
    if command is None:
        return None
    return Typed(
        command=command,
        options=split_options(command, readable(str(payload.get("text") or ""), me)),
        channel=str(payload["channel_id"]),
        author=Author(id=str(payload["user_id"]), name=str(payload.get("user_name") or "")),
    )


def to_root(typed: Typed) -> str:
    """Return what the root of a turn says, in Slack's own markup."""
    words = typed.text[:ROOT_LIMIT] + ("…" if len(typed.text) > ROOT_LIMIT else "")
    said = f": {escaped(words)}" if words else ""
    return f"<@{typed.author.id}> used /{typed.command.name}{said}"


def to_turn(typed: Typed, me: Identity, *, root: str, attachments: tuple[Attachment, ...] = ()) -> Message:
    """Return the message that a command becomes.

    Args:
        typed: the command.
        me: who was asked.
        root: the `ts` of the post in whose thread the answer stands.
        attachments: the recording that is meant.
    """
    return Message(
        key=root,
        place=_place(typed, me, thread=root),
        author=typed.author,
        text=typed.text,
        attachments=attachments,
        addressed=Addressed.COMMAND,
        command=typed.command.name,
    )


def to_call(typed: Typed, me: Identity, *, may_manage: bool) -> CommandCall:
    """Return the call of a command that is answered at once."""
    place = _place(typed, me, thread=None)
    return CommandCall(
        name=typed.command.name, options=typed.options, place=place, author=typed.author, may_manage=may_manage
    )


def _place(typed: Typed, me: Identity, *, thread: str | None) -> Place:
    direct = typed.channel.startswith("D")
    return Place(platform=PLATFORM, workspace=me.team, channel=typed.channel, thread=thread, direct=direct)
