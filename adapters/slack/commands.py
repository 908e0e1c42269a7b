"""Slash commands and message shortcuts, made from the one table: payload -> Message or CommandCall. No I/O.

`/mynah` leads to all commands: its first word names one of them. In threads Slack takes no slash commands; what stands
in the menu of a message works there, too, and is answered in the thread of that message.

Slack shows nobody what was typed, and gives a command no message and no thread. So a command that becomes a turn first
gets a root: a post of ours that says who asked what, in whose thread the answer stands. The root's `ts` is the message's
key, for it is unique in the channel and in the order of all messages, as a `trigger_id` is not.

https://docs.slack.dev/interactivity/implementing-slash-commands
https://docs.slack.dev/interactivity/implementing-shortcuts
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.slack.translate import PLATFORM, Identity, escaped, readable, to_link, to_quoted
from bot.domain.commands import COMMANDS, DOOR, SHORTCUTS, Answer, Command, CommandCall, OptionKind, split_options
from bot.domain.messages import Addressed, Attachment, Author, Message, Place, Quoted
from bot.domain.shortcuts import Given, given
from bot.words import phrase, say

_NAMED = re.compile(r"<(?:@|!subteam\^)(\w+)\|[^<>]*>")
"""A person or a user group whose name stands behind the id, which is what a setting wants to know.

https://docs.slack.dev/interactivity/implementing-slash-commands#app_command_handling
"""

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
        """Whether it is about a recording and names none: the last one in the channel is meant."""
        return any(o.kind is OptionKind.FILE for o in self.command.options) and not self.options

    @property
    def opens_settings(self) -> bool:
        """Whether it opens the settings of the channel, for who may change them."""
        return self.command.name == "settings" and not self.options

    @property
    def would_change(self) -> bool:
        """Whether it asks for a change, which only some may do: those who manage the channel first."""
        return self.command.would_change(self.options)

    @property
    def lacks(self) -> str:
        """What is missing, a phrase; empty when nothing is."""
        missing = next((o for o in self.command.options if o.required and not self.options.get(o.name)), None)
        if missing is None:
            return self.given.lacks
        usage = f"`{self.command.usage}`"
        return phrase("{what}? Type {usage}.", what=missing.description, usage=usage)

    @property
    def given(self) -> Given:
        """What the turn works on."""
        return given(self.command, self.options, to_link) if self.becomes_turn else Given()


def to_typed(payload: Mapping[str, Any], me: Identity) -> Typed | None:
    """Read a slash command's payload; None when the table does not have the command."""
    name, said = str(payload["command"]).removeprefix("/"), str(payload.get("text") or "")
    text, ids = readable(said, me), readable(_NAMED.sub(r"@\1", said), me)
    if name == DOOR:
        (name, text), (_, ids) = _behind_the_door(text), _behind_the_door(ids)
    command = COMMANDS.get(name)
    if command is None:
        return None
    return Typed(
        command=command,
        options=split_options(command, ids if command.changes else text),
        channel=str(payload["channel_id"]),
        author=Author(id=str(payload["user_id"]), name=str(payload.get("user_name") or "")),
    )


def _behind_the_door(text: str) -> tuple[str, str]:
    """Return the command that is named after `/mynah`, and what is typed behind it; `help` for any other word."""
    first, _, rest = text.partition(" ")
    name = first.lower().removeprefix("/")
    return (name, rest.strip()) if name in COMMANDS else ("help", first)


def to_root(typed: Typed) -> str:
    """Return what the root of a turn says, in Slack's own markup and the language that is spoken."""
    typed_words = " ".join(typed.options.values())
    words = typed_words[:ROOT_LIMIT] + ("…" if len(typed_words) > ROOT_LIMIT else "")
    who, called = f"<@{typed.author.id}>", typed.command.call
    if not words:
        return say("{person} used {command}", person=who, command=called)
    return say("{person} used {command}: {words}", person=who, command=called, words=escaped(words))


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
        text=typed.given.text,
        attachments=attachments,
        addressed=Addressed.COMMAND,
        command=typed.command.name,
        quoted=typed.given.quoted,
        language=typed.given.language,
    )


def to_call(typed: Typed, me: Identity, *, may_manage: bool, may_administer: bool = False) -> CommandCall:
    """Return the call of a command that is answered at once."""
    place = _place(typed, me, thread=None)
    return CommandCall(
        name=typed.command.name,
        options=typed.options,
        place=place,
        author=typed.author,
        may_manage=may_manage,
        may_administer=may_administer,
    )


def to_turn_with(payload: Mapping[str, Any], me: Identity) -> Message | None:
    """Return the message that the use of a message shortcut becomes: it belongs to the thread of the message it is about.

    Args:
        payload: see https://docs.slack.dev/reference/interaction-payloads/shortcuts-interaction-payload.
        me: who is asked.

    Returns:
        None when the table does not have the shortcut.
    """
    command = SHORTCUTS.get(str(payload["callback_id"]))
    if command is None:
        return None
    item, channel, ts = payload["message"], str(payload["channel"]["id"]), str(payload["message_ts"])
    thread, user = str(item.get("thread_ts") or ts), payload["user"]
    target = Quoted(channel=channel, key=ts, handle={"thread": thread})
    direct = channel.startswith("D")
    return Message(
        key=str(payload["action_ts"]),
        place=Place(platform=PLATFORM, workspace=me.team, channel=channel, thread=thread, direct=direct),
        author=Author(id=str(user["id"]), name=str(user.get("name") or user.get("username") or "")),
        addressed=Addressed.COMMAND,
        command=command.name,
        quoted=(to_quoted({**item, "ts": ts}, target, me) or target,),
    )


def _place(typed: Typed, me: Identity, *, thread: str | None) -> Place:
    direct = typed.channel.startswith("D")
    return Place(platform=PLATFORM, workspace=me.team, channel=typed.channel, thread=thread, direct=direct)
