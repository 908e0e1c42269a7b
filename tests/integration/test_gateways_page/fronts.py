"""The gateways as the page's test asks them: opened from settings, each with somebody who saw what was sent to it."""

import asyncio
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import jiwer
from typing_extensions import override

from bot.domain.audio import PICTURES, SEEN, MediaFile
from bot.domain.money import Nanodollars, nanodollars
from bot.ports import Gateway
from tests.fakes.fal.client import FakeFal
from tests.fakes.openai_server.client import FakeServer
from tests.fakes.openrouter.client import FakeOpenRouter

PATIENCE = 10.0
"""Seconds that anything at a fake may take."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What was seen since the front was made ready."""

    posts: int = 0
    """Calls that make a model work."""
    running: int = 0
    """Those that are not over."""
    charges: tuple[Nanodollars, ...] = ()
    """What was charged, by call."""
    paths: tuple[str, ...] = ()
    """Where the calls went."""
    thinks: bool = False
    """Whether the last call asked for thinking."""
    kept: tuple[float | None, ...] = ()
    """How many seconds each file is kept that was uploaded."""
    rung: tuple[int, ...] = ()
    """What each webhook was answered with."""
    violations: tuple[str, ...] = ()
    """Every breach of the gateway's contract."""


@dataclass(kw_only=True)
class Front(ABC):
    """One gateway, and who sees what is sent to it."""

    gateway: Gateway
    """Opened."""
    tables: Mapping[str, object]
    """Of the settings that it was opened with."""
    ways: Mapping[str, Gateway] = field(default_factory=dict)
    """The same gateway, with another setting that says how it is called."""
    rung: Gateway | None = None
    """The same gateway, told that it is reached by webhooks; None where there is no setting for that."""
    obeys: ClassVar[bool] = True
    """Whether the model says what it is told to say."""

    @abstractmethod
    async def ready(self) -> None:
        """Forget all that was seen and said."""

    @abstractmethod
    async def say(self, text: str, *, thought: str = "", slowly: bool = False, cost: str | None = None) -> None:
        """Let the model say this, over half a second or at once, and charge so many US dollars where it is told."""

    @abstractmethod
    async def seen(self) -> Seen:
        """Return what was seen."""

    @abstractmethod
    def understood(self, text: str, file: MediaFile) -> bool:
        """Return whether an answer shows that a file was received whole; for where nobody told what to say."""

    async def promote(self) -> None:  # noqa: B027  (elsewhere, a key is a key)
        """Make the key an admin's."""

    async def rung_alone(self) -> None:  # noqa: B027  (elsewhere, nobody rings)
        """Wait until the end of a call was rung for, and lose its answer everywhere else."""

    async def over(self) -> None:
        """Wait until no call runs."""
        async with asyncio.timeout(PATIENCE):
            while (await self.seen()).running:
                await asyncio.sleep(0.05)


@dataclass(kw_only=True)
class RouterFront(Front):
    """OpenRouter, or OpenRoute.cn."""

    fake: FakeOpenRouter

    @override
    async def ready(self) -> None:
        await self.fake.reset()

    @override
    async def say(self, text: str, *, thought: str = "", slowly: bool = False, cost: str | None = None) -> None:
        pace = 2.0 * len(text.split()) if slowly else 0.0
        await self.fake.say(
            text, reasoning=thought, tokens_per_second=pace, cost_usd=None if cost is None else float(cost)
        )

    @override
    async def seen(self) -> Seen:
        state = await self.fake.state()
        body = json.loads(await self.fake.body(state.calls[-1].index) or b"{}") if state.calls else {}
        return Seen(
            posts=len(state.calls),
            running=sum(call.outcome == "open" for call in state.calls),
            charges=tuple(nanodollars(call.cost_usd) for call in state.charged),
            paths=tuple(call.path for call in state.calls),
            thinks=body.get("reasoning", {}).get("effort", "none") != "none",
            violations=state.violations,
        )

    @override
    def understood(self, text: str, file: MediaFile) -> bool:
        return f"{file.format}/" in text


@dataclass(kw_only=True)
class FalFront(Front):
    """fal."""

    fake: FakeFal

    @override
    async def ready(self) -> None:
        await self.fake.reset()

    @override
    async def say(self, text: str, *, thought: str = "", slowly: bool = False, cost: str | None = None) -> None:
        await self.fake.script(
            text=text,
            reasoning=thought or None,
            work_s=0.5 if slowly else 0,
            cost_usd=None if cost is None else float(cost),
        )

    @override
    async def seen(self) -> Seen:
        state = await self.fake.state()
        return Seen(
            posts=len(state.calls),
            running=len(state.running),
            charges=tuple(nanodollars(call.charged_usd) for call in state.charged),
            paths=tuple(call.endpoint for call in state.calls),
            thinks=bool(state.calls) and state.calls[-1].input.get("reasoning") is True,
            kept=tuple(file.lives_s for file in state.files if file.size),
            rung=tuple(delivery["status"] for delivery in state.deliveries),
            violations=state.violations,
        )

    @override
    def understood(self, text: str, file: MediaFile) -> bool:
        return (f"{file.bytes} bytes" if file.format in PICTURES else f"{file.format}/") in text

    @override
    async def promote(self) -> None:
        await self.fake.account(admin=True)

    @override
    async def rung_alone(self) -> None:
        await self.fake.wait(lambda state: state.deliveries)
        await self.fake.account(history="off")
        await self.fake.lose()


@dataclass(kw_only=True)
class ServerFront(Front):
    """A server that speaks OpenAI's protocol."""

    fake: FakeServer
    flavour: str
    """Which one."""

    @override
    async def ready(self) -> None:
        await self.fake.become(self.flavour)

    @override
    async def say(self, text: str, *, thought: str = "", slowly: bool = False, cost: str | None = None) -> None:
        await self.fake.say(text, thought=thought, pause=0.5 / len(text.split()) if slowly else 0)

    @override
    async def seen(self) -> Seen:
        state = await self.fake.state()
        return Seen(
            posts=len(state.calls),
            running=sum(call.outcome == "open" for call in state.calls),
            paths=tuple(call.path for call in state.calls),
            thinks=bool(state.calls) and "reasoning" in state.calls[-1].body,
            violations=state.violations,
        )

    @override
    def understood(self, text: str, file: MediaFile) -> bool:
        return (f"{SEEN[file.format]};base64" if file.format in SEEN else f"{file.format}/") in text


@dataclass(kw_only=True)
class LocalFront(Front):
    """The embedded models: they say what they say, and nobody charges anything."""

    words: str
    """That are said in the recordings."""
    obeys: ClassVar[bool] = False

    @override
    async def ready(self) -> None:
        pass

    @override
    async def say(self, text: str, *, thought: str = "", slowly: bool = False, cost: str | None = None) -> None:
        pass

    @override
    async def seen(self) -> Seen:
        return Seen()

    @override
    def understood(self, text: str, file: MediaFile) -> bool:
        return jiwer.wer(_plain(self.words), _plain(text)) <= 0.2


def _plain(text: str) -> str:
    return re.sub(r"[^a-z ]", "", text.lower().replace("-", " "))


Fronts = Sequence[Front]
"""Of one column: all of the same kind; what one of them can do, the kind can."""
