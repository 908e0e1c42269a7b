"""command: the commands that are answered at once, to their author alone."""

from collections.abc import Awaitable, Callable, Mapping

from bot.domain.commands import COMMANDS, CommandCall
from bot.domain.errors import MynahError
from bot.pipeline.commands.money import budget, receipt, usage
from bot.pipeline.commands.retry import retry
from bot.pipeline.commands.settings import model, settings, voice
from bot.pipeline.house import House

ANSWERS: Mapping[str, Callable[[House, CommandCall], Awaitable[str]]] = {
    "model": model,
    "voice": voice,
    "settings": settings,
    "budget": budget,
    "usage": usage,
    "receipt": receipt,
    "retry": retry,
}


async def carry_out(house: House, call: CommandCall) -> str:
    """Carry out a command and return its answer (Markdown); what goes wrong is told in the answer."""
    answer = ANSWERS.get(call.name)
    if answer is None:
        return f"I do not know the command {call.name}. I know {', '.join(c.usage for c in COMMANDS.values())}."
    try:
        return await answer(house, call)
    except MynahError as error:
        return error.sentence
