"""The fake voice: a tone as long as the text would take to say, as raw PCM or in a container."""

import array
import io
import math
from functools import lru_cache

import av

RATE = 24_000
CHARACTERS_A_SECOND = 15


def spoken_seconds(text: str) -> float:
    """How long it takes to say a text, to a tenth of a second."""
    return max(2, round(len(text) * 10 / CHARACTERS_A_SECOND)) / 10


@lru_cache(maxsize=64)
def tone(seconds: float) -> bytes:
    """A 220 Hz tone: s16le, 24 kHz, mono, no header."""
    period = array.array("h", (round(8_000 * math.sin(2 * math.pi * 220 * n / RATE)) for n in range(RATE // 20)))
    count = round(seconds * RATE)
    return (period.tobytes() * math.ceil(count / len(period)))[: count * 2]


@lru_cache(maxsize=64)
def encoded(seconds: float, container: str = "mp3", codec: str = "libmp3lame") -> bytes:
    """The same tone in a container of FFmpeg's, 24 kHz mono."""
    out = io.BytesIO()
    with av.open(out, "w", format=container) as muxer:
        stream = muxer.add_stream(codec, rate=RATE, layout="mono")
        if not isinstance(stream, av.AudioStream):
            raise TypeError(f"{codec} is no audio codec")
        frame = av.AudioFrame(format="s16", layout="mono", samples=round(seconds * RATE))
        frame.sample_rate = RATE
        frame.planes[0].update(tone(seconds).ljust(frame.planes[0].buffer_size, b"\0"))
        for ready in (frame, None):
            muxer.mux(stream.encode(ready))
    return out.getvalue()
