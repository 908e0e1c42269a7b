"""Recordings that are sent to gateways."""

import wave
from pathlib import Path

from bot.domain.audio import MediaFile, MediaFormat
from tests.contracts.sounds import babble, write_wav


def recorded(path: Path, seconds: float) -> MediaFile:
    """A file as it is; its ending tells the format."""
    return MediaFile(path=str(path), format=MediaFormat(path.suffix[1:]), seconds=seconds, bytes=path.stat().st_size)


def babbled(path: Path, seconds: float) -> MediaFile:
    """A wav file of so many seconds that sound like speech."""
    return recorded(Path(write_wav(path, babble(seconds))), seconds)


def tone(path: Path, size: int = 32_044) -> MediaFile:
    """A wav file of so many bytes, mono, 16 kHz."""
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16_000)
        sound.writeframes(bytes(size - 44))
    return recorded(path, (size - 44) / 32_000)
