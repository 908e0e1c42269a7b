"""A remote gateway: what the core asks of it, in its words."""

from collections.abc import AsyncGenerator, Sequence
from types import TracebackType
from typing import Self

from typing_extensions import override

from adapters.gateways.body import Body
from adapters.gateways.catalogue import FRESH_SECONDS, ModelList
from adapters.gateways.chat_completions import PATH, ChatAnswer, encode_chat, encode_transcription
from adapters.gateways.client import Client
from adapters.gateways.endpoints import Endpoint
from adapters.gateways.problems import Call
from adapters.gateways.profiles import UNLISTED, ModelFacts
from adapters.gateways.reply import Patience, Reply
from bot.domain.audio import MediaFile
from bot.domain.errors import ModelCannot, ModelInDoubt, ModelProblem, ModelRefused, ModelUnauthorised, ModelUnknown
from bot.domain.health import Finding
from bot.domain.journal import Step, StepState
from bot.domain.models import (
    Accepted,
    Capabilities,
    Catalogue,
    ChatRequest,
    Delta,
    ModelRef,
    Recovery,
    Request,
    SpeechRequest,
    TranscriptionRequest,
)
from bot.ports import Checked, Gateway

MAX_CONNECTIONS = 512
PATIENCE = Patience()


class RemoteGateway(Gateway, Checked):
    """Models behind HTTP, by chat completions. Open it with `async with`; one is enough for the process.

    Args:
        endpoint: the gateway's row.
        key: of the account; no text and no log ever shows it.
        base_url: where it is, if not where the row says.
        patience: how long to wait.
        max_connections: calls at once; more wait for a place.
        fresh_seconds: how old the list of models may become.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        key: str,
        base_url: str | None = None,
        *,
        patience: Patience = PATIENCE,
        max_connections: int = MAX_CONNECTIONS,
        fresh_seconds: float = FRESH_SECONDS,
    ) -> None:
        self.name = endpoint.name
        self._endpoint = endpoint
        self._key = key.strip()
        self._patience = patience
        headers = {**endpoint.headers, "Authorization": f"{endpoint.scheme} {self._key}"}
        self._client = Client(
            base_url or endpoint.base_url, headers, patience=patience, max_connections=max_connections
        )
        self._models = ModelList(endpoint, self._client, Call(model="", secret=self._key), fresh_seconds=fresh_seconds)

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    @override
    async def perform(self, request: Request) -> AsyncGenerator[Delta, None]:
        """Make one call: one POST, whatever happens.

        `Accepted` comes first. A transcript comes as `TextDelta`s, because a chat model tells no times; where nobody
        speaks, there are none. Stop reading to hang up.

        Raises:
            ModelCannot, ModelUnknown: nothing was sent.
            ModelProblem: `ModelBusy`, `ModelUnreachable`: not charged; what came so far is to be forgotten.
                `ModelInDoubt`: perhaps charged. All others: asking again does not help.
        """
        body, answer = self._encoded(request)
        seconds = self._patience.total if _thinks(request) else self._patience.quiet
        async with self._client.post(PATH, body, self._call(request.model)) as reply:
            name = reply.header(self._endpoint.id_header) if self._endpoint.id_header else None
            if name:
                answer.named = True
                yield Accepted(id=name)
            while (data := await _next(reply, answer, seconds)) is not None:
                for delta in answer.read(data):
                    yield delta
            for delta in answer.end():
                yield delta

    @override
    async def capabilities(self, model: str) -> Capabilities:
        await self._models.facts()
        return self._facts(model).capabilities

    @override
    async def recover(self, step: Step, request: Request) -> Recovery:
        """Say what became of a call that was cut off: only of a free one, or one that failed, is it safe to say."""
        await self._models.facts()
        found = self._models.find(request.model)
        free = found is not None and found.capabilities.free
        return Recovery.REPEAT if free or step.state is StepState.FAILED else self._endpoint.recovery

    @override
    async def catalogue(self) -> Catalogue:
        """Return the models that it offers; those of a built-in table for as long as it does not say."""
        return await self._models.catalogue()

    @override
    async def check(self) -> Sequence[Finding]:
        """Look whether the gateway can be reached and takes the key, for nothing."""
        try:
            await self._client.get(self._endpoint.key_path, self._call(""))
        except ModelUnauthorised as error:
            what = f"{self.name} does not take the key: {error.reason}, so its models answer nobody."
            fix = f"Look at the account and the key at the gateway's site; the key is {self.name}.key of the settings."
            return [Finding(ok=False, what=what, fix=fix)]
        except ModelProblem as error:
            what = f"{self.name} gave no answer: {error.reason}, so its models answer nobody now."
            return [Finding(ok=False, what=what, fix=f"Check the network, and {self.name}.base_url of the settings.")]
        return [Finding(ok=True, what=f"{self.name} takes the key.")]

    def _encoded(self, request: Request) -> tuple[Body, ChatAnswer]:
        facts, call = self._facts(request.model), self._call(request.model)
        self._check(request, facts.capabilities)
        effort = facts.thinking if _thinks(request) else facts.quiet
        insured, heard = self._endpoint.insured, _milliseconds(_sound(request))
        match request:
            case ChatRequest():
                return encode_chat(request, effort=effort), ChatAnswer(call, insured=insured, audio_ms=heard)
            case TranscriptionRequest():
                body = encode_transcription(request, effort=effort)
                return body, ChatAnswer(call, insured=insured, audio_ms=heard, transcript=True)
            case SpeechRequest():
                raise ModelCannot(f"{self.name} does not speak", model=call.model)

    def _facts(self, model: str) -> ModelFacts:
        found = self._models.find(model)
        if found is None and self._models.age is not None:
            raise ModelUnknown(f"{self.name} does not list it", model=self._full(model))
        return found or UNLISTED

    def _check(self, request: Request, able: Capabilities) -> None:
        """Refuse what the model cannot do before anything is sent."""
        model, sound = self._full(request.model), _sound(request)
        if request.kind not in able.kinds:
            raise ModelCannot(f"{model} is for {', '.join(sorted(able.kinds))}", model=model)
        for file in sound:
            if file.format not in able.audio_formats:
                raise ModelCannot(f"{model} does not hear {file.format}", model=model)
        size, limit = sum(file.bytes for file in sound), self._endpoint.audio_limits.max_bytes
        if size > limit:
            reason = f"{size / 1_000_000:.1f} MB of sound are more than the {limit / 1_000_000:.0f} MB of one request"
            raise ModelRefused(reason, model=model)

    def _full(self, model: str) -> str:
        return str(ModelRef(gateway=self.name, name=model))

    def _call(self, model: str) -> Call:
        return Call(model=self._full(model), secret=self._key)


async def _next(reply: Reply, answer: ChatAnswer, seconds: float) -> str | None:
    """Return the next event; None at the end, also where only the connection's end was lost."""
    if answer.over:
        await reply.drain()
        return None
    try:
        return await reply.event(seconds)
    except ModelInDoubt:
        if answer.complete:
            return None
        raise


def _thinks(request: Request) -> bool:
    return isinstance(request, ChatRequest) and request.reasoning


def _sound(request: Request) -> tuple[MediaFile, ...]:
    match request:
        case ChatRequest():
            return tuple(file for turn in request.turns for file in turn.audio)
        case TranscriptionRequest():
            return (request.audio,)
        case SpeechRequest():
            return ()


def _milliseconds(sound: tuple[MediaFile, ...]) -> int | None:
    return round(1000 * sum(file.seconds for file in sound)) if sound else None
