"""`/mynah budget`, `/mynah usage` and `/mynah receipt`: what may be spent, what was, and on what."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.budget_text import parse_limit, parse_period, show_budget, whose_words
from bot.domain.budgets import Budget, Period, spending_scopes
from bot.domain.commands import CommandCall
from bot.domain.jobs import Job, JobStatus
from bot.domain.moments import show_moment
from bot.domain.money import Dimension, Nanodollars, UsageSum
from bot.domain.receipts import cost_words, make_receipt
from bot.pipeline.commands.places import DENIED, channel_scope, person
from bot.pipeline.house import House
from bot.words import phrase, say, say_count

MOST_LINES = 5
"""Of a list that is to stay short."""

NO_BUDGET = phrase(
    "No budget counts here: nothing limits what may be spent. `/mynah budget day 5` sets one of $5 a day for this channel."
)
SPENT = phrase("Nothing that costs money is done here until then; the embedded models cost nothing and go on working.")
NO_REPLY = phrase("There is no finished reply here yet.")


# --- budgets -----------------------------------------------------------------


async def budget(house: House, call: CommandCall) -> str:
    """Answer `/mynah budget`: show the budgets that count here, or set the channel's own."""
    period = parse_period(call.options["period"]) if call.options.get("period") else None
    dollars = call.options.get("dollars", "")
    if period is None or not dollars:
        return await _shown(house, call, period)
    limit = parse_limit(dollars)
    if not call.may_manage:
        return say(DENIED)
    await house.ledger.set_budget(channel_scope(call), period, limit, by=call.author.id)
    return f"{say('Done.')}\n{await _shown(house, call, None)}"


async def _shown(house: House, call: CommandCall, period: Period | None) -> str:
    standing = await house.ledger.standing(spending_scopes(call.place, call.author))
    shown = [each for each in standing if period in {None, each.period}]
    return "\n".join(_lines(house, call, shown)) or say(NO_BUDGET)


def _lines(house: House, call: CommandCall, budgets: Sequence[Budget]) -> list[str]:
    now = house.clock.now()
    lines = [f"- {show_budget(each, now, whose=whose_words(each.scope, call.place, call.author))}" for each in budgets]
    return [*lines, say(SPENT)] if any(not each.left for each in budgets) else lines


# --- usage -------------------------------------------------------------------


async def usage(house: House, call: CommandCall) -> str:
    """Answer `/mynah usage`: what was used in this channel today and this month, by model and by person."""
    models = await _both(house, call, Dimension.MODEL)
    if not models:
        return "\n".join([say("Nothing was used here this month."), *await _budgets(house, call)])
    today, month = (
        _words(*_total(sums)) for sums in ([line.today for line in models], [line.month for line in models])
    )
    channel = f"**{say('This channel')}**"
    return "\n".join(
        [
            say("{channel}: {today} today, {month} this month.", channel=channel, today=today, month=month),
            *_named(say("By model:"), models),
            *_named(say("By person:"), await _both(house, call, Dimension.USER)),
            *await _found(house, call),
            *await _budgets(house, call),
        ]
    )


async def _found(house: House, call: CommandCall) -> Sequence[str]:
    """Return what people said of the replies of this month; nothing where nobody said anything."""
    found = await house.reviews.rated(since=Period.MONTH.begins(house.clock.now()), place=call.place)
    if not (found.good or found.bad):
        return []
    return [say("Replies this month: 👍 {good}, 👎 {bad}.", good=found.good, bad=found.bad)]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Line:
    name: str
    today: UsageSum | None
    month: UsageSum


async def _both(house: House, call: CommandCall, by: Dimension) -> Sequence[_Line]:
    """Return the sums of today and this month, the costliest of the month first."""
    now, sums = house.clock.now(), house.ledger.sums
    today = {line.name: line for line in await sums(by, since=Period.DAY.begins(now), place=call.place)}
    month = await sums(by, since=Period.MONTH.begins(now), place=call.place)
    shown = {line.name: _person(line.name, call) if by is Dimension.USER else line.name for line in month}
    return [_Line(name=shown[line.name], today=today.get(line.name), month=line) for line in month]


def _person(name: str, call: CommandCall) -> str:
    author = name.removeprefix(f"{call.place.platform}:")
    return say("you") if author == call.author.id else person(author)


def _named(title: str, lines: Sequence[_Line]) -> Sequence[str]:
    shown = [
        "- "
        + say(
            "{name}: {today} today, {month} this month",
            name=line.name,
            today=_words(*_total([line.today])),
            month=_words(*_total([line.month])),
        )
        for line in lines[:MOST_LINES]
    ]
    more = len(lines) - len(shown)
    return [title, *shown, *([f"- {say('… and {count} more', count=more)}"] if more else [])]


def _total(sums: Sequence[UsageSum | None]) -> tuple[int, Nanodollars, int]:
    """Return the calls, their known cost, and how many have none."""
    known = [line for line in sums if line is not None]
    cost = Nanodollars(sum(line.cost for line in known))
    return sum(line.calls for line in known), cost, sum(line.unknown_costs for line in known)


def _words(calls: int, cost: Nanodollars, unknown: int) -> str:
    if not calls:
        return say("nothing")
    return say_count("{cost} in {count} call", "{cost} in {count} calls", calls, cost=cost_words(cost, unknown))


async def _budgets(house: House, call: CommandCall) -> Sequence[str]:
    standing = await house.ledger.standing(spending_scopes(call.place, call.author))
    return [say("Budgets:"), *_lines(house, call, standing)] if standing else []


# --- receipts ----------------------------------------------------------------


async def receipt(house: House, call: CommandCall) -> str:
    """Answer `/mynah receipt`: what the newest reply here took, call by call."""
    job = await house.jobs.newest(call.place, JobStatus.DONE)
    if job is None:
        return say(NO_REPLY)
    shown = {"person": person(job.message.author.id), "moment": show_moment(job.created_at)}
    return await receipt_of(
        house,
        job,
        calls=say("The newest reply here, to {person} on {moment}:", **shown),
        none=say("The newest reply here, to {person} on {moment}, asked no model, so it cost nothing.", **shown),
    )


async def receipt_of(house: House, job: Job, *, calls: str, none: str) -> str:
    """Return what one reply took, call by call, under a title; or what is said where it asked no model."""
    made = make_receipt(await house.journal.steps(job.id), await house.ledger.of_job(job.id))
    if not made.lines:
        return none
    return "\n".join([calls, *(f"- {line.words}" for line in made.lines), say("Sum: {cost}.", cost=made.sum_words)])
