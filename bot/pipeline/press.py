"""press: what somebody pressed under a reply, carried out; the answer is for them alone."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from bot.domain.controls import Press, Response
from bot.domain.errors import MynahError
from bot.domain.jobs import Job
from bot.domain.messages import Action
from bot.pipeline.house import House
from bot.pipeline.people import language_of, refused
from bot.pipeline.presses.again import again
from bot.pipeline.presses.correct import correct
from bot.pipeline.presses.judge import bad, good
from bot.pipeline.presses.receipt import receipt
from bot.pipeline.presses.speak import speak
from bot.pipeline.presses.wanted import GONE, Admit, Wanted
from bot.words import say, speaking

ANSWERS: Mapping[Action, Callable[[Wanted], Awaitable[Response]]] = {
    Action.AGAIN: again,
    Action.SPEAK: speak,
    Action.CORRECT: correct,
    Action.RECEIPT: receipt,
    Action.GOOD: good,
    Action.BAD: bad,
}


async def take_press(house: House, press: Press, admit: Admit) -> Response:
    """Carry out a press; what goes wrong is told in the answer.

    Args:
        house: the ports.
        press: who pressed what.
        admit: stores what is to be answered.
    """
    language = await language_of(house, press.place, press.author)
    with speaking(language):
        try:
            return replace(await _response(house, press, admit), language=language)
        except MynahError as error:
            return Response(text=error.sentence, language=language)


async def _response(house: House, press: Press, admit: Admit) -> Response:
    replied = await _replied(house, press)
    if replied is None:
        return Response(text=say(GONE))
    denied = await _denied(house, press)
    wanted = Wanted(house=house, press=press, replied=replied, admit=admit)
    return Response(text=denied) if denied else await ANSWERS[press.action](wanted)


async def _replied(house: House, press: Press) -> Job | None:
    """Return what made the reply; None when it is not known, or stands in another channel than the press."""
    job = await house.jobs.get(press.job)
    here = job is not None and job.message.place.scopes[1] == press.place.scopes[1]
    return job if here else None


async def _denied(house: House, press: Press) -> str:
    """Return why a person may not use the service here; who manages the channel always may."""
    if press.may_manage and not press.place.direct:
        return ""
    return await refused(house, press.author, press.place, (await house.channels.config(press.place)).config)
