"""`mynah audit` and `mynah forget`: who changed what, and the end of what a person said."""

from typing import Annotated

import typer

from bot.app.opening import PLATFORMS
from bot.cli.house import show_time, with_house
from bot.cli.screen import Json, out, show_json, show_rows
from bot.domain.budget_text import parse_scope
from bot.domain.budgets import user_among
from bot.domain.errors import SettingInvalid
from bot.domain.money import Nanodollars, show_amount
from bot.domain.records import Change, Erased
from bot.pipeline.house import House
from bot.pipeline.retention import forget as forget_person

BY = "command line"


def audit(
    within: Annotated[
        str, typer.Option(help="Only this scope and what is below it, for example slack:T024BE7LD.")
    ] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many.")] = 50,
    *,
    json: Json = False,
) -> None:
    """Show who changed which setting or budget, when, and from what to what, the newest first."""

    async def read(house: House) -> list[dict[str, object]]:
        return [_row(change) for change in await house.audit.newest(limit, within)]

    rows = with_house(read)
    show_json(rows) if json else show_rows(rows, empty="Nothing was changed yet.")


def forget(
    person: Annotated[str, typer.Argument(help="PLATFORM:WORKSPACE:@USER, for example slack:T024BE7LD:@U0123ABCD.")],
) -> None:
    """Erase everything that is kept of what a person said. What was used and cost stays counted."""
    scope = parse_scope(person, PLATFORMS)
    if user_among([scope]) is None:
        raise SettingInvalid(person, "a person is PLATFORM:WORKSPACE:@USER")

    async def erase(house: House) -> Erased:
        return await forget_person(house, scope, by=BY)

    out.print(f"{scope}: erased {with_house(erase).words}", markup=False)


def _row(change: Change) -> dict[str, object]:
    old, new = (_value(change.name, value) for value in (change.old, change.new))
    return {
        "at": show_time(change.at),
        "by": change.by,
        "scope": change.scope,
        "changed": change.name,
        "from": old,
        "to": new,
    }


def _value(name: str, value: str | None) -> str:
    if value is None:
        return "(not set)"
    return show_amount(Nanodollars(int(value))) if name.startswith("budget a ") else value or "(empty)"
