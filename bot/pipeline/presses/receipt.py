"""*Receipt*: what one reply took, call by call."""

from bot.domain.controls import Response
from bot.domain.moments import show_moment
from bot.pipeline.commands.money import receipt_of
from bot.pipeline.presses.wanted import Wanted
from bot.words import say


async def receipt(wanted: Wanted) -> Response:
    """Show the receipt of a reply."""
    job = wanted.replied
    moment = show_moment(job.created_at)
    text = await receipt_of(
        wanted.house,
        job,
        calls=say("This reply, to what was said on {moment}:", moment=moment),
        none=say("This reply, to what was said on {moment}, asked no model, so it cost nothing.", moment=moment),
    )
    return Response(text=text)
