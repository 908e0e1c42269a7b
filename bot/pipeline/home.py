"""home: what somebody finds on a page of their own: their usage and wishes, and for admins how the channels stand."""

from collections.abc import Iterator, Sequence

from bot.domain.budget_text import show_budget
from bot.domain.budgets import Budget, Period, user_scope
from bot.domain.channels import ChannelConfig
from bot.domain.home import Home, HomeChannel
from bot.domain.jobs import JobStatus
from bot.domain.messages import Author, Place
from bot.domain.moments import show_moment
from bot.domain.money import Dimension, UsageSum
from bot.domain.receipts import cost_words
from bot.domain.suggestions import cut
from bot.pipeline.house import House
from bot.pipeline.panel import LOOK_SECONDS
from bot.pipeline.people import known_of, language_of
from bot.ports import Listed
from bot.words import say, say_count, speaking

MOST_CHANNELS = 20
MOST_ERRORS = 5
LOOKED_THROUGH = 200
"""Failed jobs of everybody among which those of a workspace are looked for."""
ERROR_LIMIT = 150
MINUTE_SECONDS = 60


async def make_home(house: House, place: Place, author: Author, *, channels: Sequence[str] | None) -> Home:
    """Return somebody's page; arguments as in `Intake.home`."""
    language = await language_of(house, place, author)
    with speaking(language):
        wishes, usage = await known_of(house, place, author), await _used(house, place, author)
        if channels is None:
            return Home(language=language, usage=usage, wishes=wishes)
        standing = await _channels(house, place, channels)
        return Home(
            language=language,
            usage=usage,
            wishes=wishes,
            channels=tuple(standing[:MOST_CHANNELS]),
            left_off=max(0, len(standing) - MOST_CHANNELS),
            health=(*await _gateways(house), *await _errors(house, place)),
        )


# --- one's own ---------------------------------------------------------------


async def _used(house: House, place: Place, author: Author) -> tuple[str, ...]:
    now = house.clock.now()
    sums = await house.ledger.sums(Dimension.USER, since=Period.MONTH.begins(now))
    mine = next((line for line in sums if line.name == f"{place.platform}:{author.id}"), None)
    budgets = await house.ledger.standing([user_scope(place, author)])
    return (_month(mine), *(show_budget(budget, now, whose=say("You")) for budget in budgets))


def _month(line: UsageSum | None) -> str:
    if line is None:
        return say("Nothing was used this month.")
    calls = say_count("{count} call", "{count} calls", line.calls)
    return say("Used this month: {cost} in {calls}.", cost=cost_words(line.cost, line.unknown_costs), calls=calls)


# --- for who is in charge ----------------------------------------------------


async def _channels(house: House, place: Place, channels: Sequence[str]) -> list[HomeChannel]:
    """Return how channels stand, the costliest first."""
    now = house.clock.now()
    sums = {line.name: line for line in await house.ledger.sums(Dimension.CHANNEL, since=Period.MONTH.begins(now))}
    budgets = await house.ledger.budgets()
    scopes = {f"{place.scopes[0]}:{channel}": channel for channel in channels}
    dearest = sorted(scopes, key=lambda scope: -sums[scope].cost if scope in sums else 1)
    return [
        HomeChannel(
            channel=scopes[scope],
            lines=(
                *_models((await house.channels.config(_there(place, scopes[scope]))).config),
                _month(sums.get(scope)),
                *_limits([budget for budget in budgets if budget.scope == scope], now),
            ),
        )
        for scope in dearest[:MOST_CHANNELS]
    ] + [HomeChannel(channel=scopes[scope], lines=()) for scope in dearest[MOST_CHANNELS:]]


def _there(place: Place, channel: str) -> Place:
    return Place(platform=place.platform, workspace=place.workspace, channel=channel)


def _models(config: ChannelConfig) -> Iterator[str]:
    yield say(
        "`{chat}` answers, `{ears}` writes down, `{mouth}` speaks.",
        chat=config.chat_model[0],
        ears=config.transcription_model[0],
        mouth=config.speech_model[0],
    )


def _limits(budgets: Sequence[Budget], now: int) -> Iterator[str]:
    for budget in budgets:
        yield show_budget(budget, now, whose=say("Budget"))


async def _gateways(house: House) -> Sequence[str]:
    offered = await house.catalogue_within(LOOK_SECONDS)
    lines = []
    for name, gateway in house.gateways.items():
        models = say_count("{count} model", "{count} models", sum(ref.gateway == name for ref in offered))
        age = gateway.listing_age() if isinstance(gateway, Listed) else 0.0
        if age is None:
            lines.append(say("⚠️ `{gateway}` has not told yet what it offers.", gateway=name))
        elif isinstance(gateway, Listed):
            minutes = say_count("{count} minute", "{count} minutes", int(age // MINUTE_SECONDS))
            lines.append(
                say("`{gateway}`: {models}, listed {minutes} ago.", gateway=name, models=models, minutes=minutes)
            )
        else:
            lines.append(say("`{gateway}`: {models}.", gateway=name, models=models))
    return lines


async def _errors(house: House, place: Place) -> Sequence[str]:
    """Return why the newest turns of a workspace failed, without anything that was said in them."""
    failed = await house.jobs.recent(LOOKED_THROUGH, JobStatus.FAILED)
    here = [job for job in failed if job.message.place.scopes[0] == place.scopes[0] and job.error]
    return [
        f"⚠️ {show_moment(job.ended_at or job.created_at)}: {cut(' '.join((job.error or '').split()), ERROR_LIMIT)}"
        for job in here[:MOST_ERRORS]
    ]
