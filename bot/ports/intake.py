"""What a platform hands over to the core."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from bot.domain.commands import CommandCall
from bot.domain.controls import Press, Response
from bot.domain.home import Home
from bot.domain.messages import Author, Message, Place
from bot.domain.panel import Choice, Outcome, SettingsForm
from bot.domain.suggestions import Room


class Intake(Protocol):
    """What a platform's adapter calls when something happens there. The core implements it."""

    async def accept(self, message: Message) -> bool:
        """Store the message as a job, once. Only after this returned may the platform be told "received".

        Returns:
            True when a new job was stored; False when it is not for us or is known already.

        Raises:
            StorageUnavailable: it was not stored; the platform must send it again.
        """
        ...

    async def edited(self, message: Message, *, said_at: int) -> bool:
        """Take a message as it reads after an edit: its reply is redone in place.

        What names no edit (`Message.edited`) or the last known one, and what changes neither words nor files, does nothing;
        so does an edit long after the message, or after something else was said in the conversation. A message that was
        not for us before is taken like a new one, if it speaks to us now.

        Args:
            message: as it reads now.
            said_at: when it was said first, in milliseconds since 1970.

        Returns:
            Whether it is answered anew.

        Raises:
            StorageUnavailable: it was not stored; the platform must tell it again.
        """
        ...

    async def deleted(self, place: Place, key: str) -> bool:
        """Take it that a message is gone: its turn is stopped, its reply removed, and what is held of it erased.

        Returns:
            False when it is not known.

        Raises:
            StorageUnavailable: it was not stored; the platform must tell it again.
        """
        ...

    async def stop(self, place: Place, *, by: str, may_manage: bool = False) -> int:
        """Stop what runs and waits in a conversation; a reply that is under way says so.

        Args:
            place: the conversation.
            by: who wants it, by the platform's id: of what others asked for nothing is stopped, unless they manage it.
            may_manage: whether they may manage the channel.

        Returns:
            How many replies were stopped.

        Raises:
            StorageUnavailable: not all were.
        """
        ...

    async def file_deleted(self, platform: str, workspace: str, file: str) -> int:
        """Take it that a file is gone: erase what is held of the messages that it came with, or that refer to it.

        Returns:
            Of how many messages.

        Raises:
            StorageUnavailable: not of all of them.
        """
        ...

    async def channel_deleted(self, place: Place) -> bool:
        """Take it that a channel is gone, or with `Place.thread` a thread: nothing more is done there, and all is erased.

        Returns:
            False when nothing is held of it.

        Raises:
            StorageUnavailable: it was not stored; the platform must tell it again.
        """
        ...

    async def left(self, platform: str, workspace: str) -> bool:
        """Take it that a workspace has sent us away: nothing more is done there.

        Returns:
            Whether what is held of it is erased too, as the platform's terms (`Abilities.purges`) or its admin
            (`purge_on_leave`) want.

        Raises:
            StorageUnavailable: it was not stored; the platform must tell it again.
        """
        ...

    async def command(self, call: CommandCall) -> str:
        """Carry out a command that is answered at once, and return the answer (Markdown) for its author alone."""
        ...

    async def press(self, press: Press) -> Response:
        """Carry out what somebody pressed, or filled in, and return what to tell or ask them.

        Pressed twice, also at once, it is done once. What comes of it in the channel comes later, by a turn.
        """
        ...

    async def settings(self, call: CommandCall) -> SettingsForm:
        """Return what the channel of a call is set to, as a form for its author; without entries for who may not change it.

        Raises:
            StorageUnavailable: it cannot be read.
        """
        ...

    async def change_settings(
        self, call: CommandCall, filled: Mapping[str, str], *, shown: Mapping[str, str]
    ) -> Outcome:
        """Change what somebody changed in the form of a channel, all of it or nothing.

        Args:
            call: who, where, and whether they may manage the channel now.
            filled: what stands in the form, by field; several models with commas between them.
            shown: what stood there when it opened; fields that are missing were changed for sure.

        Raises:
            StorageUnavailable: the settings were not changed; a limit of money perhaps already was.
        """
        ...

    async def suggest(
        self, name: str, typed: str, *, place: Place, author: Author, room: Room, filled: Mapping[str, str]
    ) -> Sequence[Choice]:
        """Return what fits what somebody has typed into a field of the form, within about a second.

        Args:
            name: of the field.
            typed: so far.
            place: whose settings are meant.
            author: who types.
            room: how much the platform shows.
            filled: what stands in the form besides, where that is known: a voice belongs to a model.
        """
        ...

    async def home(self, place: Place, author: Author, *, channels: Sequence[str] | None) -> Home:
        """Return what somebody finds on a page of their own.

        Args:
            place: of their own, in the workspace.
            author: who.
            channels: those of the workspace that we are in, for who is in charge of it; None for others.
        """
        ...

    async def refusal(self, place: Place, author: Author) -> str:
        """Return why somebody may not speak to us in a place, in their language; empty when they may.

        Args:
            place: where they would be answered.
            author: who.

        Raises:
            StorageUnavailable: it cannot be told now.
        """
        ...

    async def language(self, place: Place, author: Author) -> str:
        """Return the language that somebody is spoken to in, for what an adapter says by itself; empty where nobody knows.

        Args:
            place: where they are told something.
            author: who; with their locale, where the platform has told it already.
        """
        ...

    async def marks(self, platform: str) -> Mapping[Place, str]:
        """Return the last message of each place that was stored with all before it: catch-up starts after it."""
        ...

    async def caught_up(self, marks: Mapping[Place, str]) -> None:
        """Take it that all is handed over that was said in these places before these messages, by their keys.

        Raises:
            StorageUnavailable: it was not stored; the next catch-up begins at the old marks.
        """
        ...

    async def lock(self, name: str, *, seconds: float) -> bool:
        """Take a right that one process of this storage has at a time, for so long; False while another has it.

        Raises:
            StorageUnavailable: nobody knows who has it.
        """
        ...
