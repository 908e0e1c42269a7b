"""Carries out a planned conversion: untouched, copied into another container, or decoded and exported in pieces."""

from collections.abc import Iterator
from itertools import chain, count
from pathlib import Path

from adapters.media.export import Writer
from adapters.media.formats import export_for
from adapters.media.pcm import Pcm, blocks, read_ahead
from adapters.media.problems import Unreadable
from adapters.media.remux import copy, measure
from adapters.media.silence import Cutter
from bot.domain.audio import ENCODINGS, Conversion, How, MediaFile, MediaFormat

SPEECH_RATE = 16_000
"""Samples a second that speech is decoded to: what speech models take, and enough for people."""


def convert(path: str, conversion: Conversion, prefix: str) -> Iterator[MediaFile]:
    """Carry out a conversion; yield each piece as soon as it is written.

    Args:
        path: the source.
        conversion: what to do.
        prefix: how the paths of the pieces start.

    Raises:
        Unreadable: it cannot be decoded.
        TooLong: there is more in it than the plan allows.
    """
    match conversion.how:
        case How.AS_IS:
            seconds = measure(path, max_seconds=conversion.max_seconds)
            yield _file(path, conversion.format, seconds)
        case How.COPIED:
            yield from _copied(path, conversion, prefix)
        case How.CONVERTED:
            yield from _converted(path, conversion, prefix)


def _copied(path: str, conversion: Conversion, prefix: str) -> Iterator[MediaFile]:
    target = _target(prefix, 0, conversion.format)
    try:
        seconds = copy(path, target, conversion.format, max_seconds=conversion.max_seconds)
    except Unreadable:
        # What cannot be copied, because its time stamps are in disorder for example, may well be decoded.
        yield from _converted(path, conversion, prefix)
    else:
        yield _file(target, conversion.format, seconds)


def _converted(path: str, conversion: Conversion, prefix: str) -> Iterator[MediaFile]:
    export = export_for(conversion.format)
    cutter = Cutter(SPEECH_RATE, conversion.segment_seconds)
    start = 0
    with read_ahead(blocks(path, rate=SPEECH_RATE, max_seconds=conversion.max_seconds)) as sound:
        parts = _parts(sound, cutter)
        for index in count():
            first = next(parts, None)
            if first is None:
                return
            target = _target(prefix, index, conversion.format)
            with Writer(target, export, SPEECH_RATE) as writer:
                for pcm in _piece(chain([first], parts)):
                    writer.write(pcm)
            yield _file(target, conversion.format, writer.samples / SPEECH_RATE, offset=start / SPEECH_RATE)
            start += writer.samples


def _parts(sound: Iterator[Pcm], cutter: Cutter) -> Iterator[tuple[Pcm, bool]]:
    """Yield stretches of the sound, each with whether a piece ends after it."""
    for block in sound:
        yield from cutter.feed(block)
    yield from ((pcm, False) for pcm in cutter.rest())


def _piece(parts: Iterator[tuple[Pcm, bool]]) -> Iterator[Pcm]:
    """Take the stretches of one piece."""
    for pcm, ends in parts:
        yield pcm
        if ends:
            return


def _target(prefix: str, index: int, form: MediaFormat) -> str:
    return f"{prefix}-{index:03d}.{ENCODINGS[form].extension}"


def _file(path: str, form: MediaFormat, seconds: float, *, offset: float = 0.0) -> MediaFile:
    return MediaFile(
        path=path,
        format=form,
        seconds=seconds,
        bytes=Path(path).stat().st_size,
        offset=offset,
        rate=SPEECH_RATE if form is MediaFormat.PCM16 else 0,
    )
