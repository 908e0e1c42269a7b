"""What runs in a worker process: one handler for each method of the `Media` port, each call in a sandbox of its own.

A call runs in a new thread that can reach its own source and its own folder, and nothing else of anybody's: a hostile
file of one person never sees what another one sent.
"""

import queue
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from pydub import AudioSegment

from adapters.media import clip as clips, convert as conversions, probe as probes, sandbox, silence
from adapters.media.pcm import blocks
from adapters.media.problems import TooLong
from bot.domain.audio import Conversion, How, MediaFile, MediaFormat

Handler = Callable[[Mapping[str, Any]], Iterator[object]]

_END: Final = object()


def setup(arguments: Mapping[str, Any]) -> None:
    """Prepare the process.

    Args:
        arguments: `converter`, the absolute path of ffmpeg.
    """
    AudioSegment.converter = arguments["converter"]
    sandbox.limit_resources()


def probe(arguments: Mapping[str, Any]) -> Iterator[object]:
    """Yield the `MediaFacts` of `path` as an object."""
    yield asdict(probes.probe(arguments["path"]))


def silent(arguments: Mapping[str, Any]) -> Iterator[object]:
    """Yield whether there is nothing to hear in the first `max_seconds` of `path`."""
    rate = conversions.SPEECH_RATE
    try:
        yield silence.silent(blocks(arguments["path"], rate=rate, max_seconds=arguments["max_seconds"]), rate)
    except TooLong:
        yield True


def convert(arguments: Mapping[str, Any]) -> Iterator[object]:
    """Yield a `MediaFile` as an object for each piece of `path`, after `conversion`, below `folder`."""
    plan = arguments["conversion"]
    conversion = Conversion(**{**plan, "how": How(plan["how"]), "format": MediaFormat(plan["format"])})
    with _temporary(arguments["scratch"]):
        for piece in conversions.convert(arguments["path"], conversion, arguments["scratch"]):
            yield asdict(piece)


def clip(arguments: Mapping[str, Any]) -> Iterator[object]:
    """Yield the length of the clip `target` in seconds, then its waveform."""
    sound = MediaFile(**{**arguments["sound"], "format": MediaFormat(arguments["sound"]["format"])})
    unfinished = f"{arguments['scratch']}-clip"
    with _temporary(arguments["scratch"]):
        seconds, waveform = clips.clip(
            sound,
            unfinished,
            MediaFormat(arguments["format"]),
            rate=arguments["rate"],
            bitrate=arguments["bitrate"],
            max_seconds=arguments["max_seconds"],
        )
    Path(unfinished).replace(arguments["target"])
    yield seconds
    yield waveform


@contextmanager
def _temporary(folder: str) -> Iterator[None]:
    """Keep the temporary files of a call in a folder of their own: pydub leaves two behind when an export fails."""
    Path(folder).mkdir(mode=0o700)
    tempfile.tempdir = folder
    try:
        yield
    finally:
        tempfile.tempdir = None
        shutil.rmtree(folder, ignore_errors=True)


def _confined(handler: Handler) -> Handler:
    """Run a handler in a thread that is restricted to the `path` and the `folder` in its arguments."""

    def run(arguments: Mapping[str, Any]) -> Iterator[object]:
        values: queue.SimpleQueue[object] = queue.SimpleQueue()

        def work() -> None:
            try:
                readable = [arguments["path"], str(Path(AudioSegment.converter).parent)]
                sandbox.restrict_thread(readable=readable, writable=arguments.get("writable", ()))
                for value in handler(arguments):
                    values.put(value)
            finally:
                values.put(_END)

        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="call") as threads:
            working = threads.submit(work)
            while (value := values.get()) is not _END:
                yield value
            working.result()

    return run


HANDLERS: dict[str, Handler] = {
    "probe": _confined(probe),
    "silent": _confined(silent),
    "convert": _confined(convert),
    "clip": _confined(clip),
}
