"""The tables of turns: what was measured of both bots, beside what was aimed at and what others took before."""

from collections.abc import Mapping, Sequence
from statistics import median

from benchmarks.rig.bots import Contender
from benchmarks.rig.figures import SUSTAINED_MS, Figures
from benchmarks.rig.load import Sample
from benchmarks.rig.tables import Aim, aims, pair, percentile, quotient, ratio, spread, table

TEXT = "text, the model answers at once"
TEXT_PACED = "text, the model takes 0.6 s"
PASSED = "voice note passed through (5.5 s, ogg)"
CONVERTED = "recording converted (5.5 s, m4a to mp3)"
KINDS = (TEXT, TEXT_PACED, PASSED, CONVERTED)

SLOW_ONES = 30
AIMED_RATE = 100

ELSEWHERE: Mapping[str, Mapping[str, Sequence[str]]] = {
    "Slack": {
        "bare bot, measured before": ("7.4 / 14", "4.3", "48 -> 49", "0.4", "80", ""),
        "AstrBot, measured before": ("28 / 46", "30", "248 -> 252", "4.9", "10", "6,600 to 14,000 (three such bots)"),
    },
    "Discord": {
        "bare bot, measured before": ("3.7 / 8.5", "3.0", "49 -> 51", "0.3", "80 to 160", ""),
        "AstrBot, measured before": ("29 / 42", "28", "256 -> 260", "5.1", "20", "6,600 to 14,000 (three such bots)"),
    },
}
"""On another machine of two cores, with the same pace of the model: compare ratios, not milliseconds."""

METHOD = f"""\
Overhead is the time from a message's arrival on the platform to the whole answer standing there, without the time that
the model held the call. The bare bot is discord.py, or slack-bolt in Socket Mode, with one httpx client: it stores
nothing, shows nothing while it works and hands every recording on as it is; Mynah stores every message and every step on
the disk, shows that it works, lets the text grow, and probes every recording and listens for silence. The model streams
60 tokens: at once, or the first after 0.3 s and then 200 a second ("0.6 s"). Spreads are the medians of the rounds.
Memory is that of all the bot's processes; what they share counts for each. A rate is sustained when every message is
answered, 95 of 100 with at most {SUSTAINED_MS:.0f} ms of overhead, at the second try at the latest; platform, model and the
load itself share the machine with the bot ("cores busy" counts everything). What was measured before on AstrBot and on a bare bot comes from another machine
of two cores: compare how far each is from its bare bot."""


def told(platforms: Mapping[str, Mapping[Contender, Figures]]) -> str:
    """Return everything as Markdown."""
    parts = [METHOD]
    for name, figures in platforms.items():
        bare, mynah = figures[Contender.BARE], figures[Contender.MYNAH]
        parts += [f"### {name}", _kinds(bare, mynah), _overview(name, bare, mynah), _loads(bare, mynah)]
        parts.append(aims(_aims(bare, mynah)))
    return "\n\n".join(parts)


def _kinds(bare: Figures, mynah: Figures) -> str:
    columns = ("a turn", "bare bot: overhead p50 / p95, ms", "rounds", "Mynah", "rounds", "ratio of p50", "CPU, ms: bare", "Mynah", "ratio")  # fmt: skip
    return table(columns, {kind: _kind_cells(kind, bare, mynah) for kind in KINDS})


def _kind_cells(kind: str, bare: Figures, mynah: Figures) -> Sequence[str]:
    theirs, ours = bare.overheads(kind), mynah.overheads(kind)
    cpu, own_cpu = bare.cpu_ms(kind), mynah.cpu_ms(kind)
    return (
        pair(theirs),
        spread(bare.medians(kind)),
        pair(ours),
        spread(mynah.medians(kind)),
        ratio(percentile(ours, 50), percentile(theirs, 50)),
        spread(cpu),
        spread(own_cpu),
        ratio(median(own_cpu), median(cpu)),
    )


def _overview(platform: str, bare: Figures, mynah: Figures) -> str:
    columns = (
        "2 messages/s, the model takes 0.6 s",
        "overhead p50 / p95, ms",
        "CPU, ms a message",
        "memory idle -> most under 2/s, MB",
        "start, s",
        "highest rate, messages/s",
        f"behind {SLOW_ONES} slow ones, ms",
    )
    rows = {
        "bare bot": _overview_cells(bare),
        "Mynah": _overview_cells(mynah),
        "Mynah to the bare bot": _overview_ratios(bare, mynah),
        **ELSEWHERE[platform],
    }
    return table(columns, rows)


def _overview_cells(of: Figures) -> Sequence[str]:
    return (
        pair(of.overheads(TEXT_PACED)),
        spread(of.cpu_ms(TEXT_PACED)),
        f"{median(of.idle_mb):.0f} -> {_steady_mb(of):.0f}",
        spread(of.starts, ".2f"),
        str(of.highest_rate),
        pair(of.behind_slow),
    )


