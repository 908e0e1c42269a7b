"""`mynah budget`: how much may be spent where, by whom, in a day or a month."""

from typing import Annotated

import typer

from bot.app.opening import PLATFORMS
from bot.cli.house import show_time, with_house
from bot.cli.screen import Json, out, show_json, show_rows
from bot.domain.budget_text import SCOPE_FORM, parse_limit, parse_period, parse_scope
from bot.domain.budgets import EACH_USER, Budget
from bot.domain.money import show_amount
from bot.pipeline.house import House

BY = "command line"
NO_BUDGET = "No budget is set: nothing limits what may be spent. `mynah budget set service day 5` sets one of $5 a day."

budget_commands = typer.Typer(help="Limit what may be spent in a day or a month (UTC).", no_args_is_help=True)

Scope = Annotated[str, typer.Argument(help=f"{SCOPE_FORM}; {EACH_USER} holds for every user without their own.")]
PeriodName = Annotated[str, typer.Argument(help="day or month.")]


@budget_commands.command("set")
def budget_set(
    scope: Scope,
    period: PeriodName,
    dollars: Annotated[str, typer.Argument(help="The most that may be spent, such as 5 or 0.50.")],
) -> None:
    """Set the most that may be spent at a scope."""
    whose, lasts, limit = parse_scope(scope, PLATFORMS), parse_period(period), parse_limit(dollars)
    if limit is None:
        budget_unset(scope, period)
        return

    async def change(house: House) -> None:
        await house.ledger.set_budget(whose, lasts, limit, by=BY)

    with_house(change)
    out.print(f"{whose}: {show_amount(limit)} a {lasts}", markup=False)


@budget_commands.command("unset")
def budget_unset(scope: Scope, period: PeriodName) -> None:
    """Lift a limit."""
    whose, lasts = parse_scope(scope, PLATFORMS), parse_period(period)

    async def change(house: House) -> bool:
        was_set = any((each.scope, each.period) == (whose, lasts) for each in await house.ledger.budgets())
        await house.ledger.set_budget(whose, lasts, None, by=BY)
        return was_set

    out.print(f"{whose}: {'no' if with_house(change) else 'there was no'} limit a {lasts}", markup=False)


@budget_commands.command("show")
def budget_show(*, json: Json = False) -> None:
    """Show every budget, and how it stands."""

    async def read(house: House) -> tuple[list[Budget], int]:
        return list(await house.ledger.budgets()), house.clock.now()

    budgets, now = with_house(read)
    if json:
        show_json([_counted(each, now) for each in budgets])
    else:
        show_rows([_row(each, now) for each in budgets], empty=NO_BUDGET)


def _counted(budget: Budget, now: int) -> dict[str, object]:
    return {
        "scope": budget.scope,
        "period": budget.period.value,
        "limit_nanodollars": budget.limit,
        "spent_nanodollars": budget.spent,
        "held_nanodollars": budget.held,
        "left_nanodollars": budget.left,
        "starts_anew": show_time(budget.period.ends(now)),
        "by": budget.by,
    }


def _row(budget: Budget, now: int) -> dict[str, object]:
    # What every user may spend is counted for each of them, not here.
    stands = ("", "", "") if budget.scope == EACH_USER else map(show_amount, (budget.spent, budget.held, budget.left))
    spent, held, left = stands
    return {
        "scope": budget.scope,
        "limit": f"{show_amount(budget.limit)} a {budget.period}",
        "spent": spent,
        "held": held,
        "left": left,
        "starts anew": show_time(budget.period.ends(now)),
        "set by": budget.by,
    }
