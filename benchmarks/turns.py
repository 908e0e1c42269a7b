"""What one turn costs: Mynah against the thinnest bot that does the same work for people, in one run.

Platform, model and bot are processes of their own and talk over real sockets. Both bots are measured in turns, round by
round, so that what else the machine does meets both.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.rig.bots import HEARS_MP3, HEARS_OPUS, Contender
from benchmarks.rig.chat import Note
from benchmarks.rig.discord import discord
from benchmarks.rig.figures import Figures, is_sustained
from benchmarks.rig.load import Bench, Platform, Sample, Send, bench
from benchmarks.rig.machine import ROOT
from benchmarks.rig.model import AT_ONCE, SLOW_WORD
from benchmarks.rig.slack import slack
from benchmarks.rig.tables import pair
from benchmarks.rig.turn_tables import CONVERTED, PASSED, SLOW_ONES, TEXT, TEXT_PACED, told

TITLE = "One turn"

PLATFORMS: Mapping[str, Platform] = {"Slack": slack, "Discord": discord}
DATA = ROOT / "tests" / "data"
OGG = Note(path=DATA / "voice-note.ogg", seconds=5.5, type="audio/ogg", voice=True)
M4A = Note(path=DATA / "clip.m4a", seconds=5.5, type="audio/mp4", voice=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """How much is measured."""

    rounds: int
    """Of both bots."""
    texts: int
    """In each round, of each kind."""
    notes: int
    """In each round, of each kind."""
    rates: tuple[int, ...]
    """Messages a second, one load after the other."""
    seconds: int
    """Of each load."""
    probes: int
    """Messages that are sent while others wait for slow answers."""


FULL = Size(rounds=3, texts=12, notes=8, rates=(20, 40, 60, 80, 100, 140, 200), seconds=4, probes=4)
QUICK = Size(rounds=1, texts=4, notes=3, rates=(10, 20), seconds=2, probes=2)


async def measure(*, quick: bool) -> str:
    """Measure both bots on every platform; returns Markdown."""
    size = QUICK if quick else FULL
    return told({name: await _platform(name, platform, size) for name, platform in PLATFORMS.items()})


async def _platform(name: str, platform: Platform, size: Size) -> Mapping[Contender, Figures]:
    figures = {contender: Figures() for contender in Contender}
    for number in range(size.rounds):
        for contender, of in figures.items():
            _say(f"{name}, round {number + 1}, {contender}")
            await _round(platform, contender, of, size)
    await _loads(platform, figures, size)
    for contender, of in figures.items():
        of.behind_slow.extend(await _behind_slow(platform, contender, size.probes))
        _say(f"{name}, {contender}, behind {SLOW_ONES} slow ones: {pair(of.behind_slow)} ms")
    return figures


async def _round(platform: Platform, contender: Contender, of: Figures, size: Size) -> None:
    """Measure every kind of message once, at rates at which messages do not meet."""
    async with bench(platform, contender, hearing=HEARS_OPUS) as running:
        of.starts.append(running.bot.start_seconds)
        of.idle_mb.append(running.idle_mb)
        of.turns[TEXT_PACED].append(await running.load(_asking(running), rate=2, count=size.texts))
        await running.model.answer(AT_ONCE)
        of.turns[TEXT].append(await running.load(_asking(running), rate=5, count=size.texts))
        of.turns[PASSED].append(await running.load(_sending(running, OGG), rate=4, count=size.notes))
    async with bench(platform, contender, hearing=HEARS_MP3) as running:
        await running.model.answer(AT_ONCE)
        of.turns[CONVERTED].append(await running.load(_sending(running, M4A), rate=3, count=size.notes))


async def _loads(platform: Platform, figures: Mapping[Contender, Figures], size: Size) -> None:
    """Load both bots in turns, ever more, each until it does not keep up."""
    async with bench(platform, Contender.BARE) as bare, bench(platform, Contender.MYNAH) as mynah:
        for rate in size.rates:
            for contender, running in {Contender.BARE: bare, Contender.MYNAH: mynah}.items():
                loads = figures[contender].loads
                if all(map(is_sustained, loads.values())):
                    loads[rate] = await _load(running, rate, size.seconds)
                    _tell(contender, rate, loads[rate])


async def _load(running: Bench, rate: int, seconds: int) -> Sample:
    """Load a bot; a second time when it did not keep up, for the machine may have been busy with something else."""
    sample = await running.load(_asking(running), rate=rate, count=rate * seconds)
    if is_sustained(sample):
        return sample
    return await running.load(_asking(running), rate=rate, count=rate * seconds)


async def _behind_slow(platform: Platform, contender: Contender, probes: int) -> list[float]:
    """Ask while the model is busy with slow answers to others."""
    async with bench(platform, contender) as running:
        for number in range(SLOW_ONES):
            await running.chat.ask(number, f"{SLOW_WORD} please, question {number}")
        running.sent = SLOW_ONES
        await running.model.wait_for(SLOW_ONES)
        return list(await running.one_by_one(_asking(running), probes))


def _asking(running: Bench) -> Send:
    return lambda number: running.chat.ask(number, f"question {number}: what is a mynah?")


def _sending(running: Bench, note: Note) -> Send:
    return lambda number: running.chat.send(number, note)


def _tell(contender: Contender, rate: int, sample: Sample) -> None:
    _say(f"{contender}, {rate}/s: {pair(sample.overheads)} ms, {sample.cpu_ms:.1f} ms CPU, {sample.unanswered} lost")


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
