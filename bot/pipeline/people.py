"""people: who somebody is for us: what they wish, which language they speak, their groups, and whether they were let in.

None of this fails a turn: what cannot be found out in a moment is taken for unknown, and for access that is the stricter.
"""

import asyncio
from dataclasses import replace

import structlog

from bot.domain.access import HOUR_MS, refusal
from bot.domain.budgets import user_scope
from bot.domain.channels import ChannelConfig, DirectMessages
from bot.domain.errors import PlatformProblem, StorageProblem
from bot.domain.messages import Author, Place
from bot.domain.people import LOCALE_HOURS, Person, reply_to
from bot.pipeline.house import House
from bot.ports import Directory
from bot.words import speaking

log = structlog.get_logger()

LOOK_UP_SECONDS = 0.7
"""How long a platform may take to tell about somebody: what waits for it has three seconds altogether."""


async def known_of(house: House, place: Place, author: Author) -> Person:
    """Return what is known of somebody where they speak, or failing that, what they wish everywhere.

    Raises:
        StorageUnavailable: it cannot be read.
    """
    here = await house.people.known(user_scope(place, author))
    if not place.workspace:
        return here
    everywhere = await house.people.known(user_scope(replace(place, workspace=""), author))
    return replace(
        here,
        voice=here.voice if here.wishes else everywhere.voice,
        language=here.language if here.wishes else everywhere.language,
        locale=here.locale or everywhere.locale,
    )


async def config_for(house: House, place: Place, author: Author) -> ChannelConfig:
    """Return the settings of a place as they hold for somebody who speaks there.

    Raises:
        StorageUnavailable: they cannot be read.
    """
    config = (await house.channels.config(place)).config
    return replace(config, reply=reply_to((await known_of(house, place, author)).voice, config.reply))


# --- their language ----------------------------------------------------------


async def language_of(house: House, place: Place, author: Author) -> str:
    """Return the language that somebody is spoken to in: what they wish, else their locale; empty where nobody knows."""
    try:
        known = await known_of(house, place, author)
        return known.language or await _locale(house, place, author, known) or author.locale_here
    except StorageProblem as error:
        log.warning("language not known", reason=str(error))
        return author.locale or author.locale_here


async def _locale(house: House, place: Place, author: Author, known: Person) -> str:
    """Return somebody's locale as the platform tells it now, or told it last."""
    told, person = author.locale, user_scope(place, author)
    if not told and house.clock.now() - known.locale_at > LOCALE_HOURS * HOUR_MS:
        told = await _asked(house, place, author)
        if told:
            await house.people.met(person, told)
    elif told and told != known.locale:
        await house.people.met(person, told)
    return told or known.locale


async def _asked(house: House, place: Place, author: Author) -> str:
    directory = _directory(house, place)
    if directory is None or not author.id:
        return ""
    try:
        async with asyncio.timeout(LOOK_UP_SECONDS):
            return await directory.locale(author.id, workspace=place.workspace)
    except (PlatformProblem, TimeoutError) as error:
        log.info("locale not known", reason=str(error))
        return ""


def _directory(house: House, place: Place) -> Directory | None:
    platform = house.platforms.get(place.platform)
    if platform is None:
        return None
    return platform if isinstance(platform, Directory) else None


# --- whether they may --------------------------------------------------------


async def refused(house: House, author: Author, place: Place, config: ChannelConfig) -> str:
    """Return why somebody may not use Mynah in a place, in their language; empty when they may.

    Raises:
        StorageUnavailable: it cannot be found out.
    """
    member, paired = await with_groups(house, author, place, config), await is_paired(house, author, place, config)
    if not refusal(member, place, config, paired=paired):
        return ""
    with speaking(await language_of(house, place, author)):
        return refusal(member, place, config, paired=paired)


async def with_groups(house: House, author: Author, place: Place, config: ChannelConfig) -> Author:
    """Return somebody with those of the groups that the settings name of which their platform tells only when asked.

    While it does not tell, they are in those that are denied, and in none that is allowed.
    """
    directory, named = _directory(house, place), {*config.allow, *config.deny}
    if not named or author.groups or author.is_bot or directory is None:
        return author
    try:
        async with asyncio.timeout(LOOK_UP_SECONDS):
            groups = await directory.groups(author.id, workspace=place.workspace, among=named)
    except (PlatformProblem, TimeoutError) as error:
        log.warning("groups not known", reason=str(error))
        groups = [name for name in config.deny if name not in config.allow]
    return replace(author, groups=(*author.groups, *groups))


async def is_paired(house: House, author: Author, place: Place, config: ChannelConfig) -> bool:
    """Return whether somebody was let in; only asked of the database when it matters."""
    if not place.direct or config.direct_messages is not DirectMessages.PAIRED:
        return False
    return await house.pairings.is_paired(user_scope(place, author))
