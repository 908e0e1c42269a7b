"""Real files of every format that a gateway could take, made from a few recordings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import av

from adapters.media.media import PydubMedia
from bot.domain.audio import ENCODINGS, Conversion, How, MediaFile, MediaFormat
from tests.contracts.sounds import nothing, write_wav
from tests.integration.recordings import recorded

DATA = Path(__file__).parents[2] / "data"
CLIP = "clip.wav"
LONG_SECONDS = 41.0
"""Of 16 bits at 16 kHz: more than travels inside a request everywhere."""

PICTURES: Mapping[MediaFormat, tuple[str, str, str]] = {
    MediaFormat.JPEG: ("image2pipe", "mjpeg", "yuvj420p"),
    MediaFormat.PNG: ("image2pipe", "png", "rgb24"),
    MediaFormat.WEBP: ("image2pipe", "libwebp", "yuv420p"),
    MediaFormat.GIF: ("gif", "gif", "rgb8"),
}
"""Container, codec and kind of pixels, in FFmpeg's words."""
VIDEOS: Mapping[MediaFormat, tuple[str, str, str]] = {
    MediaFormat.MP4: ("mp4", "libx264", "yuv420p"),
    MediaFormat.MOV: ("mov", "libx264", "yuv420p"),
    MediaFormat.MPEG: ("mpeg", "mpeg1video", "yuv420p"),
    MediaFormat.WEBM: ("webm", "libvpx", "yuv420p"),
}
"""As above."""


@dataclass(frozen=True, kw_only=True)
class Files:
    """One of each kind."""

    sounds: Mapping[MediaFormat, MediaFile]
    """A few seconds of speech."""
    long: Mapping[MediaFormat, MediaFile]
    """Of a recording in which nobody speaks, in the two forms that are not compressed."""
    pictures: Mapping[MediaFormat, MediaFile]
    """Small ones."""
    videos: Mapping[MediaFormat, MediaFile]
    """A second of nothing much."""

    def heard(self, formats: Sequence[MediaFormat]) -> MediaFile:
        """The speech in the first of some formats."""
        return self.sounds[formats[0]]


async def make_files(folder: Path) -> Files:
    """Make all of them, and see that each is what it is said to be."""
    long = write_wav(folder / "long.wav", nothing(LONG_SECONDS))
    pictures = {form: _seen(folder, form, *made, frames=1) for form, made in PICTURES.items()}
    videos = {form: _seen(folder, form, *made, frames=25) for form, made in VIDEOS.items()}
    async with PydubMedia(workers=1) as media:
        sounds = {form: await _converted(media, DATA / CLIP, form, folder) for form in ENCODINGS}
        sounds[MediaFormat.WEBM] = recorded(DATA / "clip.webm", sounds[MediaFormat.WAV].seconds)
        for file in (*sounds.values(), *pictures.values()):
            if file.format is not MediaFormat.PCM16:
                assert (await media.probe(file.path)).format is file.format
        plain = (MediaFormat.WAV, MediaFormat.PCM16)
        silence = {form: await _converted(media, Path(long), form, folder) for form in plain}
    return Files(sounds=sounds, long=silence, pictures=pictures, videos=videos)


async def _converted(media: PydubMedia, source: Path, form: MediaFormat, folder: Path) -> MediaFile:
    plan = Conversion(how=How.CONVERTED, format=form, max_seconds=LONG_SECONDS + 1)
    (file,) = [piece async for piece in media.convert(str(source), plan, str(folder))]
    return file


def _seen(folder: Path, form: MediaFormat, container: str, codec: str, pixels: str, *, frames: int) -> MediaFile:
    path = folder / f"seen.{form}"
    with av.open(path, "w", format=container) as muxer:
        stream = muxer.add_stream(codec, rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 32, 32, pixels
        for number in range(frames):
            frame = av.VideoFrame(32, 32, "rgb24")
            frame.pts = number
            muxer.mux(stream.encode(frame.reformat(format=pixels)))
        muxer.mux(stream.encode(None))
    return recorded(path, frames / 25)
