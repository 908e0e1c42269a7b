"""One call in a gateway's words: where it is sent, what is sent, and who reads the answer. No network here.

asked for        of a model that chats            of one made for it
chat             chat completions                 -
transcription    chat completions, `dictation`    `/audio/transcriptions`
speech           chat completions, `read_aloud`   `/audio/speech`
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from adapters.gateways.audio_endpoints import (
    SPEECH,
    TRANSCRIPTIONS,
    SoundAnswer,
    TranscriptAnswer,
    encode_speech,
    transcription_form,
    transcription_json,
)
from adapters.gateways.body import Body
from adapters.gateways.chat_answer import Asked, ChatAnswer, DictatedAnswer
from adapters.gateways.chat_completions import PATH, encode_chat
from adapters.gateways.dictation import dictated
from adapters.gateways.endpoints import Endpoint, Form
from adapters.gateways.problems import Call
from adapters.gateways.profiles import ModelFacts, profile_of
from adapters.gateways.read_aloud import ReadAloudAnswer, read_aloud
from adapters.gateways.refusals import refuse_what_it_cannot, sounds
from bot.domain.errors import ModelCannot
from bot.domain.models import ChatRequest, Request, SpeechRequest, TranscriptionRequest
from bot.domain.money import CallKind
from bot.words import phrase

KEPT_SECONDS = 86_400
"""How long the response cache keeps an answer, at the most: https://openrouter.ai/docs/guides/features/response-caching."""
CACHE = {"X-OpenRouter-Cache": "true", "X-OpenRouter-Cache-TTL": str(KEPT_SECONDS)}

Answer = ChatAnswer | TranscriptAnswer | SoundAnswer


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """What is sent, and who reads what comes back."""

    path: str
    """Below the gateway's base URL."""
    body: Body
    """What is sent."""
    answer: Answer
    """Reads what comes back, once."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Beside the usual ones, or in their place."""
    kept: bool = False
    """Whether the gateway keeps the answer, and gives it again for nothing to the same body."""
    patient: bool = False
    """Whether nothing may come for long: the model thinks, or makes a whole file of sound."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Codec:
    """Puts requests into a gateway's words."""

    endpoint: Endpoint
    """The gateway."""
    secret: str = field(repr=False)
    """The key, which no error may show."""
    preferences: Mapping[str, object] = field(default_factory=dict)
    """Of providers, sent with everything that chat completions are asked for, where the gateway routes."""

    def encode(self, request: Request, facts: ModelFacts, model: str) -> Exchange:
        """Put a request into the gateway's words.

        Args:
            request: what is asked.
            facts: what is known of the model.
            model: its full name, for errors.

        Raises:
            ModelCannot, ModelRefused: the model cannot do it.
        """
        refuse_what_it_cannot(request, facts.capabilities, model)
        asked = self._asked(request, facts, model)
        chats = CallKind.CHAT in facts.capabilities.kinds
        match request:
            case ChatRequest():
                _refuse_silence(request, model)
                return self._chat(request, facts, ChatAnswer(asked))
            case TranscriptionRequest() if chats:
                chat = dictated(request)
                return self._chat(chat, facts, DictatedAnswer(replace(asked, max_tokens=chat.max_tokens)))
            case TranscriptionRequest():
                return self._transcription(request, TranscriptAnswer(asked))
            case SpeechRequest() if chats:
                chat = read_aloud(request)
                answer = ReadAloudAnswer(replace(asked, max_tokens=chat.max_tokens), request.text)
                return self._chat(chat, facts, answer)
            case SpeechRequest():
                return self._speech(request, facts, SoundAnswer(asked, profile_of(request.model).speech))

    def _asked(self, request: Request, facts: ModelFacts, model: str) -> Asked:
        files = sounds(request)
        return Asked(
            call=Call(model=model, secret=self.secret),
            insured=self.endpoint.insured,
            max_tokens=request.max_tokens if isinstance(request, ChatRequest) else 0,
            audio_ms=round(1000 * sum(file.seconds for file in files)) if files else None,
            free=facts.capabilities.free,
            model=request.model if self.endpoint.routes else None,
        )

    def _chat(self, request: ChatRequest, facts: ModelFacts, answer: ChatAnswer) -> Exchange:
        able = facts.capabilities
        body = encode_chat(
            request,
            self.endpoint,
            effort=facts.thinking if request.reasoning else facts.quiet,
            voice=request.voice or next(iter(able.voices), None),
            preferences=self.preferences,
            price=able.price,
        )
        # Without the call's name in it, the body might be that of another call, whose answer is not to be had for this.
        kept = self.endpoint.caches and self.endpoint.tells_origin and bool(request.origin.call)
        return Exchange(
            path=PATH,
            body=body,
            answer=answer,
            headers=CACHE if kept else {},
            kept=kept,
            patient=request.reasoning or request.aloud,
        )

    def _transcription(self, request: TranscriptionRequest, answer: TranscriptAnswer) -> Exchange:
        body, kind = self._recording(request, answer.asked.call)
        headers = {**self._session(request), "Accept": "application/json", "Content-Type": kind}
        return Exchange(path=TRANSCRIPTIONS, body=body, answer=answer, headers=headers)

    def _recording(self, request: TranscriptionRequest, call: Call) -> tuple[Body, str]:
        """Return a recording's body and its content type."""
        match self.endpoint.transcribes:
            case Form.JSON:
                return transcription_json(request), "application/json"
            case Form.MULTIPART:
                # By chance, because who could guess it might write fields of the form into the file.
                boundary = secrets.token_hex(16)
                body = transcription_form(request, boundary, times=self.endpoint.tells_times)
                return body, f"multipart/form-data; boundary={boundary}"
            case None:
                raise _no_path(NO_EAR, call)

    def _speech(self, request: SpeechRequest, facts: ModelFacts, answer: SoundAnswer) -> Exchange:
        if not self.endpoint.speaks:
            raise _no_path(NO_MOUTH, answer.asked.call)
        voice = request.voice or next(iter(facts.capabilities.voices), None)
        body = encode_speech(request, voice=voice, form=answer.form)
        return Exchange(path=SPEECH, body=body, answer=answer, headers={**self._session(request), "Accept": "*/*"})

    def _session(self, request: Request) -> dict[str, str]:
        """Name the conversation, where the body has no place for it."""
        known = self.endpoint.tells_origin and request.origin.conversation
        return {"X-Session-Id": request.origin.conversation} if known else {}


def _refuse_silence(request: ChatRequest, model: str) -> None:
    if profile_of(request.model).needs_sound and not request.aloud and not sounds(request):
        raise ModelCannot(phrase("{model} is only for what is heard or said aloud", model=model), model=model)


NO_EAR = phrase("its gateway has no way to transcribe")
NO_MOUTH = phrase("its gateway has no way to speak")


def _no_path(reason: str, call: Call) -> ModelCannot:
    return ModelCannot(reason, model=call.model)
