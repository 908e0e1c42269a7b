"""`mynah runs` and `mynah usage`: what was done, and what it cost."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import typer

from bot.app.opening import open_house
from bot.cli.screen import Json, out, show_facts, show_json, show_rows
from bot.domain.errors import SettingInvalid
from bot.domain.jobs import Job, JobStatus
from bot.domain.messages import JobId
from bot.domain.money import Dimension, UsageSum, show_dollars
from bot.pipeline.house import House
from bot.settings import load_settings

T = TypeVar("T")

runs_commands = typer.Typer(help="Look at messages on their way to a reply.", no_args_is_help=True)

JobName = Annotated[str, typer.Argument(help="The job's id, as `mynah runs list` shows it.")]

EVER = 100 * 365 * 86_400_000
"""Longer ago than anything, in milliseconds."""

SPANS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}


@runs_commands.command("list")
def runs_list(
    status: Annotated[JobStatus | None, typer.Option(help="Only those.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 20,
    *,
    json: Json = False,
) -> None:
    """List the newest runs."""

    async def read(house: House) -> list[dict[str, object]]:
        return [_row(job) for job in await house.jobs.recent(limit, status)]

    rows = _with_records(read)
    show_json(rows) if json else show_rows(rows, empty="Nothing was said to Mynah yet.")


@runs_commands.command("show")
def runs_show(job: JobName, *, json: Json = False) -> None:
    """Show one run: its steps and its model calls."""

    async def read(house: House) -> dict[str, object] | None:
        found = await house.jobs.get(JobId(job))
        if found is None:
            return None
        steps = (await house.journal.steps(found.id)).values()
        records = await house.ledger.of_job(found.id)
        return {
            **_row(found),
            "tries": found.tries,
            "steps": [{"name": s.name, "state": s.state.value, "at": _time(s.at)} for s in steps],
            "calls": [
                {
                    "step": r.step,
                    "model": f"{r.gateway}/{r.model}",
                    "ms": r.duration_ms,
                    "cost": show_dollars(r.usage.cost),
                }
                for r in records
            ],
        }

    shown = _with_records(read)
    if shown is None:
        raise SettingInvalid(job, "there is no such run; `mynah runs list` shows the newest")
    if json:
        show_json(shown)
        return
    steps, calls = shown.pop("steps"), shown.pop("calls")
    show_facts(shown.items())
    show_rows(steps, empty="No step was taken yet.")  # type: ignore[arg-type]
    show_rows(calls, empty="No model was called.")  # type: ignore[arg-type]


@runs_commands.command("retry")
def runs_retry(job: JobName) -> None:
    """Repeat a call that may have been charged already, of a run that waits for your decision."""
    _decide(job, repeat=True, done="It runs again.")


@runs_commands.command("cancel")
def runs_cancel(job: JobName) -> None:
    """Stop a run that is not over."""

    async def cancel(house: House) -> bool:
        return await house.jobs.cancel(JobId(job))

    _tell(_with_records(cancel), job, "Cancelled.")


def usage(
    by: Annotated[Dimension, typer.Option(help="What to sum by.")] = Dimension.MODEL,
    since: Annotated[str, typer.Option(help="How far back: 90m, 24h, 7d, 4w.")] = "30d",
    *,
    json: Json = False,
) -> None:
    """Show what was used and what it cost."""
    span = _milliseconds(since)

    async def read(house: House) -> list[UsageSum]:
        return list(await house.ledger.sums(by, since=house.clock.now() - span))

    sums = _with_records(read)
    if json:
        show_json([_counted(line, by) | {"cost_nanodollars": line.cost} for line in sums])
        return
    rows = [{name.replace("_", " "): value for name, value in _counted(line, by).items()} for line in sums]
    show_rows(rows, empty=f"Nothing was used in the last {since}.")


def _counted(line: UsageSum, by: Dimension) -> dict[str, object]:
    return {
        by.value: line.name,
        "calls": line.calls,
        "tokens_in": line.tokens_in,
        "tokens_out": line.tokens_out,
        "sound_seconds": round(line.audio_ms / 1000, 1),
        "cost": show_dollars(line.cost),
        "of_unknown_cost": line.unknown_costs,
    }


def _decide(job: str, *, repeat: bool, done: str) -> None:
    async def decide(house: House) -> bool:
        return await house.jobs.decide(JobId(job), repeat=repeat)

    _tell(_with_records(decide), job, done)


def _tell(happened: bool, job: str, done: str) -> None:  # noqa: FBT001
    if not happened:
        raise SettingInvalid(job, "there is no such run, or it does not wait for that")
    out.print(done)


def _with_records(read: Callable[[House], Awaitable[T]]) -> T:
    async def run() -> T:
        async with open_house(load_settings()) as house:
            return await read(house)

    return asyncio.run(run())


def _row(job: Job) -> dict[str, object]:
    return {
        "run": job.id,
        "status": job.status.value,
        "at": _time(job.created_at),
        "author": job.message.author.name or job.message.author.id,
        "error": job.error or "",
    }


def _time(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _milliseconds(span: str) -> int:
    match = re.fullmatch(r"(\d+)([mhdw])", span.strip())
    if match is None:
        raise SettingInvalid("--since", f"{span!r} is not a time span such as 90m, 24h, 7d or 4w")
    return min(int(match[1]) * SPANS[match[2]], EVER)
