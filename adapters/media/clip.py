"""Makes speech into the clip that a platform plays: even loudness, right codec, with a waveform and a true length.

Two passes over the speech, a second at a time: one measures, one writes.
"""

from adapters.media.export import Writer
from adapters.media.formats import export_for
from adapters.media.loudness import gain_db, levels, limited, waveform
from adapters.media.pcm import blocks
from bot.domain.audio import MediaFile, MediaFormat


def clip(
    sound: MediaFile, target: str, form: MediaFormat, *, rate: int, bitrate: int, max_seconds: float
) -> tuple[float, bytes]:
    """Write a clip.

    Args:
        sound: the speech; `pcm16` carries its rate.
        target: the path that is written.
        form: in which format.
        rate: samples a second.
        bitrate: bits a second, for a lossy format.
        max_seconds: refuse longer speech.

    Returns:
        The length in seconds, and the loudness from start to end: a byte for each 100 ms, at most 256 in all.

    Raises:
        Unreadable: there is no sound in it.
        TooLong: it is longer than `max_seconds`.
    """
    raw_rate = sound.rate if sound.format is MediaFormat.PCM16 else 0
    measured = levels(blocks(sound.path, rate=rate, max_seconds=max_seconds, raw_rate=raw_rate), rate)
    gain = 10 ** (gain_db(measured) / 20)
    with Writer(target, export_for(form, bitrate), rate) as writer:
        for block in blocks(sound.path, rate=rate, max_seconds=max_seconds, raw_rate=raw_rate):
            writer.write(limited(block, gain))
    return writer.samples / rate, waveform(measured)
