"""Speech by models that only chat: how they are asked to read a text aloud, and whether they did. No network here.

Such a model likes to answer a text rather than to read it. It reads best what stands between tags in a turn of the
user's, without a system prompt, and what it says beside the sound tells what it said; so that is compared word by word
with the text before anybody hears anything. Models that make a whole file of sound (music) say nothing beside it, and
are taken as they are.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from typing_extensions import override

from adapters.gateways.chat_answer import Asked, ChatAnswer
from bot.domain.audio import MediaFormat
from bot.domain.errors import ModelRefused
from bot.domain.estimates import speech_tokens
from bot.domain.models import (
    Accepted,
    ChatRequest,
    ChatTurn,
    Delta,
    Finished,
    Role,
    SoundDelta,
    SpeechRequest,
    TextDelta,
)
from bot.domain.money import Usage
from bot.words import phrase

ALIKE = 0.9
"""Of the words. The rest is how numbers and names are written."""
MOST_BYTES = 64_000_000
"""Of one speech: over twenty minutes, far more than its tokens allow."""

_UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")
"""A run of letters and digits, or one letter of a script that writes no spaces."""
_APOSTROPHES = re.compile(r"['\u2019\u02bc`]")
_TAGS = re.compile(r"[<>]")


def read_aloud(request: SpeechRequest) -> ChatRequest:
    """Make the chat request that asks for a text to be read aloud."""
    text = _TAGS.sub(" ", request.text)
    return ChatRequest(
        origin=request.origin,
        model=request.model,
        turns=(ChatTurn(role=Role.USER, text=f"<speak>{text}</speak>"),),
        max_tokens=speech_tokens(request.text),
        aloud=True,
        voice=request.voice,
    )


def similarity(text: str, said: str) -> float:
    """Return how much of two texts' words is the same, in order: 0 to 1. Case, accents' forms and marks do not count."""
    one, other = _words(text), _words(said)
    return 2 * _common(one, other) / (len(one) + len(other)) if one or other else 1.0


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """Return the length of the longest common subsequence.

    Bit by bit in parallel, because difflib takes seconds for a long text without spaces: H. Hyyrö, "Bit-parallel LCS-
    length computation revisited", 2004. A bit of `unmet` that becomes 0 is a word that was met in its order.
    """
    places: dict[str, int] = {}
    for index, word in enumerate(one):
        places[word] = places.get(word, 0) | 1 << index
    unmet = everything = (1 << len(one)) - 1
    for word in other:
        here = unmet & places.get(word, 0)
        unmet = ((unmet + here) | (unmet - here)) & everything
    return len(one) - unmet.bit_count()


def _words(text: str) -> Sequence[str]:
    plain = _APOSTROPHES.sub("", unicodedata.normalize("NFKC", text).casefold())
    return _WORD.findall(plain)


class ReadAloudAnswer(ChatAnswer):
    """Reads an answer that is to be a text read aloud, and releases its sound when it is.

    Args:
        asked: what is known of it.
        text: what is to be read.
    """

    def __init__(self, asked: Asked, text: str) -> None:
        super().__init__(asked)
        self._text = text
        self._words: list[str] = []
        self._kept: list[SoundDelta] = []

    @override
    def read(self, data: str) -> Sequence[Delta]:
        return [delta for delta in super().read(data) if self._is_for_all(delta)]

    @override
    def end(self) -> Iterator[Delta]:
        """Say the sound, then `Finished`.

        Raises:
            ModelRefused: it is something else, or too long; with what it cost.
            ModelProblem: as in `ChatAnswer`.
        """
        for delta in super().end():
            if isinstance(delta, Finished):
                self._compare(delta.usage)
                yield from self._kept
            if self._is_for_all(delta):
                yield delta

    def _is_for_all(self, delta: Delta) -> bool:
        if isinstance(delta, TextDelta):
            self._words.append(delta.text)
        elif isinstance(delta, SoundDelta):
            self._kept.append(delta)
            self._refuse_too_much()
        return isinstance(delta, Accepted | Finished)

    def _refuse_too_much(self) -> None:
        if self._sound.bytes > MOST_BYTES:
            raise ModelRefused(phrase("it does not stop speaking"), model=self._call.model, usage=self._asked.usage)

    def _compare(self, usage: Usage) -> None:
        if not self._kept:
            raise ModelRefused(phrase("it wrote and did not speak"), model=self._call.model, usage=usage)
        if self._kept[0].format is MediaFormat.PCM16 and similarity(self._text, "".join(self._words)) < ALIKE:
            reason = phrase("it said something else than the text that it was to read aloud")
            raise ModelRefused(reason, model=self._call.model, usage=usage)
