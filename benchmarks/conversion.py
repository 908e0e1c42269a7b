"""What converting costs, against the best raw ffmpeg command line for the same work in the same run."""

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from adapters.media.ffmpeg import find_converter
from adapters.media.media import PydubMedia
from adapters.media.silence import silences
from benchmarks.rig.media_costs import Cost, converted, ran
from benchmarks.rig.recordings import make_recordings
from benchmarks.rig.tables import Aim, aims, ratio, spread, table
from bot.domain.audio import Conversion, How, MediaFormat

TITLE = "Conversion"

METHOD = """\
Mynah's side is one call to a warm worker process: decoding by PyAV in a sandbox, encoding by pydub with ffmpeg. The other
side is the best raw ffmpeg command line, its start included, with every ffmpeg that is on this machine; the fastest counts.
Both take turns, round by round. Wall: median (lowest to highest). CPU: the mean of all processes together. Memory: the
highest peak, the worker and its ffmpeg together; of the raw command, ffmpeg's own. The recordings are our own speech,
repeated. ffmpeg decodes and encodes on one core after the other; its bound on two cores is half of its CPU time."""

MP3 = ("-vn", "-ac", "1", "-ar", "16000", "-c:a", "libmp3lame", "-b:a", "48k", "-compression_level", "7")
COPY = ("-vn", "-c:a", "copy")
LONGEST = 7200.0
RATE = 16_000
SILENCE_SECONDS = 600
HOUR_MEGABYTES = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One row of the table."""

    name: str
    """What is converted to what."""
    source: str
    """File name of the input."""
    raw: tuple[str, ...] = MP3
    """ffmpeg's arguments between input and output."""
    how: How = How.CONVERTED
    """Our way."""
    format: MediaFormat = MediaFormat.MP3
    """What comes out."""
    segment_seconds: float | None = None
    """Length of our pieces."""
    wall: float
    """Aim: times ffmpeg's wall time."""
    cpu: float | None = None
    """Aim: times ffmpeg's CPU time."""
    hour: bool = False
    """Whether the wall time is compared with half of ffmpeg's CPU time, and memory counts."""
    rounds: int
    """How often it is run."""

    @property
    def conversion(self) -> Conversion:
        """Our plan."""
        return Conversion(how=self.how, format=self.format, max_seconds=LONGEST, segment_seconds=self.segment_seconds)


