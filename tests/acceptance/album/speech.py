"""The voices in the pictures: how loud a real recording is over time, and what a paid model says."""

import base64
import wave
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tests.acceptance.recordings import DATA

POINTS = 100
SPEECH_RATE = 24_000


@cache
def loudness() -> tuple[int, ...]:
    """Return how loud the voice note of tests/data is over time: 100 numbers from 0 to 100."""
    sound, _ = _sound()
    parts = np.array_split(sound.astype(np.float64), POINTS)
    levels = np.array([np.sqrt(np.mean(np.square(part))) for part in parts])
    return tuple(int(level) for level in np.round(100 * levels / levels.max()))


@cache
def discord_waveform() -> str:
    """Return the same as Discord's clients send it."""
    return base64.b64encode(bytes(round(level * 2.55) for level in loudness())).decode()


@cache
def reply_voice() -> str:
    """Return what a model that speaks says: real speech, 16 bits at 24 kHz, as base64."""
    sound, rate = _sound()
    return base64.b64encode(np.repeat(sound, SPEECH_RATE // rate).tobytes()).decode()


def _sound() -> tuple[NDArray[np.int16], int]:
    with wave.open(str(DATA / "clip.wav")) as clip:
        return np.frombuffer(clip.readframes(clip.getnframes()), np.int16), clip.getframerate()
