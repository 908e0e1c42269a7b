"""What the bytes of a file say, as the core's `MediaFacts`."""

import math

import av
from av.audio.stream import AudioStream

from adapters.media.pictures import probe_picture
from adapters.media.sniff import Container
from adapters.media.source import Source, opened
from bot.domain.audio import ENCODINGS, MediaFacts, MediaFormat

_FORMATS: dict[Container, tuple[MediaFormat, ...]] = {
    Container.OGG: (MediaFormat.OGG,),
    Container.WAV: (MediaFormat.WAV,),
    Container.FLAC: (MediaFormat.FLAC,),
    Container.MP3: (MediaFormat.MP3,),
    Container.TAGGED: (MediaFormat.MP3, MediaFormat.AAC, MediaFormat.FLAC),
    Container.ADTS: (MediaFormat.AAC,),
    Container.MOV: (MediaFormat.M4A,),
    Container.AIFF: (MediaFormat.AIFF,),
}
"""The formats that a container may hold; the codec decides, see `Encoding.codec`."""


def probe(path: str) -> MediaFacts:
    """Read what a file is.

    Raises:
        Unreadable: not sound, video or a picture, damaged, or hostile.
    """
    return probe_picture(path) or _probe_sound(path)


def _probe_sound(path: str) -> MediaFacts:
    with opened(path) as source:
        sound = source.demuxer.streams.audio[0] if source.demuxer.streams.audio else None
        codec = "" if sound is None else codec_of(sound)
        has_video = source.has_video()
        seconds = _seconds(source, sound)
        return MediaFacts(
            format=_format(source, codec, has_video=has_video),
            container=source.demuxer.format.name.partition(",")[0],
            codec=codec,
            rate=0 if sound is None else sound.codec_context.sample_rate,
            channels=0 if sound is None else sound.codec_context.channels,
            # A video may be shown to a model as it is, and is paid by its length: so its header is not believed.
            seconds=max(seconds or 0.0, _shown_seconds(source)) or None if has_video else seconds,
            bytes=source.bytes,
            has_video=has_video,
        )


def codec_of(stream: AudioStream) -> str:
    """Return the name of a stream's codec, not that of the decoder: `mp3`, not `mp3float`."""
    return stream.codec_context.codec.canonical_name


def _format(source: Source, codec: str, *, has_video: bool) -> MediaFormat | None:
    if source.container is Container.MATROSKA:
        return MediaFormat.WEBM if b"webm" in source.head else None
    if has_video:
        return MediaFormat.MP4 if source.container is Container.MOV else None
    candidates = _FORMATS.get(source.container, ())
    return next((known for known in candidates if ENCODINGS[known].codec == codec), None)


def _shown_seconds(source: Source) -> float:
    """Return where the last picture ends, without decoding any."""
    stream = source.demuxer.streams.video[0]
    ends = [
        (packet.pts + (packet.duration or 0)) * packet.time_base
        for packet in source.demuxer.demux(stream)
        if packet.pts is not None
    ]
    return float(max(ends, default=0))


def _seconds(source: Source, sound: AudioStream | None) -> float | None:
    """Return the length that the header claims; None when it claims none, or nonsense."""
    claims = [source.demuxer.duration / av.time_base] if source.demuxer.duration is not None else []
    if sound is not None and sound.duration is not None and sound.time_base is not None:
        claims.insert(0, float(sound.duration * sound.time_base))
    return next((claim for claim in claims if claim > 0 and math.isfinite(claim)), None)
