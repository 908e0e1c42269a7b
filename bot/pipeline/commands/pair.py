"""`/mynah pair`: somebody in charge lets a stranger in to direct messages, by the code that the stranger was told."""

from dataclasses import replace

from bot.domain.commands import CommandCall
from bot.domain.messages import Place
from bot.domain.pairing import Pairing, read_code
from bot.pipeline.commands.places import person
from bot.pipeline.house import House
from bot.words import phrase, say

PAIRED = "paired"
"""What the audit calls it."""

NOT_IN_CHARGE = phrase(
    "Only an admin of the workspace, or somebody whom the setting `admins` names for all of it, can let others in."
)
NO_SUCH_CODE = phrase(
    "Nobody waits with that code. Codes hold for an hour; after that, a new direct message brings another."
)


async def pair(house: House, call: CommandCall) -> str:
    """Answer `/mynah pair`: let in who waits with a code. Who is not in charge is not told whether somebody does."""
    asked = await house.pairings.asked(read_code(call.options.get("code", "")))
    if not await _is_in_charge(house, call, asked):
        return say(NOT_IN_CHARGE)
    if asked is None or not await let_in(house, asked, by=call.author.id):
        return say(NO_SUCH_CODE)
    return say("{person} may write me direct messages from now on.", person=person(asked.person.rpartition("@")[2]))


async def let_in(house: House, asked: Pairing, *, by: str) -> bool:
    """Let somebody in, and note it in the audit; False when they wait no more."""
    if not await house.pairings.let_in(asked.person, by=by):
        return False
    await house.audit.note(asked.person, PAIRED, "on", by=by)
    return True


async def _is_in_charge(house: House, call: CommandCall, asked: Pairing | None) -> bool:
    """Return whether somebody decides who writes direct messages where a stranger waits, or else where they are.

    That is more than to manage a channel, as whoever made one does: else everybody could let themselves in.
    """
    place = call.place
    here = place.scopes[0]
    if call.may_administer and (asked is None or asked.workspace == here):
        return True
    platform, _, workspace = (asked.workspace if asked else here).partition(":")
    whole = Place(platform=platform, workspace=workspace, channel="")
    if platform != place.platform:
        return False
    return call.author.id in (await house.channels.config(replace(whole, direct=True))).config.admins
