"""Recordings that people send: those of tests/data, and some that are made up here because they are large or broken."""

import io
import wave
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

DATA = Path(__file__).resolve().parents[1] / "data"
VOICE_NOTE = "voice-note.ogg"


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A file, and what its sender claims that it is."""

    content: bytes = field(repr=False)
    """Its bytes."""
    name: str
    """Its name, true or not."""
    declared: str
    """Its MIME type, true or not."""


def recorded(name: str, *, called: str = "", declared: str = "") -> Recording:
    """Return a recording of tests/data, perhaps under a false name."""
    content = (DATA / name).read_bytes()
    return Recording(content=content, name=called or name, declared=declared or f"audio/{Path(name).suffix[1:]}")


def long_speech(megabytes: float) -> Recording:
    """Return speech as an uncompressed stereo file of a studio, so that it is large without being long."""
    with wave.open(str(DATA / "clip.wav")) as clip:
        rate, once = clip.getframerate(), np.frombuffer(clip.readframes(clip.getnframes()), np.int16)
    finer = np.repeat(once, 48_000 // rate)
    stereo = np.repeat(finer, 2)
    sound = np.resize(stereo, int(megabytes * 1_000_000) // 4 * 2)
    return Recording(content=_wav(sound, rate=48_000, channels=2), name="interview.wav", declared="audio/wav")


def drone(seconds: float, *, name: str = "drone.wav") -> Recording:
    """Return a sound of this length, as a telephone records it, so that it is long without being large."""
    rate = 8_000
    time = np.arange(int(seconds * rate)) / rate
    sound = np.asarray(np.sin(2 * np.pi * 220 * time) * 8_000, np.int16)
    return Recording(content=_wav(sound, rate=rate, channels=1), name=name, declared="audio/wav")


def _wav(sound: NDArray[np.int16], *, rate: int, channels: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(channels)
        written.setsampwidth(2)
        written.setframerate(rate)
        written.writeframes(sound.tobytes())
    return file.getvalue()
