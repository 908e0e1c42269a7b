"""Writes sound into a file of a wanted format: by pydub's export, or streamed where that would hold too much in memory.

`AudioSegment.export` (https://github.com/jiaaro/pydub/blob/master/API.markdown#audiosegmentexport) needs the whole of a
recording in memory. A recording that outgrows `_MAX_SEGMENT_SAMPLES` is fed to the same program with the same parameters
through a pipe instead.
"""

import subprocess
from contextlib import suppress
from typing import IO, Self, cast

import numpy as np
from pydub import AudioSegment

from adapters.media.formats import Export
from adapters.media.pcm import SAMPLE_BYTES, Pcm

_MAX_SEGMENT_SAMPLES = 5_000_000
"""A little over five minutes at 16 kHz, 10 MB."""


class Writer:
    """Writes one file from mono samples. Use it as a context manager: the file is complete when it is left.

    Args:
        path: what is written.
        export: in which format.
        rate: samples a second.
    """

    def __init__(self, path: str, export: Export, rate: int) -> None:
        self._path = path
        self._form = export
        self._rate = rate
        # Of full size from the start: to let it grow would hold it twice. Memory is only taken for what is written.
        self._held = np.empty(_MAX_SEGMENT_SAMPLES, np.int16)
        self._stream: _Stream | None = None
        self.samples = 0
        """How many were written."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if self._stream is not None:
            self._stream.close(complete=kind is None)
        elif kind is None:
            self._export(AudioSegment(self._bytes(), sample_width=SAMPLE_BYTES, frame_rate=self._rate, channels=1))

    def write(self, pcm: Pcm) -> None:
        """Append samples."""
        start = self.samples
        self.samples += len(pcm)
        if self._stream is None and self.samples <= len(self._held):
            self._held[start : self.samples] = pcm
            return
        if self._stream is None:
            self._stream = _Stream(self._path, self._form, self._rate)
            self._stream.write(self._held[:start])
            self._held = np.empty(0, np.int16)
        self._stream.write(pcm)

    def _bytes(self) -> bytes:
        # pydub takes any buffer, though its types say `bytes`: a copy would double the memory.
        return cast("bytes", self._held[: self.samples].view(np.uint8).data)

    def _export(self, segment: AudioSegment) -> None:
        """Let pydub write it: itself where it can, else by ffmpeg."""
        plain = {"s16le": "raw", "wav": "wav"}.get(self._form.muxer)
        if plain is not None:
            segment.export(self._path, format=plain).close()
            return
        segment.export(
            self._path,
            format=self._form.muxer,
            codec=self._form.codec,
            bitrate=None if self._form.bitrate is None else str(self._form.bitrate),
            parameters=list(self._form.parameters),
        ).close()


class EncodingFailed(Exception):
    """The converter could not write the file: its disk is full, or it lacks the encoder."""


class _Stream:
    """The converter, fed through a pipe."""

    def __init__(self, path: str, export: Export, rate: int) -> None:
        bitrate = () if export.bitrate is None else ("-b:a", str(export.bitrate))
        self._process = subprocess.Popen(  # noqa: S603  all of it is ours
            [
                AudioSegment.converter,
                *("-nostdin", "-hide_banner", "-loglevel", "error", "-y"),
                *("-f", "s16le", "-ar", str(rate), "-ac", "1", "-i", "pipe:0"),
                *("-c:a", export.codec, *bitrate, *export.parameters, "-f", export.muxer, path),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        self._pipe = cast("IO[bytes]", self._process.stdin)

    def write(self, pcm: Pcm) -> None:
        try:
            self._pipe.write(pcm.data)
        except BrokenPipeError as error:
            raise EncodingFailed(f"status {self._process.wait()}") from error

    def close(self, *, complete: bool) -> None:
        if not complete:
            self._process.kill()
        with suppress(BrokenPipeError):
            self._pipe.close()
        status = self._process.wait()
        if complete and status:
            raise EncodingFailed(f"status {status}")
