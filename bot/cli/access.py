"""`mynah access`: who was let in to direct messages, and who waits for it."""

from typing import Annotated

import typer

from bot.app.opening import PLATFORMS
from bot.cli.house import show_time, with_house
from bot.cli.screen import Json, out, show_json, show_rows
from bot.domain.budget_text import parse_scope
from bot.domain.budgets import user_among
from bot.domain.errors import SettingInvalid
from bot.domain.pairing import CODE_MS, Pairing, read_code
from bot.pipeline.commands.pair import PAIRED, let_in
from bot.pipeline.house import House

BY = "command line"
NOBODY = "Nobody was let in, and nobody waits. It matters where `direct_messages` is set to paired."

access_commands = typer.Typer(
    help="Let people in to direct messages, where these are for paired ones.", no_args_is_help=True
)


@access_commands.command("pair")
def access_pair(code: Annotated[str, typer.Argument(help="The code that Mynah told who wants in.")]) -> None:
    """Let in who waits with a code."""

    async def pair(house: House) -> Pairing | None:
        asked = await house.pairings.asked(read_code(code))
        return asked if asked is not None and await let_in(house, asked, by=BY) else None

    paired = with_house(pair)
    if paired is None:
        raise SettingInvalid(code, "nobody waits with that code; codes hold for an hour")
    out.print(f"{paired.person}: may write direct messages", markup=False)


@access_commands.command("list")
def access_list(*, json: Json = False) -> None:
    """Show who was let in, and who waits with which code."""

    async def read(house: House) -> list[Pairing]:
        return list(await house.pairings.all())

    rows = [_row(pairing) for pairing in with_house(read)]
    show_json(rows) if json else show_rows(rows, empty=NOBODY)


@access_commands.command("revoke")
def access_revoke(
    person: Annotated[str, typer.Argument(help="PLATFORM:WORKSPACE:@USER, as `mynah access list` shows it.")],
) -> None:
    """Let somebody in no more, or take their code back."""
    scope = parse_scope(person, PLATFORMS)
    if user_among([scope]) is None:
        raise SettingInvalid(person, "a person is PLATFORM:WORKSPACE:@USER")

    async def revoke(house: House) -> bool:
        revoked = await house.pairings.revoke(scope)
        if revoked:
            await house.audit.note(scope, PAIRED, "off", by=BY)
        return revoked

    out.print(f"{scope}: {'is let in no more' if with_house(revoke) else 'was not let in'}", markup=False)


def _row(pairing: Pairing) -> dict[str, object]:
    holds = show_time(pairing.asked_at + CODE_MS)
    return {
        "person": pairing.person,
        "code": pairing.code,
        "asked": show_time(pairing.asked_at),
        "let in": show_time(pairing.paired_at) if pairing.paired_at else f"waits until {holds}",
        "by": pairing.paired_by,
    }
