"""What chat completions answer: the data of each event becomes deltas. No network here.

The vendor's documents: https://openrouter.ai/docs/api_reference/streaming for the stream and the errors inside it,
https://openrouter.ai/docs/guides/overview/multimodal/audio for sound.

What an answer that broke off has cost decides what its error is (see also `problems`):

    nothing came yet                                       as if the error had been the whole answer
    something came, `finish_reason` "error", and the       ModelBusy or ModelRefused: not charged; what came so far
      gateway is insured (`Endpoint.insured`)                is to be forgotten
    something came, anything else                          ModelInDoubt
    any of these, and the error tells a cost               with it, and ModelInDoubt in place of ModelBusy

What was reserved for an answer holds for `max_tokens` of it. A model that plainly goes on is cut short; what that cost
is unknown then, because the usage would have come last.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from typing_extensions import override

from adapters.gateways.dictation import Silence
from adapters.gateways.doubt import charged
from adapters.gateways.problems import Call, problem, read_error, shorten
from adapters.gateways.reading import a_cost, a_count, a_list, a_text, an_object, decoded
from adapters.gateways.sound import Base64Stream, SoundReader
from bot.domain.errors import ModelBusy, ModelInDoubt, ModelProblem, ModelRefused
from bot.domain.models import Accepted, Delta, Finished, ReasoningDelta, SoundDelta, TextDelta
from bot.domain.money import Nanodollars, Usage
from bot.words import phrase

SLACK_TOKENS = 16
"""Over `max_tokens` without suspicion."""
LEAST_BYTES = 4
"""Of a delta that counts as a token: some gateways stream letter by letter, and most tokens are longer."""
LONGEST_TOKEN = 20
"""Characters."""
SOUND_TOKENS_A_SECOND = 10
"""Half of what models that speak take."""
VERSION = re.compile(r"(?:-preview)?(?:-\d[\d-]*)?")
"""Of a model, behind its name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What is known of an answer before it comes."""

    call: Call
    """What is answered."""
    insured: bool
    """See `Endpoint.insured`."""
    max_tokens: int
    """Of the answer."""
    audio_ms: int | None = None
    """Length of the sound in the request; None without any."""
    free: bool = False
    """Whether the call costs nothing, also where nobody says so in the answer."""
    model: str | None = None
    """The gateway's name of who was asked; None where nobody else may answer."""

    @property
    def usage(self) -> Usage:
        """What the call used, for as long as the answer does not tell."""
        return Usage(audio_ms=self.audio_ms, cost=Nanodollars(0) if self.free else None)


