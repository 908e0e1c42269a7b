"""The driver's half that plays the humans: what they post, and the commands, components and modals they use."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.fakes.discord.control_client import ControlClient, text
from tests.fakes.discord.values import File


class People(ControlClient):
    """Plays users, bots among them."""

    async def post(
        self,
        channel: int,
        user: int,
        content: str = "",
        *,
        files: Sequence[File] = (),
        voice: File | None = None,
        reply_to: int | None = None,
        ping: bool = True,
    ) -> int:
        """Post a message and return its id.

        Args:
            channel: a channel, thread or direct message.
            user: who posts.
            content: its text; `<@id>` mentions.
            files: what is attached.
            voice: makes it a voice message of this file, which needs its duration and waveform.
            reply_to: the message that it answers.
            ping: whether a reply notifies the other message's author.
        """
        given = files if voice is None else (voice,)
        made = await self.act(
            "messages",
            given,
            channel_id=str(channel),
            user_id=str(user),
            content=content,
            voice=voice is not None,
            attachments=[each.described() for each in given],
            reply_to=text(reply_to),
            ping=ping,
        )
        return int(made["id"])

    async def forward(self, message: int, channel: int, user: int) -> int:
        """Forward a message into a channel and return the new message's id."""
        return int(
            (await self.act("forwards", message_id=str(message), channel_id=str(channel), user_id=str(user)))["id"]
        )

    async def edit(self, message: int, content: str) -> None:
        """Change a user's message."""
        await self.act("edits", message_id=str(message), content=content)

    async def embed(self, message: int, url: str) -> None:
        """Let Discord show the page that a message links to: an update that is no edit."""
        await self.act("embeds", message_id=str(message), url=url)

    async def delete(self, message: int, *, told: bool = True) -> None:
        """Delete a message; with `told` false the event that tells of it is lost."""
        await self.act("deletions", message_id=str(message), told=told)

    async def delete_bulk(self, channel: int, messages: Sequence[int]) -> None:
        """Delete several messages at once."""
        await self.act("bulk_deletions", channel_id=str(channel), message_ids=[str(each) for each in messages])

    async def announce_again(self, message: int) -> None:
        """Let the gateway tell of a message once more, as it may."""
        await self.act("repeats", message_id=str(message))

    async def react(self, message: int, user: int, emoji: str, *, added: bool = True) -> None:
        """Add or remove a user's reaction."""
        await self.act("reactions", message_id=str(message), user_id=str(user), emoji=emoji, added=added)

    async def start_typing(self, channel: int, user: int) -> None:
        """Show a user as typing."""
        await self.act("typing", channel_id=str(channel), user_id=str(user))

    async def start_thread(
        self, user: int, name: str, *, message: int | None = None, channel: int | None = None
    ) -> int:
        """Start a thread from a message, or in a channel, and return its id."""
        made = await self.act(
            "threads", user_id=str(user), name=name, message_id=text(message), channel_id=text(channel)
        )
        return int(made["id"])

    async def change_thread(self, thread: int, *, archived: bool | None = None, locked: bool | None = None) -> None:
        """Archive, open or lock a thread."""
        await self.act("thread_changes", thread_id=str(thread), archived=archived, locked=locked)

    async def use_slash(
        self,
        name: str,
        options: Mapping[str, Any] | None = None,
        *,
        channel: int,
        user: int,
        permissions: Sequence[str] = (),
        offered: bool = False,
        locale: str = "en-US",
    ) -> int:
        """Use a slash command and return the interaction's id.

        Args:
            name: the command with its subcommand, such as `settings set`.
            options: values by name; a `File` for a file, ids for users and channels.
            channel: where.
            user: who.
            permissions: what the user may do there besides what their roles give them.
            offered: whether the server's admin lets everybody use it, whatever permissions it asks for.
            locale: the user's language.
        """
        values, files = _split_files(options or {})
        made = await self.act(
            "slash_commands",
            files,
            name=name,
            options=values,
            channel_id=str(channel),
            user_id=str(user),
            permissions=list(permissions),
            offered=offered,
            locale=locale,
        )
        return int(made["id"])

    async def type_into_option(
        self, name: str, focused: str, typed: str, /, *, channel: int, user: int, **others: str
    ) -> int:
        """Type into an option of a command, for which the bot may offer choices, and return the interaction's id.

        Some commands are hidden from who lacks their permission, `offered` to everybody here; `others` are given already.
        """
        made = await self.act(
            "autocompletions",
            name=name,
            focused=focused,
            options={**others, focused: typed},
            offered=True,
            channel_id=str(channel),
            user_id=str(user),
        )
        return int(made["id"])

    async def use_message_command(
        self, name: str, message: int, *, user: int, permissions: Sequence[str] = (), locale: str = "en-US"
    ) -> int:
        """Use a command of a message's context menu and return the interaction's id.

        Where the bot is not, the user has the application installed for themselves.
        """
        made = await self.act(
            "message_commands",
            name=name,
            message_id=str(message),
            user_id=str(user),
            permissions=list(permissions),
            locale=locale,
        )
        return int(made["id"])

    async def use_component(
        self,
        message: int,
        custom_id: str,
        *,
        user: int,
        values: Sequence[str] | None = None,
        permissions: Sequence[str] = (),
    ) -> int:
        """Click a button, or choose from a list, and return the interaction's id."""
        chosen = None if values is None else list(values)
        made = await self.act(
            "components",
            message_id=str(message),
            custom_id=custom_id,
            user_id=str(user),
            values=chosen,
            permissions=list(permissions),
        )
        return int(made["id"])

    async def submit_modal(
        self, interaction: int, values: Mapping[str, Any], *, permissions: Sequence[str] = ()
    ) -> int:
        """Send the modal that answered an interaction, with values by custom id, and return the new interaction's id."""
        plain, files = _split_files(values)
        made = await self.act(
            "modals", files, interaction_id=str(interaction), values=plain, permissions=list(permissions)
        )
        return int(made["id"])


def _split_files(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[File]]:
    """Return the values with every file replaced by its number, and the files."""
    files: list[File] = []

    def replaced(value: Any) -> Any:
        if isinstance(value, list):
            return [replaced(each) for each in value]
        if not isinstance(value, File):
            return value
        files.append(value)
        return len(files) - 1

    return {name: replaced(value) for name, value in values.items()}, files
