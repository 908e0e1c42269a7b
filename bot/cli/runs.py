"""`mynah runs`: what was done, step by step, and what it took."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from bot.cli.house import show_time, with_house
from bot.cli.screen import Json, out, show_facts, show_json, show_rows
from bot.domain.budget_text import parse_limit
from bot.domain.errors import SettingInvalid
from bot.domain.jobs import Job, JobStatus
from bot.domain.journal import Step
from bot.domain.messages import JobId
from bot.domain.money import show_dollars
from bot.domain.receipts import Receipt, ReceiptLine, make_receipt
from bot.pipeline.house import House

runs_commands = typer.Typer(help="Look at messages on their way to a reply.", no_args_is_help=True)

JobName = Annotated[str, typer.Argument(help="The job's id, as `mynah runs list` shows it.")]


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

    rows = with_house(read)
    show_json(rows) if json else show_rows(rows, empty="Nothing was said to Mynah yet.")


@runs_commands.command("show")
def runs_show(job: JobName, *, json: Json = False) -> None:
    """Show one run: its steps, and its model calls with tokens, seconds and cost."""

    async def read(house: House) -> tuple[Job, Sequence[Step], Receipt, Mapping[str, object]] | None:
        found = await house.jobs.get(JobId(job))
        if found is None:
            return None
        steps = await house.journal.steps(found.id)
        receipt = make_receipt(steps, await house.ledger.of_job(found.id))
        held = await house.ledger.held(found.id)
        more = {"held": show_dollars(held) if held else "", **await _reviewed(house, found)}
        return found, list(steps.values()), receipt, more

    shown = with_house(read)
    if shown is None:
        raise SettingInvalid(job, "there is no such run; `mynah runs list` shows the newest")
    _show(*shown, json=json)


async def _reviewed(house: House, job: Job) -> Mapping[str, object]:
    """Return what people said of a reply: how often it was found good or not, and whether they corrected what was heard."""
    ratings = await house.reviews.ratings(job.id)
    corrected = bool(await house.reviews.corrections(job.message.subject))
    return {"good": ratings.good, "bad": ratings.bad, "corrected": corrected}


def _show(job: Job, steps: Sequence[Step], receipt: Receipt, more: Mapping[str, object], *, json: bool) -> None:
    facts = {**_row(job), "tries": job.tries, "cost": receipt.sum_words, **more}
    taken = [{"name": step.name, "state": step.state.value, "at": show_time(step.at)} for step in steps]
    calls = [_call(line) for line in receipt.lines]
    if json:
        show_json({**facts, "steps": taken, "calls": calls})
        return
    show_facts(facts.items())
    show_rows(taken, empty="No step was taken yet.")
    show_rows([_told(call) for call in calls], empty="No model was called.")


@runs_commands.command("retry")
def runs_retry(job: JobName) -> None:
    """Repeat a call that may have been charged already, of a run that waits for your decision."""
    _decide(job, repeat=True, done="It runs again.")


@runs_commands.command("cancel")
def runs_cancel(job: JobName) -> None:
    """Stop a run that is not over."""

    async def cancel(house: House) -> bool:
        return await house.jobs.cancel(JobId(job))

    _confirm(with_house(cancel), job, "Cancelled.")


def _call(line: ReceiptLine) -> dict[str, object]:
    usage = line.usage
    return {
        "step": line.step,
        "model": line.model,
        "instead_of": line.instead_of,
        "at": show_time(line.at),
        "tokens_in": usage.tokens_in,
        "tokens_out": usage.tokens_out,
        "sound_seconds": None if usage.audio_ms is None else round(usage.audio_ms / 1000, 1),
        "seconds": round(line.duration_ms / 1000, 2),
        "cost": show_dollars(usage.cost),
        "cost_nanodollars": usage.cost,
    }


def _told(call: Mapping[str, object]) -> Mapping[str, object]:
    """Return a call as people read it; the step says when and which, the exact sum stands beside the others."""
    left_out = {"at", "cost_nanodollars"}
    return {
        name.replace("_", " "): "" if value is None else value for name, value in call.items() if name not in left_out
    }


@runs_commands.command("settle")
def runs_settle(
    job: JobName, cost: Annotated[str, typer.Option(help="What it did cost in all, in dollars: 0, 0.25.")] = "0"
) -> None:
    """Say what a run did cost that no gateway tells the cost of, so that budgets hold nothing back for it any more."""
    amount = parse_limit(cost)
    if amount is None:
        raise SettingInvalid("--cost", "say an amount such as 0 or 0.25")

    async def settle(house: House) -> bool:
        return await house.ledger.write_off(JobId(job), amount, by="command line")

    _confirm(with_house(settle), job, f"Settled at {show_dollars(amount)}.")


def _decide(job: str, *, repeat: bool, done: str) -> None:
    async def decide(house: House) -> bool:
        return await house.jobs.decide(JobId(job), repeat=repeat)

    _confirm(with_house(decide), job, done)


def _confirm(happened: bool, job: str, done: str) -> None:  # noqa: FBT001
    if not happened:
        raise SettingInvalid(job, "there is no such run, or it does not wait for that")
    out.print(done)


def _row(job: Job) -> dict[str, object]:
    return {
        "run": job.id,
        "status": job.status.value,
        "at": show_time(job.created_at),
        "author": job.message.author.name or job.message.author.id,
        "error": job.error or "",
    }
