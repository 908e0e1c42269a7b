"""Many people talk to the bot for a long time, on two platforms that count every call: what comes back, and what it costs."""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.rig.busy import Busy, busy
from benchmarks.rig.crowd import ENDING, Pace
from benchmarks.rig.processes import cpu_seconds
from benchmarks.rig.tables import Aim, aims, percentile, table
from benchmarks.rig.talk import Asked, Said, Verdict, judge, most_in_a_minute, refused, repeated
from benchmarks.rig.towns import Town
from benchmarks.rig.watch import Watch, megabytes, watching

TITLE = "Fifty channels at once"

METHOD = """\
One service, on a Slack and a Discord that count every call as the real ones do, in 25 places on each: every fourth is a
direct message. In each place somebody says something every 30 s on average, often more at once and often in a
conversation that has begun; every third message is a voice note. The model's first token comes after 0.4 s, then 60 a second;
a voice note is written down first (0.5 s), and its answer is spoken by a remote model too and posted as a clip. The
time to the first sight is that until anything of the reply stands there, and to the whole reply until its text and its clip do;
both hold the model's own time. A message is lost without a whole reply, and doubled with two; a reply is out of order when it stands above
the one to an earlier message of its conversation. A call is refused when the platform answers 429, and repeated when
the next call of the same count was refused as well. Memory is that of the service's own process, its slope that of the straight line through all
seconds but those of the first fifth: it grows until the newest 2,000 replies in Slack and 10,000 posts on Discord are known, which are edited
without being searched for."""

PLACES = 25
"""On each platform."""
EVERY_SECONDS = 30.0
MINUTES = 10.0
QUICK_MINUTES = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What was measured on one platform."""

    verdict: Verdict
    """What became of the messages."""
    asked: Sequence[Asked]
    """Every request of the bot."""
    scarce: Mapping[str, int]
    """The most calls a minute that are allowed of some methods."""
    at_work: int
    """In how many conversations the bot still seems to be at work."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Costs:
    """What was measured of the service."""

    watch: Watch
    """Memory and files, second by second."""
    cpu_ms: float
    """Processor time for each message, all processes together."""
    database_mb: float
    """Size of the database at the end."""
    media: int
    """Files of recordings and clips that are left at the end."""
    busy: int
    """How often a turn had to wait for a platform."""


async def measure(*, quick: bool, minutes: float | None = None) -> str:
    """Let people talk, and compare what was said with what came back; returns Markdown.

    Args:
        quick: for half a minute only.
        minutes: for how long, whatever else is said.
    """
    lasting = minutes or (QUICK_MINUTES if quick else MINUTES)
    with tempfile.TemporaryDirectory(prefix="mynah-bench-") as folder:
        async with busy(Path(folder), places=PLACES) as house:
            return _told(*await _measured(house, Pace(seconds=60 * lasting, every_seconds=EVERY_SECONDS)))


async def _measured(house: Busy, pace: Pace) -> tuple[Mapping[str, Outcome], Costs]:
    cpu = cpu_seconds(house.pid)
    async with watching(house.pid) as watch:
        said = await house.talked(pace)
    cpu = cpu_seconds(house.pid) - cpu
    outcomes = {town.name: await _outcome(town, said[town.name]) for town in house.towns}
    return outcomes, Costs(
        watch=watch,
        cpu_ms=1000 * cpu / sum(map(len, said.values())),
        database_mb=megabytes(house.folder) - megabytes(house.folder / "media"),
        media=len(house.media),
        busy=sum(line.get("event") == "platform busy" for line in house.service.log),
    )


async def _outcome(town: Town, said: Sequence[Said]) -> Outcome:
    verdict, asked = judge(said, await town.posted(), ending=ENDING), await town.asked()
    for name, keys in {"lost": verdict.lost, "doubled": verdict.doubled, "out of order": verdict.disordered}.items():
        if keys:
            sys.stderr.write(f"{town.name}, {name}: {', '.join(keys)}\n")
    return Outcome(verdict=verdict, asked=asked, scarce=town.scarce, at_work=len(await town.at_work()))


def _told(outcomes: Mapping[str, Outcome], costs: Costs) -> str:
    return "\n\n".join(
        (METHOD, _replies(outcomes), _times(outcomes), _calls(outcomes), _memory(costs), _aims(outcomes, costs))
    )


