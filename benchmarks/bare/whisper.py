"""faster-whisper, called directly as its documentation shows, in a process of its own.

python -m benchmarks.bare.whisper WAY MODEL_FOLDER

Reads the path of a recording from each line of standard input (16 bits, 16 kHz, mono, no header) and writes its segments
as lines of JSON, then `null`: https://github.com/SYSTRAN/faster-whisper#usage.
"""

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from faster_whisper import BatchedInferencePipeline, WhisperModel

Transcribe = Callable[[Any], tuple[Iterable[Any], Any]]


def ways(folder: str) -> Mapping[str, Transcribe]:
    """Load a model; returns the ways to call it, by name."""
    model = WhisperModel(folder, device="cpu", compute_type="int8")
    pipeline = BatchedInferencePipeline(model)
    return {
        "plain": model.transcribe,
        "batched": lambda samples: pipeline.transcribe(samples, batch_size=8),
        "timed": lambda samples: pipeline.transcribe(samples, batch_size=8, word_timestamps=True),
    }


def main(way: str, folder: str) -> None:
    """Transcribe what is asked for until the input ends."""
    transcribe = ways(folder)[way]
    _say({"ready": True})
    for line in sys.stdin:
        samples = np.fromfile(line.rstrip("\n"), "<i2").astype(np.float32) / 32768
        segments, _ = transcribe(samples)
        for segment in segments:
            _say(segment.text)
        _say(None)


def _say(value: object) -> None:
    sys.stdout.write(f"{json.dumps(value)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
