"""The recordings that are converted, made from our own speech in tests/data, over and over again."""

import subprocess
from pathlib import Path

from adapters.media.ffmpeg import find_converter
from benchmarks.rig.machine import ROOT

SPEECH = ROOT / "tests" / "data" / "voice-note.ogg"
AAC = ("-ac", "2", "-c:a", "aac", "-b:a", "128k")
OPUS = ("-ac", "1", "-c:a", "libopus")
PICTURE = "testsrc2=size=1280x720:rate=5,noise=all_strength=12:all_flags=t"
"""Moves enough to fill its bits."""


def make_recordings(folder: Path, *, hour: float, video: float) -> None:
    """Write `note.ogg` (30 s), `clip.m4a`, `clip.webm` (2 min), `hour.m4a`, `video.mp4` and `silence.ogg` (10 min).

    Args:
        folder: where they are written.
        hour: length of the hour, in seconds.
        video: length of the video, in seconds.
    """
    speech = ("-stream_loop", "-1", "-i", str(SPEECH))
    _ffmpeg(folder, *speech, "-t", "30", *OPUS, "-b:a", "32k", "note.ogg")
    _ffmpeg(folder, *speech, "-t", "120", *AAC, "clip.m4a")
    # As a browser records: without knowing the end.
    _ffmpeg(folder, *speech, "-t", "120", *OPUS, "-b:a", "64k", "-live", "1", "clip.webm")
    _ffmpeg(folder, "-stream_loop", "-1", "-i", "clip.m4a", "-t", str(hour), "-c", "copy", "hour.m4a")
    # Made for 20 s and repeated: encoding pictures takes longer than all that is measured.
    _ffmpeg(folder, "-f", "lavfi", "-i", PICTURE, "-t", "20", "-c:v", "libx264", "-preset", "ultrafast", "-b:v", "1500k", "picture.mp4")  # fmt: skip
    parts = ("-stream_loop", "-1", "-i", "picture.mp4", "-stream_loop", "-1", "-i", "clip.m4a")
    _ffmpeg(folder, *parts, "-map", "0:v", "-map", "1:a", "-t", str(video), "-c", "copy", "video.mp4")
    _ffmpeg(folder, "-f", "lavfi", "-i", "anullsrc=r=48000:cl=mono", "-t", "600", *OPUS, "-b:a", "32k", "silence.ogg")


def _ffmpeg(folder: Path, *arguments: str) -> None:
    command = [find_converter(), "-nostdin", "-loglevel", "error", "-y", *arguments]
    subprocess.run(command, check=True, cwd=folder)  # noqa: S603  our own arguments