def _steady_mb(of: Figures) -> float:
    return max(sample.peak_mb for sample in of.turns[TEXT_PACED])


def _overview_ratios(bare: Figures, mynah: Figures) -> Sequence[str]:
    theirs, ours = bare.overheads(TEXT_PACED), mynah.overheads(TEXT_PACED)
    return (
        " / ".join(ratio(percentile(ours, percent), percentile(theirs, percent)) for percent in (50, 95)),
        ratio(median(mynah.cpu_ms(TEXT_PACED)), median(bare.cpu_ms(TEXT_PACED))),
        f"{ratio(median(mynah.idle_mb), median(bare.idle_mb))} -> {ratio(_steady_mb(mynah), _steady_mb(bare))}",
        ratio(median(mynah.starts), median(bare.starts)),
        ratio(mynah.highest_rate, bare.highest_rate),
        ratio(percentile(mynah.behind_slow, 50), percentile(bare.behind_slow, 50)),
    )


def _loads(bare: Figures, mynah: Figures) -> str:
    shared = ("overhead p50 / p95, ms", "lost", "CPU, ms a message", "cores busy")
    columns = ("messages/s", *(f"bare: {name}" for name in shared), *(f"Mynah: {name}" for name in shared))
    rows = {
        str(rate): (
            *_load_cells(bare.loads.get(rate)),
            *_load_cells(mynah.loads.get(rate)),
            *_own(mynah.loads.get(rate)),
        )
        for rate in sorted({*bare.loads, *mynah.loads})
    }
    return table((*columns, "Slack's ack p99, ms", "most memory, MB"), rows)


def _load_cells(sample: Sample | None) -> Sequence[str]:
    if sample is None:
        return ("",) * 4
    return (pair(sample.overheads), str(sample.unanswered), f"{sample.cpu_ms:.1f}", f"{sample.busy:.1f}")


def _own(sample: Sample | None) -> Sequence[str]:
    if sample is None:
        return ("", "")
    return (f"{1000 * percentile(sample.acks, 99):.0f}" if sample.acks else "", f"{sample.peak_mb:.0f}")


def _aims(bare: Figures, mynah: Figures) -> Sequence[Aim]:
    text, theirs = mynah.overheads(TEXT_PACED), bare.overheads(TEXT_PACED)
    at_aim = mynah.loads.get(AIMED_RATE)
    wanted = [
        Aim(what="text, overhead p50", limit=15, measured=percentile(text, 50), unit="ms"),
        Aim(what="text, overhead p50 to the bare bot", limit=3, measured=_to(text, theirs)),
        Aim(what="the same, the model answers at once", limit=3, measured=_to(mynah.overheads(TEXT), bare.overheads(TEXT))),
        Aim(what="text, overhead p95", limit=30, measured=percentile(text, 95), unit="ms"),
        Aim(what="text, CPU a message", limit=8, measured=median(mynah.cpu_ms(TEXT_PACED)), unit="ms"),
        Aim(what="voice note passed through, overhead p50", limit=30, measured=percentile(mynah.overheads(PASSED), 50), unit="ms"),
        Aim(what="recording converted, overhead p50", limit=110, measured=percentile(mynah.overheads(CONVERTED), 50), unit="ms"),
        Aim(what="first text after the model's, p50", limit=25, measured=percentile(mynah.first_texts(TEXT_PACED), 50), unit="ms"),
        Aim(what="highest rate", limit=AIMED_RATE, measured=mynah.highest_rate, unit="messages/s", at_least=True),
        Aim(what="lost at any rate", limit=0, measured=sum(s.unanswered for s in mynah.loads.values()), unit="messages"),
        Aim(what="start", limit=1.2, measured=median(mynah.starts), unit="s"),
        Aim(what="idle, without models", limit=100, measured=median(mynah.idle_mb), unit="MB"),
        Aim(what="more under load", limit=60, measured=mynah.peak_mb - median(mynah.idle_mb), unit="MB"),
        Aim(what=f"behind {SLOW_ONES} slow ones elsewhere, overhead p50", limit=100, measured=percentile(mynah.behind_slow, 50), unit="ms"),
    ]  # fmt: skip
    if at_aim is not None and at_aim.acks:
        ack = 1000 * percentile(at_aim.acks, 99)
        wanted.append(Aim(what=f"acknowledgement p99 at {AIMED_RATE} messages/s", limit=250, measured=ack, unit="ms"))
    return wanted


def _to(ours: Sequence[float], theirs: Sequence[float]) -> float:
    return quotient(percentile(ours, 50), percentile(theirs, 50))
