"""Moves sound into another container without decoding it, and measures it by its packets."""

from collections.abc import Iterator

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet

from adapters.media.formats import EXPORTS
from adapters.media.problems import TooLong, Unreadable
from adapters.media.source import Source, opened
from bot.domain.audio import MediaFormat
from bot.words import phrase


class _Measure:
    """Adds up how long the packets of a stream play, whatever the header said.

    Their time stamps and their durations may disagree; the longer one is believed.
    """

    def __init__(self, stream: AudioStream, max_seconds: float) -> None:
        self._unit = float(stream.time_base or 0)
        self._max_seconds = max_seconds
        self._played = 0
        self._first: int | None = None
        self._end = 0

    @property
    def first(self) -> int:
        """Time stamp of the first packet, in the stream's unit."""
        return self._first or 0

    @property
    def seconds(self) -> float:
        """How long the packets play that were seen so far."""
        return max(self._played, self._end - self.first) * self._unit

    def add(self, packet: "Packet[AudioStream]") -> None:
        duration = packet.duration or 0
        self._played += duration
        if packet.pts is not None:
            self._first = packet.pts if self._first is None else self._first
            self._end = max(self._end, packet.pts + duration)
        if self.seconds > self._max_seconds:
            raise TooLong(f"{self.seconds:.0f}")


def measure(path: str, *, max_seconds: float) -> float:
    """Return how long the sound of a file is, in seconds, without decoding it.

    Raises:
        Unreadable: it is damaged, or there is no sound in it.
        TooLong: it is longer than `max_seconds`.
    """
    with opened(path) as source:
        stream = source.sound()
        measured = _Measure(stream, max_seconds)
        for packet in _packets(source, stream):
            measured.add(packet)
    return _not_nothing(measured.seconds)


def copy(path: str, target: str, form: MediaFormat, *, max_seconds: float) -> float:
    """Copy the sound of a file into a file of another container, and return its length in seconds.

    Raises:
        Unreadable: it is damaged, or its stream does not fit into that container.
        TooLong: it is longer than `max_seconds`.
    """
    with opened(path) as source, av.open(target, "w", format=EXPORTS[form].muxer) as muxer:
        stream = source.sound()
        written = _like(stream, muxer)
        measured = _Measure(stream, max_seconds)
        for packet in _packets(source, stream):
            measured.add(packet)
            _shift(packet, -measured.first)
            packet.stream = written
            muxer.mux(packet)
    return _not_nothing(measured.seconds)


def _like(stream: AudioStream, muxer: OutputContainer) -> AudioStream:
    try:
        return muxer.add_stream_from_template(stream)
    except ValueError as error:
        raise Unreadable(phrase("a {format} file cannot hold its sound", format=muxer.format.name)) from error


def _packets(source: Source, stream: AudioStream) -> "Iterator[Packet[AudioStream]]":
    """Yield the packets with sound; the demuxer's last one, which only says that it is over, has none."""
    return (packet for packet in source.demuxer.demux(stream) if packet.size)


def _shift(packet: "Packet[AudioStream]", by: int) -> None:
    if packet.pts is not None:
        packet.pts += by
    if packet.dts is not None:
        packet.dts += by


def _not_nothing(seconds: float) -> float:
    if seconds <= 0:
        raise Unreadable(phrase("there is no sound in it"))
    return seconds
