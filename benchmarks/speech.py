"""How soon Mynah begins to speak, against piper called directly in the same run."""

import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from adapters.local.gateway import LocalGateway
from adapters.local.weights import look_up
from benchmarks.rig.tables import Aim, aims, ratio, spread, table
from bot.domain.models import SoundDelta, SpeechRequest

TITLE = "Speech"

MOUTH = "en_US-joe-medium"
TEXT = "A good name is Echo. It says what such a bird does, and it is short enough to call across a garden."

METHOD = f"""\
A text of two sentences, spoken by `{MOUTH}`: by the gateway in its warm process, and by `PiperVoice` in this one, as its
documentation shows. Both take turns. Times: median (lowest to highest)."""


async def measure(*, quick: bool) -> str:
    """Measure both; returns Markdown."""
    took: dict[str, list[tuple[float, float]]] = {"`PiperVoice.synthesize`": [], "Mynah": []}
    piper = _piper()
    async with LocalGateway({}) as gateway:
        await gateway.warm(MOUTH)
        for _ in range(2 if quick else 11):
            took["`PiperVoice.synthesize`"].append(_directly(piper))
            took["Mynah"].append(await _by_gateway(gateway))
    sys.stderr.write(f"first sentence: {_first(took['Mynah']):.3f} s\n")
    reached = Aim(what="first sentence spoken", limit=0.15, measured=_first(took["Mynah"]), unit="s")
    return "\n\n".join((METHOD, _table(took), aims([reached])))


def _piper() -> Callable[[str], Any]:
    from piper import PiperVoice  # noqa: PLC0415  slow, and only this question needs it

    return PiperVoice.load(look_up(MOUTH, {}).path).synthesize


def _directly(speak: Callable[[str], Any]) -> tuple[float, float]:
    """Return the seconds until the first sentence, and until the last."""
    started = time.perf_counter()
    ends = [time.perf_counter() - started for _ in speak(TEXT)]
    return ends[0], ends[-1]


async def _by_gateway(gateway: LocalGateway) -> tuple[float, float]:
    started = time.perf_counter()
    async with aclosing(gateway.perform(SpeechRequest(model=MOUTH, text=TEXT))) as deltas:
        ends = [time.perf_counter() - started async for delta in deltas if isinstance(delta, SoundDelta)]
    return ends[0], ends[-1]


def _table(took: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    floor = _first(next(iter(took.values())))
    rows = {
        name: (
            spread([first for first, _ in each], ".3f"),
            ratio(_first(each), floor),
            spread([last for _, last in each], ".3f"),
        )
        for name, each in took.items()
    }
    return table(("way", "first sentence, s", "to piper called directly", "both sentences, s"), rows)


def _first(each: Sequence[tuple[float, float]]) -> float:
    return statistics.median(first for first, _ in each)
