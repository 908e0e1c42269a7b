"""What is asked of a gateway, what came back, and which of its models are asked."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bot.domain.audio import MediaFile
from bot.domain.errors import ModelCannot, ModelUnknown
from bot.domain.models import (
    Accepted,
    Capabilities,
    ChatRequest,
    ChatTurn,
    Delta,
    Finished,
    Modality,
    Origin,
    ReasoningDelta,
    Role,
    Segment,
    SoundDelta,
    TextDelta,
    TranscriptionRequest,
)
from bot.domain.money import CallKind
from bot.ports import Gateway
from tests.integration.test_gateways_page.fronts import Front

TOLD = "A parrot may well be called Mynah, and many other birds are."
Facts = tuple[str, ...]
"""What a probe found out, in the words of the page."""
YES: Facts = ("yes",)
ORIGIN = Origin(call="c0ffee" * 5, author="a11ce", conversation="7ea")


# --- asked -------------------------------------------------------------------


def ask(model: str, text: str = "Say something.", *, max_tokens: int = 40, **more: Any) -> ChatRequest:
    """Ask a chat model; what goes into its turn and what goes beside it is told by name."""
    held = {name: more.pop(name) for name in ("audio", "pictures", "videos", "links") if name in more}
    turn = ChatTurn(role=Role.USER, text=text, **held)
    return ChatRequest(model=model, turns=(turn,), max_tokens=max_tokens, temperature=0.0, origin=ORIGIN, **more)


def listen(model: str, file: MediaFile) -> TranscriptionRequest:
    return TranscriptionRequest(model=model, audio=file, origin=ORIGIN)


# --- came back ---------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back, in order."""

    deltas: Sequence[Delta]
    times: Sequence[float]
    """Of each, in the loop's seconds."""

    @property
    def text(self) -> str:
        return "".join(delta.text for delta in self.deltas if isinstance(delta, TextDelta | Segment)).strip()

    @property
    def thought(self) -> str:
        return "".join(delta.text for delta in self.deltas if isinstance(delta, ReasoningDelta)).strip()

    @property
    def sounds(self) -> Sequence[SoundDelta]:
        return [delta for delta in self.deltas if isinstance(delta, SoundDelta)]

    @property
    def spread(self) -> float:
        """Seconds between the first and the last of several pieces of text; 0 for one piece."""
        pieces = [at for at, delta in zip(self.times, self.deltas, strict=True) if isinstance(delta, TextDelta)]
        return pieces[-1] - pieces[0] if pieces else 0.0

    @property
    def finished(self) -> Finished:
        last = self.deltas[-1]
        assert isinstance(last, Finished)
        return last

    @property
    def name(self) -> str | None:
        """The gateway's name of the call."""
        return next((delta.id for delta in self.deltas if isinstance(delta, Accepted)), None)


async def taken(stream: AsyncIterator[Delta]) -> Answer:
    """Read an answer to its end."""
    clock = asyncio.get_running_loop().time
    came = [(clock(), delta) async for delta in stream]
    return Answer(deltas=[delta for _, delta in came], times=[at for at, _ in came])


# --- who is asked ------------------------------------------------------------

Wish = Callable[[Capabilities], bool]
"""What a model must be able to do."""


def chats(can: Capabilities) -> bool:
    return CallKind.CHAT in can.kinds


def hears(can: Capabilities) -> bool:
    return chats(can) and can.hears()


def takes_dictation(can: Capabilities) -> bool:
    return CallKind.TRANSCRIPTION in can.kinds


def is_made_for(kind: CallKind) -> Wish:
    return lambda can: can.kinds == {kind}


def speaks_in_chat(can: Capabilities) -> bool:
    return chats(can) and {Modality.TEXT, Modality.AUDIO} <= can.outputs


def anything(can: Capabilities) -> bool:
    return True


async def models_of(gateway: Gateway, wish: Wish, otherwise: str = "") -> Sequence[str]:
    """Return the models that say that they can, as listed; else one that cannot, which has to say so.

    Args:
        gateway: whose models.
        wish: what they must be able to do.
        otherwise: who is asked where none can; empty for the first that chats, or the first of all.
    """
    catalogue = await gateway.catalogue()
    able = [ref.name for ref, can in catalogue.items() if wish(can)]
    if able or otherwise:
        return able or [otherwise]
    return [next(ref.name for does in (chats, anything) for ref, can in catalogue.items() if does(can))]


# --- the story of one question ---------------------------------------------------


class Lacking(Exception):
    """The gateway has no such thing."""


async def first_able(front: Front, wish: Wish, does: Callable[[str], Awaitable[Answer]], otherwise: str = "") -> Answer:
    """Return the answer of the first model that does it.

    Raises:
        Lacking: all of them refused, and nothing was sent to them.
    """
    for model in await models_of(front.gateway, wish, otherwise):
        before = (await front.seen()).posts
        try:
            return await does(model)
        except (ModelCannot, ModelUnknown) as refusal:
            said = refusal.sentence
        assert said
        assert (await front.seen()).posts == before
    raise Lacking


async def first_model(front: Front) -> str:
    """Return the first model that chats.

    Raises:
        Lacking: none does.
    """
    able = [ref.name for ref, can in (await front.gateway.catalogue()).items() if chats(can)]
    if not able:
        raise Lacking
    return able[0]


def is_told(front: Front, answer: Answer) -> bool:
    """Whether a model said what it was told to say; one that does not obey must say something."""
    return answer.text == TOLD if front.obeys else bool(answer.text)


async def asked(front: Front) -> Answer:
    """Ask for words, and be told."""
    answer = await first_able(front, chats, lambda model: taken(front.gateway.perform(ask(model))))
    assert is_told(front, answer)
    return answer