CASES = (
    Case(name="30 s voice note (ogg) -> mp3", source="note.ogg", wall=1.6, cpu=1.2, rounds=15),
    Case(name="2 min m4a -> mp3", source="clip.m4a", wall=1.3, cpu=1.3, rounds=9),
    Case(name="2 min webm -> mp3", source="clip.webm", wall=1.3, cpu=1.3, rounds=9),
    Case(name="10 min video (mp4), its sound -> mp3", source="video.mp4", wall=1.3, cpu=1.3, rounds=5),
    Case(name="10 min video (mp4), its sound copied -> m4a", source="video.mp4", wall=1.3, rounds=9,
         raw=COPY, how=How.COPIED, format=MediaFormat.M4A),
    Case(name="an hour of m4a -> mp3, in pieces of 5 min", source="hour.m4a", wall=1.6, hour=True, rounds=3, segment_seconds=300),
    Case(name="an hour of m4a -> mp3, in one piece", source="hour.m4a", wall=1.6, hour=True, rounds=3),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Costs:
    """What all rounds of a case took."""

    raw: Mapping[str, list[Cost]]
    """By the ffmpeg that ran."""
    ours: list[Cost]
    """Mynah's."""

    @property
    def best(self) -> Sequence[Cost]:
        """Those of the fastest ffmpeg."""
        return min(self.raw.values(), key=_wall)


async def measure(*, quick: bool) -> str:
    """Measure every case; returns Markdown."""
    with tempfile.TemporaryDirectory(prefix="mynah-bench-") as name:
        folder = Path(name)
        make_recordings(folder, hour=300 if quick else 3600, video=60 if quick else 600)
        costs = {case: await _compare(case, folder, 1 if quick else case.rounds) for case in CASES}
        silent = [await _silence(folder / "silence.ogg") for _ in range(2 if quick else 9)]
    columns = ("work", "raw ffmpeg: wall, s", "CPU, s", "MB", "Mynah: wall, s", "CPU, s", "MB", "wall", "wall to its two-core bound", "CPU")  # fmt: skip
    rows = {case.name: _cells(case, cost) for case, cost in costs.items()}
    wanted = [aim for case, cost in costs.items() for aim in _aims(case, cost)]
    return "\n\n".join((METHOD, table(columns, rows), *_silences(silent, wanted)))


async def _compare(case: Case, folder: Path, rounds: int) -> Costs:
    """Run a case both ways in turns, so that noise of the machine meets both."""
    source, costs = folder / case.source, Costs(raw={ffmpeg: [] for ffmpeg in _converters()}, ours=[])
    async with PydubMedia(workers=1) as media:
        await media.warm()
        await converted(media, folder / "note.ogg", CASES[0].conversion)
        for _ in range(rounds):
            for ffmpeg, runs in costs.raw.items():
                runs.append(ran(ffmpeg, source, case.raw, folder / f"raw.{case.format}"))
            costs.ours.append(await converted(media, source, case.conversion))
    sys.stderr.write(f"{case.name}: {_wall(costs.best):.3f} s, Mynah {_wall(costs.ours):.3f} s\n")
    return costs


def _converters() -> Sequence[str]:
    """Return every ffmpeg of this machine: ours, and the system's."""
    found = (find_converter(), shutil.which("ffmpeg"))
    return sorted({str(Path(each).resolve()) for each in found if each})


async def _silence(path: Path) -> tuple[float, float]:
    """Return how many milliseconds it takes to recognise silence with decoding, and to find silences in samples."""
    async with PydubMedia(workers=1) as media:
        await media.warm()
        began = time.perf_counter()
        if not await media.silent(str(path)):
            raise ValueError(f"{path.name} is not silent")
        whole = time.perf_counter() - began
    pcm = np.zeros(SILENCE_SECONDS * RATE, np.int16)
    began = time.perf_counter()
    silences(pcm, RATE)
    return 1000 * whole, 1000 * (time.perf_counter() - began)


def _silences(took: Sequence[tuple[float, float]], wanted: Sequence[Aim]) -> tuple[str, str]:
    """Return a sentence, and all aims with the one of it."""
    whole, samples = zip(*took, strict=True)
    found = (
        f"A voice note of 10 min in which nothing is said is recognised in {spread(whole, '.0f')} ms, decoding included; "
        f"the silences in 10 min of decoded samples are found in {spread(samples, '.1f')} ms."
    )
    aim = Aim(what="silences in 10 min of samples", limit=10, measured=statistics.median(samples), unit="ms")
    return found, aims([*wanted, aim])


def _cells(case: Case, costs: Costs) -> Sequence[str]:
    raw, ours = costs.best, costs.ours
    return (
        *(spread([one.wall for one in raw], ".3f"), f"{_cpu(raw):.2f}", f"{_memory(raw):.0f}"),
        *(spread([one.wall for one in ours], ".3f"), f"{_cpu(ours):.2f}", f"{_memory(ours):.0f}"),
        ratio(_wall(ours), _wall(raw)),
        ratio(_wall(ours), _cpu(raw) / 2) if case.hour else "",
        ratio(_cpu(ours), _cpu(raw)),
    )


def _aims(case: Case, costs: Costs) -> Sequence[Aim]:
    raw, ours = costs.best, costs.ours
    if case.hour:
        bound = Aim(what=f"{case.name}: wall to the two-core bound", limit=case.wall, measured=_wall(ours) / (_cpu(raw) / 2))  # fmt: skip
        return (bound, Aim(what=f"{case.name}: memory", limit=HOUR_MEGABYTES, measured=_memory(ours), unit="MB"))
    wall = Aim(what=f"{case.name}: wall", limit=case.wall, measured=_wall(ours) / _wall(raw))
    if case.cpu is None:
        return (wall,)
    return (wall, Aim(what=f"{case.name}: CPU", limit=case.cpu, measured=_cpu(ours) / _cpu(raw)))


def _wall(costs: Sequence[Cost]) -> float:
    return statistics.median(cost.wall for cost in costs)


def _cpu(costs: Sequence[Cost]) -> float:
    """Return the mean: the clock of processor time ticks too slowly for a median."""
    return statistics.mean(cost.cpu for cost in costs)


def _memory(costs: Sequence[Cost]) -> float:
    return max(cost.memory for cost in costs)
