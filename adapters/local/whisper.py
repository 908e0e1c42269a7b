"""The worker's side of hearing: faster-whisper on the CPU, four clips at a time.

The model is called with samples, never with a file, so that no decoder is reached from here; the clips are planned
beforehand, which replaces voice detection. Without timestamp tokens the batched decoder hears better, so times come
from the alignment of words.

See https://github.com/SYSTRAN/faster-whisper#batched-transcription.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from adapters.local.clips import Clip, plan_clips, read_samples
from adapters.local.sentences import TimedText, group_words

BATCH = 4
"""Clips that go through the model together; more cost memory and save no time on a CPU."""
BEAM = 5
"""Hypotheses that are followed; with one alone the small models fall into loops."""
NO_SPEECH = 0.6
"""Above this probability of "no speech" a clip is dropped, when its words are improbable too."""
IMPROBABLE = -1.0
"""Mean log probability of a token, below which words are improbable; both as in OpenAI's own `transcribe`."""

HANDLERS: dict[str, Callable[[Mapping[str, Any]], Iterator[object]]] = {}
"""`plan` and `transcribe`, once `setup` has run."""


def setup(arguments: Mapping[str, Any]) -> None:
    """Load the model.

    Args:
        arguments: `path`, a folder that faster-whisper can load, and `threads`, how many cores one call may use.
    """
    whisper = Whisper(arguments["path"], arguments["threads"])
    HANDLERS.update(plan=plan, transcribe=whisper.transcribe)


def plan(arguments: Mapping[str, Any]) -> Iterator[object]:
    """Yield the clips of the recording at `path`, a batch at a time: lists of `{start, end}` in seconds."""
    clips = [asdict(clip) for clip in plan_clips(arguments["path"])]
    for first in range(0, len(clips), BATCH):
        yield clips[first : first + BATCH]


class Whisper:
    """One loaded model."""

    def __init__(self, path: str, threads: int) -> None:
        os.environ["HF_HUB_OFFLINE"] = "1"  # What is missing is an error, never a download.
        from faster_whisper import (  # type: ignore[import-untyped]  # noqa: PLC0415  a third of a second
            BatchedInferencePipeline,
            WhisperModel,
        )

        model = WhisperModel(path, device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True)
        self._multilingual = model.model.is_multilingual
        self._pipeline = BatchedInferencePipeline(model)

    def transcribe(self, arguments: Mapping[str, Any]) -> Iterator[object]:
        """Yield the segments of a recording in order: `{text, start, end}`, times in seconds from its beginning.

        Args:
            arguments: `path`, see `read_samples`; `clips`, those to hear, or None for all; `language`, ISO 639-1, or
                None to find out. A model that knows English alone takes everything for English.

        Raises:
            ValueError: the model does not know the language.
        """
        clips = [Clip(**clip) for clip in arguments["clips"] or []] or plan_clips(arguments["path"])
        language = arguments["language"] if self._multilingual else "en"
        for heard in self._hear(arguments["path"], clips, language):
            if heard.no_speech_prob > NO_SPEECH and heard.avg_logprob < IMPROBABLE:
                continue
            for sentence in group_words(_words(heard)):
                shift = clips[0].start
                start, end = round(sentence.start + shift, 3), round(sentence.end + shift, 3)
                yield {"text": sentence.text, "start": start, "end": end}

    def _hear(self, path: str, clips: Sequence[Clip], language: str | None) -> Iterator[Any]:
        if not clips:
            return
        first = clips[0].start
        segments, _ = self._pipeline.transcribe(
            read_samples(path, first, clips[-1].end),
            language=language,
            beam_size=BEAM,
            batch_size=BATCH,
            word_timestamps=True,
            clip_timestamps=[{"start": clip.start - first, "end": clip.end - first} for clip in clips],
        )
        yield from segments


def _words(heard: Any) -> Iterator[TimedText]:
    """Return the words of one clip; where they could not be aligned, the whole as one."""
    if not heard.words:
        yield TimedText(text=heard.text, start=heard.start, end=heard.end)
    for word in heard.words or ():
        yield TimedText(text=word.word, start=float(word.start), end=float(word.end))
