"""What people and players would say of a reply."""

import io
import json
import re

import av
import jiwer

from tests.acceptance.recordings import DATA

TEXTS: dict[str, str] = json.loads((DATA / "texts.json").read_text(encoding="utf-8"))

CHARACTERS_PER_SECOND = 30.0
"""Ours say about 18."""


def word_errors(heard: str, said: str) -> float:
    """Return the word error rate of a transcript, without regard to case and punctuation."""

    def words(text: str) -> str:
        return re.sub(r"[^a-z0-9 ]+", " ", text.lower())

    return float(jiwer.wer(words(said), words(heard)))


def least_seconds(text: str) -> float:
    """Return the seconds that the fastest voice needs for a text; a clip that is shorter was cut."""
    return len(text) / CHARACTERS_PER_SECOND


def play(clip: bytes) -> tuple[str, str, float, float]:
    """Decode a clip to its end, as a player does; returns container, codec, seconds and the loudest sample (0 to 1)."""
    with av.open(io.BytesIO(clip)) as file:
        stream = file.streams.audio[0]
        resampler = av.AudioResampler(format="flt", layout="mono")
        samples, peak = 0, 0.0
        for frame in file.decode(stream):
            for part in resampler.resample(frame):
                data = part.to_ndarray()
                samples += data.size
                peak = max(peak, float(abs(data).max(initial=0)))
        return file.format.name, stream.codec_context.name, samples / stream.rate, peak
