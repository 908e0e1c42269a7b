"""Every call by which an adapter changes something on its platform, and what people do so that it is made."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase


class Story(StrEnum):
    """What people do."""

    QUESTION = "question"
    """They ask something, and are answered in writing and aloud."""
    OPENING = "opening"
    """They open the conversation with the app before they ask something."""
    HOME = "home"
    """They open the page of their own."""
    NOTE = "voice note"
    """They send a recording, whose words become the title of the conversation."""
    DELETION = "deletion"
    """They ask something, and delete it when it was answered."""
    COMMAND = "command"
    """They ask something by a command, and are answered in the channel."""
    RECEIPT = "receipt"
    """They press a button under the reply, and are told something."""
    CORRECTION = "correction"
    """They send a recording, and press the button that opens a form under the reply."""
    VOICE = "voice"
    """They try out a voice where direct messages are off, and are told so above the form."""
    UNKNOWN = "unknown shortcut"
    """They use a shortcut that nobody knows, and are told so."""
    SAYING = "saying"
    """They let the app say something aloud by a command, and hear it in the channel."""
    LOOK = "look"
    """They use a command that is answered at once, to them alone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Write:
    """A call that changes something."""

    call: str
    """Pattern of the method and the path."""
    story: Story = Story.QUESTION
    """What makes the adapter call it."""
    without: tuple[str, ...] = ()
    """Patterns of what the platform does not offer there."""
    later: int = 0
    """How many such calls go well for each person before."""
    direct: bool = False
    """Whether it is only made in direct messages."""

    @property
    def name(self) -> str:
        """What the test is called after."""
        before, direct = ("later",) * bool(self.later), ("direct",) * self.direct
        return " ".join((self.call.replace("/api/", "").replace("POST ", ""), self.story, *direct, *before))


NO_STREAMS = ("chat.startStream",)
NO_SESSIONS = ("agents.*",)
NO_STATUS = ("agents.*", "assistant.*")

SLACK: Sequence[Write] = (
    Write(call="POST /api/chat.startStream"),
    Write(call="POST /api/chat.appendStream"),
    Write(call="POST /api/chat.stopStream"),
    Write(call="POST /api/chat.postMessage", without=NO_STREAMS),
    Write(call="POST /api/chat.update", without=NO_STREAMS),
    Write(call="POST /api/chat.update", without=NO_STREAMS, later=1),
    Write(call="POST /api/files.getUploadURLExternal"),
    Write(call="POST /upload/*"),
    Write(call="POST /api/files.completeUploadExternal"),
    Write(call="POST /api/chat.delete", story=Story.DELETION),
    Write(call="POST /api/files.delete", story=Story.DELETION),
    Write(call="POST /api/chat.postEphemeral", story=Story.RECEIPT),
    Write(call="POST /api/views.open", story=Story.CORRECTION),
    Write(call="POST /api/views.push", story=Story.VOICE),
    Write(call="POST /api/views.publish", story=Story.HOME),
    Write(call="POST /commands/*", story=Story.UNKNOWN),
    Write(call="POST /api/agents.sessions.setStatus"),
    Write(call="POST /api/agents.sessions.setStatus", later=1),
    Write(call="POST /api/agents.sessions.rename", story=Story.NOTE),
    Write(call="POST /api/assistant.threads.setStatus", without=NO_SESSIONS),
    Write(call="POST /api/assistant.threads.setTitle", story=Story.NOTE, without=NO_SESSIONS, direct=True),
    Write(call="POST /api/assistant.threads.setSuggestedPrompts", story=Story.OPENING, direct=True),
    Write(call="POST /api/reactions.add", without=NO_STATUS),
    Write(call="POST /api/reactions.remove", without=NO_STATUS),
)

SLACK_READS = (
    "POST /api/apps.connections.open",
    "* /api/auth.test",
    "POST /api/oauth.v2.*",
    "* /api/conversations.*",
    "* /api/files.info",
    "* /api/users.*",
    "GET *",
)
"""Calls that change nothing that anybody sees."""


DISCORD: Sequence[Write] = (
    Write(call="POST /channels/*/messages/*/threads"),
    Write(call="POST /channels/*/typing"),
    Write(call="POST /channels/*/messages"),
    Write(call="POST /channels/*/messages", later=1),
    Write(call="POST /channels/*/messages", direct=True),
    Write(call="POST /channels/*/messages", direct=True, later=1),
    Write(call="PATCH /channels/*/messages/*"),
    Write(call="DELETE /channels/*/messages/*", story=Story.DELETION),
    Write(call="POST /interactions/*/callback", story=Story.COMMAND),
    Write(call="PATCH /webhooks/*/messages/@original", story=Story.COMMAND),
    Write(call="DELETE /webhooks/*/messages/@original", story=Story.SAYING),
    Write(call="POST /interactions/*/callback", story=Story.RECEIPT),
    Write(call="PATCH /webhooks/*/messages/@original", story=Story.RECEIPT),
    Write(call="POST /interactions/*/callback", story=Story.CORRECTION),
    Write(call="POST /interactions/*/callback", story=Story.LOOK),
    Write(call="PATCH /webhooks/*/messages/@original", story=Story.LOOK),
)

DISCORD_ASIDE = ("POST /webhooks/*", "PATCH /webhooks/*/messages/*", "DELETE /webhooks/*/messages/*")
"""What comes after the first answer to a command, and is seen by one person alone: no row tries it."""

DISCORD_READS = ("GET *", "POST /users/@me/channels", "PUT /applications/*/commands", *DISCORD_ASIDE)
"""Calls that change nothing that anybody sees, or that are made before anybody speaks."""


def unlisted(requests: Iterable[str], writes: Sequence[Write], reads: Sequence[str]) -> set[str]:
    """Return the calls, as `METHOD path`, that no row names."""
    patterns = (*(write.call for write in writes), *reads)
    return {
        re.sub(r"\d{5,}", "…", request)
        for request in requests
        if not any(fnmatchcase(request, pattern) for pattern in patterns)
    }
