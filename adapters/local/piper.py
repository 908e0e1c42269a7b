"""The worker's side of speaking: a piper voice, a sentence at a time.

See https://github.com/OHF-Voice/piper1-gpl/blob/main/docs/API_PYTHON.md.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from adapters.local.weights import read_voice

HANDLERS: dict[str, Callable[[Mapping[str, Any]], Iterator[object]]] = {}
"""`speak`, once `setup` has run."""


def setup(arguments: Mapping[str, Any]) -> None:
    """Load the voice.

    Args:
        arguments: `path` of the `.onnx` file; its description lies beside it.
    """
    HANDLERS["speak"] = Piper(arguments["path"]).speak


class Piper:
    """One loaded voice."""

    def __init__(self, path: str) -> None:
        from onnxruntime import InferenceSession, SessionOptions  # type: ignore[import-untyped]  # noqa: PLC0415  slow
        from piper import PiperConfig, PiperVoice, SynthesisConfig  # noqa: PLC0415  slow

        # Loaded part by part, for the sake of one option: a second thread costs more than it saves.
        options = SessionOptions()
        options.intra_op_num_threads = 1
        session = InferenceSession(path, sess_options=options, providers=["CPUExecutionProvider"])
        self._voice = PiperVoice(session=session, config=PiperConfig.from_dict(read_voice(Path(path))))
        self._config = SynthesisConfig

    def speak(self, arguments: Mapping[str, Any]) -> Iterator[bytes]:
        """Yield sound, a sentence at a time: 16 bits, little-endian, mono, at the voice's own rate.

        Args:
            arguments: `text`, and `speaker`, the number of one among a voice's many; None for the first.
        """
        config = self._config(speaker_id=arguments["speaker"])
        for sentence in self._voice.synthesize(_plain(arguments["text"]), config):
            yield sentence.audio_int16_array.astype("<i2").tobytes()


def _plain(text: str) -> str:
    # Piper takes what stands between double brackets for phonemes.
    return text.replace("[[", "[ [").replace("]]", "] ]")
