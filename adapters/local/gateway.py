"""The gateway `local`: every model that runs on this machine, each warm in worker processes of its own."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Collection, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, contextmanager
from types import TracebackType
from typing import Self

from typing_extensions import override

from adapters.local.checks import findings
from adapters.local.hearing import Hearing
from adapters.local.housing import Housing, default_processes
from adapters.local.speaking import Speaking
from adapters.local.thinking import Thinking
from adapters.local.weights import BUNDLED, Engine, look_up
from adapters.workers.errors import WorkerCrashed, WorkerError, WorkerTimeout
from bot.domain.errors import ModelCannot, ModelRefused, ModelUnknown, ModelUnreachable
from bot.domain.health import Finding
from bot.domain.journal import Step
from bot.domain.models import (
    Capabilities,
    Catalogue,
    ChatRequest,
    Delta,
    ModelRef,
    Request,
    SpeechRequest,
    TranscriptionRequest,
)
from bot.ports import Checked, Gateway
from bot.words import phrase

Embedded = Hearing | Thinking | Speaking
"""A model in its house."""

_EMBED: Mapping[Engine, type[Embedded]] = {
    Engine.WHISPER: Hearing,
    Engine.LLAMA: Thinking,
    Engine.PIPER: Speaking,
}


class LocalGateway(Gateway, Checked):
    """The embedded models. Use it as an async context manager: leaving it ends their processes.

    Args:
        models: the user's own, by name: the path of a faster-whisper folder, a `.gguf` file or a piper `.onnx` voice.
        idle_seconds: after so long without a call a model's process is ended; the next call starts it again.
        processes: for one model that hears; None for one on each core, at the most four.
        context_tokens: prompt and answer together, for models that chat.
    """

    name = "local"

    def __init__(
        self,
        models: Mapping[str, str],
        *,
        idle_seconds: float = 900.0,
        processes: int | None = None,
        context_tokens: int = 4096,
    ) -> None:
        self._own = dict(models)
        self._idle_seconds = idle_seconds
        self._processes = processes or default_processes()
        self._context_tokens = context_tokens
        self._embedded: dict[str, Embedded] = {}
        self._stack = AsyncExitStack()
        self.missing: dict[str, str] = {}
        """Models that are known by name and cannot be run, each with what to install or to correct."""

    async def __aenter__(self) -> Self:
        folder = await asyncio.to_thread(tempfile.TemporaryDirectory, prefix="mynah-local-")
        self._stack.push_async_callback(asyncio.to_thread, folder.cleanup)
        await asyncio.to_thread(self._embed, folder.name)
        for model in self._embedded.values():
            await self._stack.enter_async_context(model.pool)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def warm(self, *models: str) -> None:
        """Start the processes of some models now, so that no call waits for it.

        Args:
            models: names; none of them means all.

        Raises:
            ModelUnknown: there is no such model here.
            ModelRefused: its weights cannot be loaded.
            ModelUnreachable: its process died.
        """
        for name in models or tuple(self._embedded):
            model = self._find(name)
            with _translated(name):
                await model.pool.warm()

    @override
    async def perform(self, request: Request) -> AsyncGenerator[Delta, None]:
        model = self._find(request.model)
        with _translated(request.model):
            async with aclosing(_deltas(model, request)) as deltas:
                async for delta in deltas:
                    yield delta

    @override
    async def capabilities(self, model: str) -> Capabilities:
        return self._find(model).capabilities

    @override
    def recover(self, step: Step, request: Request) -> AsyncGenerator[Delta, None]:
        return self.perform(request)

    @override
    async def catalogue(self) -> Catalogue:
        return {ModelRef(gateway=self.name, name=name): model.capabilities for name, model in self._embedded.items()}

    @override
    async def check(self) -> Sequence[Finding]:
        """Say which models are here, and what to install for those that are not; loads none of them."""
        present = {name: model.capabilities for name, model in self._embedded.items()}
        return findings(present, self.missing, self._own)

    def _embed(self, folder: str) -> None:
        housing = Housing(
            processes=self._processes,
            idle_seconds=self._idle_seconds,
            context_tokens=self._context_tokens,
            folder=folder,
        )
        for name in (*self._own, *(name for name in BUNDLED if name not in self._own)):
            try:
                weights = look_up(name, self._own)
                self._embedded[name] = _EMBED[weights.engine](weights, housing)
            except ModelUnknown as error:
                self.missing[name] = error.reason

    def _find(self, name: str) -> Embedded:
        if name not in self._embedded:
            reason = self.missing.get(name) or _known(self._embedded)
            raise ModelUnknown(reason, model=_full(name))
        return self._embedded[name]


def _known(models: Collection[str]) -> str:
    if not models:
        return phrase("the embedded models are not installed")
    return phrase("the embedded models are {models}", models=", ".join(models))


def _full(name: str) -> str:
    return str(ModelRef(gateway=LocalGateway.name, name=name))


def _deltas(model: Embedded, request: Request) -> AsyncGenerator[Delta, None]:
    """Start what was asked of a model, if it is something that this kind of model does."""
    match model, request:
        case Hearing(), TranscriptionRequest():
            if request.audio.format not in model.capabilities.audio_formats:
                raise ModelCannot(
                    phrase("it does not hear {format}", format=request.audio.format), model=_full(request.model)
                )
            return model.perform(request)
        case Thinking(), ChatRequest():
            if any(turn.audio or turn.pictures or turn.videos or turn.links for turn in request.turns):
                raise ModelCannot(phrase("it reads words, and hears and sees nothing"), model=_full(request.model))
            if request.aloud:
                raise ModelCannot(phrase("it writes and does not speak"), model=_full(request.model))
            return model.perform(request)
        case Speaking(), SpeechRequest():
            return model.perform(request)
        case _:
            kinds = ", ".join(sorted(model.capabilities.kinds))
            raise ModelCannot(
                phrase("{model} is for {kinds}", model=_full(request.model), kinds=kinds), model=_full(request.model)
            )


@contextmanager
def _translated(name: str) -> Iterator[None]:
    """Turn what a worker says into our own errors. Every call is free, so none of them is ever in doubt."""
    try:
        yield
    except WorkerError as error:
        raise ModelRefused(error.message or error.kind, model=_full(name)) from error
    except WorkerCrashed as error:
        raise ModelUnreachable(phrase("its process died: {reason}", reason=error.reason), model=_full(name)) from error
    except WorkerTimeout as error:
        raise ModelUnreachable(
            phrase("it took longer than {seconds} s", seconds=f"{error.seconds:.0f}"), model=_full(name)
        ) from error
