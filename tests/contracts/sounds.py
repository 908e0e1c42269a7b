"""Sound made for the tests."""

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 16_000

Samples = NDArray[np.int16]


def tone(seconds: float, *, loudness: float = 0.25, rate: int = RATE, pitch: float = 440.0) -> Samples:
    """Return a sine; `loudness` 1 is full scale."""
    time = np.arange(int(seconds * rate)) / rate
    return np.asarray(np.sin(2 * np.pi * pitch * time) * loudness * 32_767, np.int16)


def babble(seconds: float, *, loudness: float = 0.1, rate: int = RATE) -> Samples:
    """Return a buzz that swells four times a second: to a level meter, speech."""
    time = np.arange(int(seconds * rate)) / rate
    buzz = np.sum([np.sin(2 * np.pi * 160 * k * time) / k for k in range(1, 16)], axis=0)
    swell = np.abs(np.sin(2 * np.pi * 2 * time))
    return np.asarray(np.clip(buzz * swell * loudness, -1, 1) * 32_767, np.int16)


def nothing(seconds: float, *, rate: int = RATE) -> Samples:
    """Return digital silence."""
    return np.zeros(int(seconds * rate), np.int16)


def write_wav(path: Path, *parts: Samples, rate: int = RATE, channels: int = 1) -> str:
    """Write parts after one another, the same on all channels; return the path."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.repeat(np.concatenate(parts), channels).tobytes())
    return str(path)
