"""*Good* and *not good*: what people find of a reply; who does not like one can say what was heard wrongly."""

from bot.domain.controls import Response
from bot.domain.messages import Action
from bot.pipeline.card import card_of
from bot.pipeline.presses.wanted import Wanted
from bot.words import phrase, say

THANKS = phrase("Thank you, I have noted that it was good.")
SORRY = phrase("Thank you, I have noted that it was not good.")
OFFER = phrase("If I heard something wrongly, you can correct it.")


async def good(wanted: Wanted) -> Response:
    """Keep that somebody finds a reply good."""
    await _keep(wanted, good=True)
    return Response(text=say(THANKS))


async def bad(wanted: Wanted) -> Response:
    """Keep that somebody finds a reply not good, and offer them to correct what was heard."""
    await _keep(wanted, good=False)
    if card_of(await wanted.steps()) is None:
        return Response(text=say(SORRY))
    return Response(text=f"{say(SORRY)} {say(OFFER)}", actions=(Action.CORRECT,))


async def _keep(wanted: Wanted, *, good: bool) -> None:
    await wanted.house.reviews.rate(wanted.replied.id, wanted.press.author.id, good=good)
