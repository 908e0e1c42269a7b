"""How ffmpeg is asked for each format that we write, as a table."""

from dataclasses import dataclass, replace

from bot.domain.audio import MediaFormat


@dataclass(frozen=True, kw_only=True, slots=True)
class Export:
    """How ffmpeg is asked for a format. Its words: https://ffmpeg.org/ffmpeg-codecs.html#Audio-Encoders."""

    muxer: str
    """What `-f` takes. Not always the format's name: `m4a` and `aac` are none."""
    codec: str
    """The encoder."""
    bitrate: int | None = None
    """Bits a second; None for a lossless codec."""
    parameters: tuple[str, ...] = ()
    """More arguments."""


EXPORTS: dict[MediaFormat, Export] = {
    MediaFormat.WAV: Export(muxer="wav", codec="pcm_s16le"),
    MediaFormat.MP3: Export(muxer="mp3", codec="libmp3lame", bitrate=48_000, parameters=("-compression_level", "7")),
    # Without a codec, pydub writes Vorbis into Ogg.
    MediaFormat.OGG: Export(
        muxer="ogg", codec="libopus", bitrate=24_000, parameters=("-application", "voip", "-compression_level", "5")
    ),
    # Without a sample format, FLAC becomes 24 bits wide.
    MediaFormat.FLAC: Export(muxer="flac", codec="flac", parameters=("-sample_fmt", "s16")),
    MediaFormat.M4A: Export(muxer="ipod", codec="aac", bitrate=48_000, parameters=("-aac_coder", "fast")),
    MediaFormat.AAC: Export(muxer="adts", codec="aac", bitrate=48_000, parameters=("-aac_coder", "fast")),
    MediaFormat.AIFF: Export(muxer="aiff", codec="pcm_s16be"),
    MediaFormat.PCM16: Export(muxer="s16le", codec="pcm_s16le"),
}


def export_for(target: MediaFormat, bitrate: int | None = None) -> Export:
    """Return how a format is written, at another bit rate where one is given and the format has one."""
    export = EXPORTS[target]
    return export if bitrate is None or export.bitrate is None else replace(export, bitrate=bitrate)
