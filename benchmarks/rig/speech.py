"""Recordings whose words are known: sentences that the embedded voice speaks, put together in ever new orders.

One sentence again and again would be no fair test: Whisper takes repetition for a sign that it went astray and listens
again (https://github.com/openai/whisper/blob/main/whisper/transcribe.py, `compression_ratio_threshold`).
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import av
import numpy as np

from adapters.local.clips import RATE
from adapters.local.piper import Piper
from adapters.local.weights import look_up
from bot.domain.audio import MediaFile, MediaFormat

MOUTH = "en_US-joe-medium"
VOICE_RATE = 22_050
SENTENCES = 90
PAUSES = (0.1, 0.8)
"""Seconds between two sentences, at least and at most."""

WHO = ("The keeper", "My neighbour", "The old captain", "Our youngest colleague", "The baker", "A careful reader")
DID = ("remembered", "described", "explained", "wrote down", "laughed about", "forgot", "praised", "paid for")
WHAT = ("the yellow lighthouse", "a long meeting", "the price of bread", "the new bridge", "a song from the radio",
        "the plan for the summer", "the broken window", "an unexpected letter")  # fmt: skip
WHEN = ("before breakfast", "on a cold Monday", "while it was raining", "after everybody had left", "without any hurry",
        "during the first week of March", "in front of the whole team", "for the third time")  # fmt: skip
THEN = (".", ", and nobody objected.", ", which pleased the others.", "; then the work went on.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Recording:
    """Something to hear."""

    audio: MediaFile
    """Bare samples."""
    text: str
    """What is said in it."""


def record(seconds: float, path: Path) -> Recording:
    """Make a recording of nearly so many seconds; the same order of sentences every time."""
    chance, texts, size = random.Random(seconds), [], 0  # noqa: S311  no secret
    with path.open("wb") as file:
        for text, sound in _endless(chance):
            spoken = sound + bytes(2 * round(RATE * chance.uniform(*PAUSES)))
            if size + len(spoken) > seconds * 2 * RATE:
                break
            texts.append(text)
            size += file.write(spoken)
    audio = MediaFile(path=str(path), format=MediaFormat.PCM16, seconds=size / 2 / RATE, bytes=size, rate=RATE)
    return Recording(audio=audio, text=" ".join(texts))


def _endless(chance: random.Random) -> Iterator[tuple[str, bytes]]:
    while True:
        yield from chance.sample(_spoken(), SENTENCES)


@cache
def _spoken() -> Sequence[tuple[str, bytes]]:
    """Return different sentences with their sound: 16 bits, mono, at Whisper's rate."""
    chance, mouth = random.Random(1), Piper(str(look_up(MOUTH, {}).path))  # noqa: S311  no secret
    texts = sorted({_sentence(chance) for _ in range(2 * SENTENCES)})[:SENTENCES]
    return [(text, _resampled(b"".join(mouth.speak({"text": text, "speaker": None})))) for text in texts]


def _sentence(chance: random.Random) -> str:
    words = " ".join(chance.choice(part) for part in (WHO, DID, WHAT, WHEN))
    return words + chance.choice(THEN)


def _resampled(sound: bytes) -> bytes:
    frame = av.AudioFrame.from_ndarray(np.frombuffer(sound, "<i2")[None], format="s16", layout="mono")
    frame.sample_rate = VOICE_RATE
    resampler = av.AudioResampler("s16", "mono", RATE)
    return b"".join(piece.to_ndarray().tobytes() for piece in [*resampler.resample(frame), *resampler.resample(None)])
