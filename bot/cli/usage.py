"""`mynah usage`: what was used, what it cost, and whether the gateways say the same."""

import re
import sys
from typing import Annotated

import typer

from bot.cli.house import with_house
from bot.cli.screen import Json, err, out, show_json, show_rows
from bot.domain.errors import SettingInvalid
from bot.domain.money import Dimension, UsageSum, show_amount
from bot.domain.receipts import cost_words
from bot.pipeline.house import House
from bot.pipeline.reconcile import Comparison, Reconciled, reconcile

EVER = 100 * 365 * 86_400_000
"""Longer ago than anything, in milliseconds."""

SPANS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}

usage_commands = typer.Typer()


@usage_commands.callback(invoke_without_command=True)
def usage(
    context: typer.Context,
    by: Annotated[Dimension, typer.Option(help="What to sum by.")] = Dimension.MODEL,
    since: Annotated[str, typer.Option(help="How far back: 90m, 24h, 7d, 4w.")] = "30d",
    *,
    json: Json = False,
) -> None:
    """Show what was used and what it cost."""
    if context.invoked_subcommand is not None:
        return
    span = _milliseconds(since)

    async def read(house: House) -> list[UsageSum]:
        return list(await house.ledger.sums(by, since=house.clock.now() - span))

    sums = with_house(read)
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
        "cost": cost_words(line.cost, line.unknown_costs),
        "of_unknown_cost": line.unknown_costs,
    }


def _milliseconds(span: str) -> int:
    match = re.fullmatch(r"(\d+)([mhdw])", span.strip())
    if match is None:
        raise SettingInvalid("--since", f"{span!r} is not a time span such as 90m, 24h, 7d or 4w")
    return min(int(match[1]) * SPANS[match[2]], EVER)


# --- what the gateways say ---------------------------------------------------


@usage_commands.command("reconcile")
def usage_reconcile(*, json: Json = False) -> None:
    """Compare what was written down with what each gateway says it charged. Status 1 when they differ."""
    found = with_house(reconcile)
    if json:
        show_json([_reconciled(each) for each in found])
    else:
        _show(found)
    if any(each.problem or not all(one.is_equal for one in each.comparisons) for each in found):
        sys.exit(1)


def _reconciled(found: Reconciled) -> dict[str, object]:
    return {
        "gateway": found.gateway,
        "settled": found.settled,
        "unsettled": found.unsettled,
        "problem": found.problem,
        "comparisons": [
            {
                "period": one.period.value,
                "ours_nanodollars": one.ours.cost,
                "theirs_nanodollars": one.theirs,
                "difference_nanodollars": one.difference,
                "equal": one.is_equal,
            }
            for one in found.comparisons
        ],
    }


def _show(found: list[Reconciled]) -> None:
    rows = [_row(each, one) for each in found for one in each.comparisons]
    if rows or not found:
        show_rows(rows, empty="No gateway that is set up here tells what it charged, so there is nothing to compare.")
    for each in found:
        for sentence in each.sentences:
            out.print(sentence, markup=False)
        if each.problem:
            err.print(f"{each.gateway} could not be asked: {each.problem}.", markup=False)


def _row(found: Reconciled, one: Comparison) -> dict[str, object]:
    return {
        "gateway": found.gateway,
        "in": "today" if one.period == "day" else "this month",
        "written down": show_amount(one.ours.cost),
        "charged": show_amount(one.theirs),
        "difference": "none" if one.is_equal else show_amount(one.difference),
    }
