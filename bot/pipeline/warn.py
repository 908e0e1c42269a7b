"""warn: admins are told once, in a direct message, when a budget is nearly spent."""

from collections.abc import Mapping, Sequence

import structlog

from bot.domain.budgets import Budget, Period, spending_scopes
from bot.domain.errors import PlatformProblem, StorageProblem
from bot.domain.messages import Author, TextPart
from bot.domain.money import show_amount
from bot.pipeline.people import language_of
from bot.pipeline.posts import post
from bot.pipeline.run import Run
from bot.words import Phrase, phrase, say, speaking

log = structlog.get_logger()

WARNINGS: Mapping[Period, Phrase] = {
    Period.DAY: phrase(
        "Heads-up: {part} % of this day's budget of {scope} is spent ({spent} of {limit}). "
        "At 100 % I refuse what costs money; `/mynah budget` shows and changes it."
    ),
    Period.MONTH: phrase(
        "Heads-up: {part} % of this month's budget of {scope} is spent ({spent} of {limit}). "
        "At 100 % I refuse what costs money; `/mynah budget` shows and changes it."
    ),
}


async def warn_admins(run: Run) -> None:
    """Tell of the budgets that are nearly spent, each once in its day or month.

    Who is told: the channel's `admins`, else whoever set the budget from the chat; where nobody is known or none of
    them can be reached, it is said in the thread. Where that fails too, the next turn tries again.
    """
    ledger, place = run.house.ledger, run.message.place
    try:
        config = (await run.house.channels.config(place)).config
        for budget in await ledger.warn(spending_scopes(place, run.message.author)):
            try:
                await _warn(run, config.admins or _setter(run, budget), budget)
            except PlatformProblem as error:
                log.warning("admins not warned", reason=str(error))
                await ledger.unwarn(budget)
    except StorageProblem as error:
        log.warning("admins not warned", reason=str(error))


def _setter(run: Run, budget: Budget) -> Sequence[str]:
    """Return who set a budget, where it was a person of this workspace."""
    of_here = budget.scope.startswith(f"{run.message.place.platform}:{run.message.place.workspace}")
    return (budget.by,) if of_here and " " not in budget.by else ()


async def _warn(run: Run, admins: Sequence[str], budget: Budget) -> None:
    log.warning("budget nearly spent", scope=budget.scope, period=budget.period.value)
    told = [admin for admin in admins if await _is_told(run, admin, budget)]
    if not told:
        await post(run, f"post:warning:{budget.scope}:{budget.period}", TextPart(text=warning(budget)))


async def _is_told(run: Run, admin: str, budget: Budget) -> bool:
    place = run.message.place
    try:
        with speaking(await language_of(run.house, place, Author(id=admin))):
            await run.platform.tell(admin, warning(budget), workspace=place.workspace)
    except PlatformProblem as error:
        log.warning("admin not told", admin=admin, reason=error.reason)
        return False
    return True


def warning(budget: Budget) -> str:
    """Say how a budget stands (Markdown)."""
    part = 100 * budget.spent // budget.limit if budget.limit else 100
    return say(
        WARNINGS[budget.period].template,
        part=part,
        scope=budget.scope,
        spent=show_amount(budget.spent),
        limit=show_amount(budget.limit),
    )
