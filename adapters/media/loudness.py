"""How loud speech is, and how to make it as loud as all other speech."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from adapters.media.pcm import Pcm

FULL_SCALE = 32_768.0

_STEP_SECONDS = 0.1
_WAVEFORM_POINTS = 256
"""As many as Discord takes: https://docs.discord.com/developers/resources/message#attachment-object."""

# Loudness as in ITU-R BS.1770, without its weighting of frequencies: https://www.itu.int/rec/R-REC-BS.1770.
_TARGET_DBFS = -18.0
_GATE_DBFS = -50.0
_RELATIVE_GATE_DB = 10.0
_MAX_GAIN_DB = 24.0

_KNEE = 0.6
_CEILING = 0.84
"""Of full scale, -1.5 dBFS: a lossy codec overshoots a little."""


def decibels(amplitude: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn amplitudes (1 is one step of a 16-bit sample) into dBFS; nothing is -120."""
    return np.asarray(20 * np.log10(np.maximum(amplitude / FULL_SCALE, 1e-6)))


def levels(sound: Iterable[Pcm], rate: int) -> NDArray[np.float64]:
    """Return the root mean square of each 100 ms."""
    return np.concatenate([_block_levels(block, int(rate * _STEP_SECONDS)) for block in sound])


def _block_levels(block: Pcm, step: int) -> NDArray[np.float64]:
    starts = np.arange(0, len(block), step)
    lengths = np.minimum(starts + step, len(block)) - starts
    return np.asarray(np.sqrt(np.add.reduceat(np.square(block, dtype=np.float64), starts) / lengths))


def gain_db(measured: NDArray[np.float64]) -> float:
    """Return the gain that brings speech to the same loudness as all other speech; pauses do not count."""
    loud = measured[decibels(measured) > _GATE_DBFS]
    if not loud.size:
        return 0.0
    speech = loud[decibels(loud) > _mean_dbfs(loud) - _RELATIVE_GATE_DB]
    return min(_MAX_GAIN_DB, _TARGET_DBFS - _mean_dbfs(speech))


def _mean_dbfs(measured: NDArray[np.float64]) -> float:
    return float(decibels(np.sqrt(np.mean(np.square(measured), keepdims=True)))[0])


def limited(block: Pcm, gain: float) -> Pcm:
    """Apply a gain; bend what would come near full scale softly below the ceiling, instead of cutting it off."""
    wave = block * (gain / FULL_SCALE)
    excess = np.abs(wave) - _KNEE
    room = _CEILING - _KNEE
    bent = np.copysign(_KNEE + room * np.tanh(np.maximum(excess, 0) / room), wave)
    return np.asarray(np.round(np.where(excess > 0, bent, wave) * FULL_SCALE), np.int16)


def waveform(measured: NDArray[np.float64]) -> bytes:
    """Return one byte (0 to 255, the loudest is 255) for each level, or for several when there are more than 256."""
    count = min(len(measured), _WAVEFORM_POINTS)
    starts = np.arange(count) * len(measured) // count
    peaks = np.maximum.reduceat(measured, starts)
    return bytes((peaks * (255 / max(float(peaks.max()), 1.0))).round().astype(np.uint8))