def _replies(outcomes: Mapping[str, Outcome]) -> str:
    columns = ("", "messages", "answered", "posts", "lost", "doubled", "out of order", "calls", "refused (429)", "repeated")  # fmt: skip
    return table(columns, {name: _reply_cells(outcome) for name, outcome in outcomes.items()})


def _reply_cells(outcome: Outcome) -> Sequence[str]:
    verdict, asked = outcome.verdict, outcome.asked
    which = ", ".join(f"{method} {count}" for method, count in refused(asked).items())
    numbers = (verdict.said, verdict.answered, verdict.posts, len(verdict.lost), len(verdict.doubled), len(verdict.disordered), len(asked))  # fmt: skip
    return (*map(str, numbers), which or "0", str(repeated(asked)))


def _times(outcomes: Mapping[str, Outcome]) -> str:
    columns = ("s", "first sight p50", "p95", "p99", "whole reply p50", "p95", "p99", "slowest")
    return table(columns, {name: _time_cells(outcome.verdict) for name, outcome in outcomes.items()})


def _time_cells(verdict: Verdict) -> Sequence[str]:
    first = [percentile(verdict.first, percent) for percent in (50, 95, 99)]
    whole = [percentile(verdict.whole, percent) for percent in (50, 95, 99, 100)]
    return [f"{seconds:.2f}" for seconds in (*first, *whole)]


def _calls(outcomes: Mapping[str, Outcome]) -> str:
    rows = [
        (f"`{method.removeprefix('/api/')}`", str(most), str(outcome.scarce[method]))
        for outcome in outcomes.values()
        for method, most in most_in_a_minute(outcome.asked, outcome.scarce).items()
    ]
    return table(("a scarce method of Slack", "most calls within a minute", "allowed"), rows)


def _memory(costs: Costs) -> str:
    looks = costs.watch.looks
    minutes = costs.watch.minutes()
    columns = (
        "the service",
        "at the start",
        *(f"minute {number + 1}" for number in range(len(minutes))),
        "at the end",
        "most",
    )
    own = [look.own_mb for look in looks]
    rows = {
        "its own memory, MB": [f"{mb:.1f}" for mb in (own[0], *minutes, own[-1], max(own))],
        "with its workers, MB": [f"{looks[0].all_mb:.0f}", *("" for _ in minutes), f"{looks[-1].all_mb:.0f}", f"{max(look.all_mb for look in looks):.0f}"],
        "open files": [str(looks[0].files), *("" for _ in minutes), str(looks[-1].files), str(max(look.files for look in looks))],
    }  # fmt: skip
    rest = (
        f"CPU: {costs.cpu_ms:.0f} ms a message. The database has {costs.database_mb:.1f} MB at the end, the media folder "
        f"{costs.media} files. Turns waited {costs.busy} times for a busy platform."
    )
    return f"{table(columns, rows)}\n\n{rest}"


def _aims(outcomes: Mapping[str, Outcome], costs: Costs) -> str:
    slope = costs.watch.slope(since_seconds=costs.watch.looks[-1].seconds / 5)
    files = median(look.files for look in costs.watch.looks[: len(costs.watch.looks) // 2])
    return aims([
        *(aim for name, outcome in outcomes.items() for aim in _platform_aims(name, outcome)),
        Aim(what="memory grows a minute", limit=0.5, measured=slope, unit="MB"),
        Aim(what="open files at the end, to the first half", limit=1.5, measured=costs.watch.looks[-1].files / files),
        Aim(what="files of media left", limit=0, measured=costs.media, unit="files"),
    ])  # fmt: skip


def _platform_aims(name: str, outcome: Outcome) -> Sequence[Aim]:
    verdict = outcome.verdict
    return (
        Aim(what=f"{name}: lost", limit=0, measured=len(verdict.lost), unit="messages"),
        Aim(what=f"{name}: doubled", limit=0, measured=len(verdict.doubled), unit="messages"),
        Aim(what=f"{name}: out of order", limit=0, measured=len(verdict.disordered), unit="messages"),
        Aim(what=f"{name}: seems to be at work still", limit=0, measured=outcome.at_work, unit="conversations"),
        Aim(what=f"{name}: refused calls", limit=5, measured=sum(refused(outcome.asked).values()), unit="calls"),
        Aim(what=f"{name}: refused and repeated", limit=0, measured=repeated(outcome.asked), unit="calls"),
    )
