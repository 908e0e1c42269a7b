"""command: the commands that are answered at once, to their author alone."""

from collections.abc import Awaitable, Callable, Mapping

from bot.domain.commands import COMMANDS, CommandCall
from bot.domain.errors import MynahError
from bot.pipeline.commands.help import help_
from bot.pipeline.commands.me import me
from bot.pipeline.commands.money import budget, receipt, usage
from bot.pipeline.commands.pair import pair
from bot.pipeline.commands.privacy import forget, privacy
from bot.pipeline.commands.retry import retry
from bot.pipeline.commands.settings import model, settings, voice
from bot.pipeline.house import House
from bot.pipeline.people import language_of, refused
from bot.words import say, speaking

ANSWERS: Mapping[str, Callable[[House, CommandCall], Awaitable[str]]] = {
    "model": model,
    "voice": voice,
    "settings": settings,
    "budget": budget,
    "usage": usage,
    "receipt": receipt,
    "retry": retry,
    "me": me,
    "pair": pair,
    "privacy": privacy,
    "forget": forget,
    "help": help_,
}

FOR_ALL = frozenset({"privacy", "forget", "help", "pair"})
"""What also those may use who may use nothing else; to let others in has a rule of its own."""


async def carry_out(house: House, call: CommandCall) -> str:
    """Carry out a command and return its answer (Markdown); what goes wrong is told in the answer."""
    answer = ANSWERS.get(call.name)
    if answer is None:
        answer = _unknown
    with speaking(await language_of(house, call.place, call.author)):
        try:
            return await _refused(house, call) or await answer(house, call)
        except MynahError as error:
            return error.sentence


async def _unknown(_house: House, call: CommandCall) -> str:
    known = ", ".join(command.usage for command in COMMANDS.values())
    return say("I do not know the command {command}. I know {commands}.", command=call.name, commands=known)


async def _refused(house: House, call: CommandCall) -> str:
    """Return why a person may not use a command; empty when they may, as whoever manages the channel always does."""
    manages = call.may_manage and not call.place.direct
    if manages or call.name in FOR_ALL:
        return ""
    return await refused(house, call.author, call.place, (await house.channels.config(call.place)).config)