class ChatAnswer:
    """Reads one answer: give the data of each event to `read`, in order, then call `end`."""

    may_be_empty: ClassVar[bool] = False
    """Whether an answer of nothing is an answer."""

    def __init__(self, asked: Asked) -> None:
        self.named = False
        """Whether the call's id was told already."""
        self.over = False
        """Whether the end mark was read."""
        self.overrun = False
        """Whether the model goes on where it should have stopped: hang up."""
        self._asked = asked
        self._call = asked.call
        self._usage = asked.usage
        self._reason: str | None = None
        self._said = False
        self._thought = False
        self._deltas = 0
        self._characters = 0
        self._bytes = 0
        self._base64 = Base64Stream()
        self._sound = SoundReader()
        self._model: str | None = None

    @property
    def complete(self) -> bool:
        """Whether the model has said all, even if the connection's end is still to come."""
        return self.over or self.overrun or self._reason is not None

    def read(self, data: str) -> Sequence[Delta]:
        """Read the data of one event.

        Raises:
            ModelProblem: it is an error; the module says which.
        """
        data = data.strip()
        if self.over or self.overrun or not data:
            return ()
        if data == "[DONE]":
            self.over = True
            return ()
        chunk = decoded(data, self._call)
        choice = an_object(next(iter(a_list(chunk.get("choices"))), None))
        reason = choice.get("finish_reason")
        self._count(an_object(chunk.get("usage")))
        error = chunk.get("error") or choice.get("error")
        if error or reason == "error":
            raise charged(self._broken(error, reason), self._usage)
        named = self._name(chunk)
        deltas = self._speech(an_object(choice.get("delta") or choice.get("message")))
        self._reason = a_text(reason) or self._reason
        return [*named, *deltas]

    def end(self) -> Iterator[Delta]:
        """Say what is left to say, `Finished` as the last.

        An answer that the provider's content filter cut short counts as truncated.

        Raises:
            ModelProblem: the answer broke off, or there is none.
        """
        if not self.complete:
            raise ModelInDoubt(phrase("the answer broke off"), model=self._call.model)
        yield from self._last_sound()
        if not self._said:
            self._explain_nothing()
        yield Finished(usage=self._used(), truncated=self._is_truncated(), model=self._model)

    def _broken(self, error: object, reason: object) -> ModelProblem:
        found = read_error(error)
        came = self._said or self._thought
        forgiven = self._asked.insured and (reason == "error" or not came)
        if came and not forgiven:
            return ModelInDoubt(
                shorten(phrase("the answer broke off: {reason}", reason=found.message), self._call),
                model=self._call.model,
            )
        return problem(found, self._call, unbilled=forgiven)

    def _name(self, chunk: dict[str, Any]) -> Sequence[Delta]:
        answered = a_text(chunk.get("model"))
        if self._asked.model is not None and answered and not _is_same(self._asked.model, answered):
            self._model = answered
        name = "" if self.named else a_text(chunk.get("id"))
        self.named = self.named or bool(name)
        return [Accepted(id=name)] if name else ()

    def _speech(self, delta: dict[str, Any]) -> Sequence[Delta]:
        thought = a_text(delta.get("reasoning")) or a_text(delta.get("reasoning_content"))
        sound = an_object(delta.get("audio"))
        # What a model says aloud stands beside the sound alone.
        said = (a_text(delta.get("content")) or a_text(sound.get("transcript"))) + a_text(delta.get("refusal"))
        self._thought = self._thought or bool(thought)
        self._said = self._said or bool(said.strip())
        deltas: list[Delta] = [ReasoningDelta(text=thought)] if thought else []
        deltas += [TextDelta(text=said)] if said else []
        deltas += self._sounds(a_text(sound.get("data")))
        self._measure(thought + said)
        return deltas

    def _sounds(self, data: str) -> Sequence[SoundDelta]:
        if not data:
            return ()
        self._said = True
        try:
            return self._sound.feed(self._base64.feed(data))
        except ValueError as error:
            raise self._unreadable_sound() from error

    def _last_sound(self) -> Sequence[SoundDelta]:
        try:
            return [*self._sound.feed(self._base64.end()), *self._sound.end()]
        except ValueError as error:
            raise self._unreadable_sound() from error

    def _unreadable_sound(self) -> ModelInDoubt:
        return ModelInDoubt(phrase("its sound cannot be read"), model=self._call.model)

    def _measure(self, text: str) -> None:
        """Count what certainly took a token; thinking counts within `max_tokens`, too."""
        self._deltas += bool(text)
        self._characters += len(text)
        self._bytes += len(text.encode("utf-8", "surrogatepass"))
        spoken = (self._sound.milliseconds or 0) * SOUND_TOKENS_A_SECOND // 1000
        written = max(min(self._deltas, self._bytes // LEAST_BYTES), self._characters // LONGEST_TOKEN)
        self.overrun = written + spoken > self._asked.max_tokens + SLACK_TOKENS

    def _count(self, usage: dict[str, Any]) -> None:
        if usage:
            told = a_cost(usage.get("cost"))
            self._usage = replace(
                self._usage,
                tokens_in=a_count(usage.get("prompt_tokens")),
                tokens_out=a_count(usage.get("completion_tokens")),
                cost=self._asked.usage.cost if told is None else told,
            )

    def _used(self) -> Usage:
        if self.overrun:
            return self._asked.usage
        spoken = self._sound.milliseconds
        return self._usage if spoken is None else replace(self._usage, audio_ms=(self._usage.audio_ms or 0) + spoken)

    def _is_truncated(self) -> bool:
        return self.overrun or self._reason in {"length", "content_filter"}

    def _explain_nothing(self) -> None:
        model, reason, usage = self._call.model, self._reason, self._usage
        if reason == "content_filter":
            raise ModelRefused(phrase("its content filter stopped the answer"), model=model, usage=usage)
        if reason == "length" or (self._thought and reason != "stop"):
            raise ModelRefused(
                phrase("it used all its tokens for thinking; raise max_tokens"), model=model, usage=usage
            )
        if reason is None and self._asked.insured and not usage.tokens_out and not usage.cost:
            raise ModelBusy(phrase("it sent an empty answer"), model=model)
        if self._thought or reason != "stop" or not self.may_be_empty:
            raise ModelRefused(phrase("it answered with nothing"), model=model, usage=usage)


class DictatedAnswer(ChatAnswer):
    """Reads a transcript that a chat model wrote, in which `NO_SPEECH` means that there is none."""

    may_be_empty = True

    def __init__(self, asked: Asked) -> None:
        super().__init__(asked)
        self._silence = Silence()

    @override
    def read(self, data: str) -> Sequence[Delta]:
        heard = [self._heard(delta) for delta in super().read(data)]
        return [delta for delta in heard if not (isinstance(delta, TextDelta) and not delta.text)]

    @override
    def end(self) -> Iterator[Delta]:
        for delta in super().end():
            if isinstance(delta, Finished) and (rest := self._silence.end()):
                yield TextDelta(text=rest)
            yield delta

    def _heard(self, delta: Delta) -> Delta:
        return TextDelta(text=self._silence.feed(delta.text)) if isinstance(delta, TextDelta) else delta


def _is_same(asked: str, answered: str) -> bool:
    """Whether a name in an answer is that of the model that was asked: it may tell its version, and not its variant.

    See https://openrouter.ai/docs/guides/routing/model-variants/nitro.
    """
    asked, answered = (name.rpartition(":")[0] or name for name in (asked, answered))
    return answered.startswith(asked) and VERSION.fullmatch(answered.removeprefix(asked)) is not None
