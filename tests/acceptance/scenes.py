"""One stage for both platforms: somebody speaks to Mynah, and what comes back is looked at."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.domain.messages import Action
from tests.acceptance.recordings import VOICE_NOTE, Recording

Holds = Callable[[Sequence["Reply"]], bool]


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A post of Mynah."""

    text: str
    """Empty for a clip."""
    clip: bytes
    """Empty for a text. While the reply is waited for, only whether it is empty counts."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """What is attached beside a clip, by the names that people see."""

    @property
    def grows(self) -> bool:
        """Whether it is a text that is still being written."""
        return self.text.endswith("…")


class Scene(Protocol):
    """A platform with one person who speaks to Mynah in one place."""

    name: str
    settings: dict[str, str]
    mention: str
    """What names Mynah in a text."""
    scope: str
    """The place, as the command line names it."""
    person: str
    """Who speaks to Mynah, by the platform's id."""

    async def ready(self) -> None:
        """Wait until the service listens."""
        ...

    async def write(self, text: str, *, under: str | None = None, told: bool = True) -> str:
        """Write something; returns the message's id.

        Args:
            text: what is written.
            under: the message in whose thread it is written.
            told: False when the platform tells nobody of it, as while the service is down.
        """
        ...

    async def refer(self, text: str, *, to: str) -> str:
        """Write something about another message, the way that people do there; returns the message's id."""
        ...

    async def speak(self, name: str = VOICE_NOTE, text: str = "", *, told: bool = True) -> str:
        """Send a recording of tests/data the way that the platform's own client does; returns the message's id."""
        ...

    async def send(self, *recordings: Recording, text: str = "") -> str:
        """Send files picked from a disk, all with one message; returns the message's id."""
        ...

    async def edit(self, message: str, text: str) -> None:
        """Change what was written."""
        ...

    async def show_page(self, message: str) -> None:
        """Let the platform show the page that a message links to, which changes the message and is no edit."""
        ...

    async def delete(self, message: str) -> None:
        """Delete a message."""
        ...

    async def send_away(self) -> None:
        """Remove Mynah from the workspace or server."""
        ...

    async def robot(self, text: str) -> str:
        """Let another bot write something in the same place; returns the message's id."""
        ...

    async def use(self, command: str, *, manages: bool = False, **options: str) -> str:
        """Use a command that is answered at once, and return its answer.

        Args:
            command: without the slash.
            manages: whether the person may manage the channel.
            options: what is given to it, in the order of its options.
        """
        ...

    async def begin(self, command: str, **options: str) -> str:
        """Use a command that is answered in the channel; returns the id of what the answer stands under."""
        ...

    async def press(self, message: str, action: Action, *, which: int = -1, stranger: bool = False) -> str:
        """Press a button, and return what is told to who pressed it; empty when a form opened.

        Args:
            message: whose reply it stands under.
            action: which button.
            which: of several replies with buttons.
            stranger: whether somebody else presses it, who manages nothing; in a channel.
        """
        ...

    async def form(self) -> Mapping[str, str]:
        """Return what stands in the form that opened last, by the names of its fields."""
        ...

    async def fill_in(self, *, answer: bool = False, **words: str) -> str:
        """Fill in the form that opened last and send it, and return what is told to who did.

        Args:
            answer: whether to have it answered again.
            words: new texts by the names of the fields.
        """
        ...

    async def choose(self, command: str, *, of: str) -> str:
        """Choose a command from the menu of a message; returns the id of what is answered."""
        ...

    async def link_to(self, message: str) -> str:
        """Return the link to a message that the platform lets people copy."""
        ...

    async def replies(self, message: str) -> Sequence[Reply]:
        """Return what Mynah posted in answer so far."""
        ...

    async def until(self, message: str, holds: Holds, *, seconds: float) -> Sequence[Reply]:
        """Wait until the answer to a message is as wanted, and return it."""
        ...

    async def wait(self, message: str, *, texts: int = 0, clips: int = 0, seconds: float = 60) -> Sequence[Reply]:
        """Wait for so many finished texts and clips."""

        def enough(found: Sequence[Reply]) -> bool:
            said = sum(bool(reply.text) and not reply.grows for reply in found)
            return sum(bool(reply.clip) for reply in found) >= clips and said >= texts

        return await self.until(message, enough, seconds=seconds)

    async def violations(self) -> Sequence[str]:
        """Return what a correct client would not have done."""
        ...

    async def alone(self) -> "Scene":
        """Return a scene with somebody new, in a direct message of their own."""
        ...

    async def among_others(self) -> "Scene":
        """Return a scene with somebody new, in a channel that Mynah is in."""
        ...

    async def foreign(self, locale: str) -> "Scene":
        """Return a scene with somebody new who uses the platform in another language, in the same kind of place."""
        ...

    async def group(self) -> str:
        """Put the person into a new group, and return it as people mention it there."""
        ...
