"""`/mynah privacy` and `/mynah forget`: what is kept of what people say here, who gets to see it, and its end on request."""

from collections.abc import Iterator, Mapping, Sequence

from bot.domain.budgets import user_scope
from bot.domain.channels import ChannelConfig
from bot.domain.commands import CommandCall
from bot.domain.models import ModelRef
from bot.domain.people import Person
from bot.domain.records import Erased
from bot.pipeline.house import House
from bot.pipeline.retention import forget as forget_person
from bot.words import Phrase, phrase, say, say_count

EMBEDDED = "local"
"""The gateway whose models run in this service."""

USES: Mapping[str, Phrase] = {
    "chat_model": phrase("answers"),
    "transcription_model": phrase("writes down recordings"),
    "video_model": phrase("takes videos"),
    "speech_model": phrase("speaks replies"),
}
"""What the models of a setting get to see."""

RECORDINGS = phrase("Recordings, and the clips that I made, are deleted as soon as a reply is complete.")
WISHES = phrase(
    "What you wish for yourself (`/mynah me`), and your language as your platform told it, until you have them forgotten. "
    "That somebody let you in to direct messages stays known."
)
COUNTED = phrase(
    "What stays is counted: who asked which model when, how much of it, and what it cost. None of it holds words, and the log "
    "holds none."
)


NOTHING_HELD = phrase("I hold nothing of what you said in this workspace.")
NOTHING_HELD_DIRECT = phrase("I hold nothing of what you said in direct messages.")


async def privacy(house: House, call: CommandCall) -> str:
    """Answer `/mynah privacy`."""
    config = (await house.channels.config(call.place)).config
    held = len(await house.records.of_person(user_scope(call.place, call.author)))
    return "\n".join(
        [
            f"**{say('What is kept here')}**",
            f"- {_kept(config)}",
            f"- {say(RECORDINGS)}",
            f"- {say(WISHES)}",
            f"- {say(COUNTED)}",
            f"**{say('Who gets to see what you say here')}**",
            *(f"- {line}" for line in _seen(config)),
            f"- {say('{platform}, where you write it and where I reply.', platform=call.place.platform.capitalize())}",
            _held(call, held),
        ]
    )


def _kept(config: ChannelConfig) -> str:
    if not config.retention_days:
        return say(
            "What you say to me, what is said in recordings, and my answers: only until the reply is complete. "
            "I remember nothing of a conversation."
        )
    return say_count(
        "What you say to me, what is said in recordings, and my answers: for a day, so that I can follow a conversation; "
        "then they are erased.",
        "What you say to me, what is said in recordings, and my answers: for {count} days, so that I can follow a "
        "conversation; then they are erased.",
        config.retention_days,
    )


def _seen(config: ChannelConfig) -> Iterator[str]:
    """Yield a line for each gateway that this channel's models are behind."""
    uses: dict[str, list[str]] = {}
    for setting, use in USES.items():
        choice: Sequence[ModelRef] = getattr(config, setting)
        for gateway in dict.fromkeys(ref.gateway for ref in choice):
            uses.setdefault(gateway, []).append(say(use))
    for gateway, named in uses.items():
        what = (
            say("Models in this service itself, from which nothing leaves") if gateway == EMBEDDED else f"`{gateway}`"
        )
        yield f"{what}: {', '.join(named)}."


def _held(call: CommandCall, count: int) -> str:
    """Say how many messages are held; none has words of its own, which not every language gets from its plural."""
    if call.place.workspace:
        none = phrase("I hold no messages of yours in this workspace now. `/mynah forget` erases them.")
        some = say_count(
            "I hold {count} message of yours in this workspace now. `/mynah forget` erases them.",
            "I hold {count} messages of yours in this workspace now. `/mynah forget` erases them.",
            count,
        )
    else:
        none = phrase("I hold no messages of yours in direct messages now. `/mynah forget` erases them.")
        some = say_count(
            "I hold {count} message of yours in direct messages now. `/mynah forget` erases them.",
            "I hold {count} messages of yours in direct messages now. `/mynah forget` erases them.",
            count,
        )
    return some if count else say(none)


async def forget(house: House, call: CommandCall) -> str:
    """Answer `/mynah forget`: erase what is held of whoever asks in this workspace, and look whether anything is left."""
    person = user_scope(call.place, call.author)
    wished = await house.people.known(person) != Person()
    erased = await forget_person(house, person, by=call.author.id)
    gone = f"\n{say('What you wished for yourself, and your language, are forgotten.')}" if wished else ""
    left = len(await house.records.of_person(person))
    if not erased.jobs:
        return f"{say(NOTHING_HELD if call.place.workspace else NOTHING_HELD_DIRECT)}{gone}"
    counted = say("What was used and cost stays counted, without words. What stands in the chat is yours to delete.")
    return f"{_erased(call, erased)} {_left(left)}\n{counted}{gone}"


def _erased(call: CommandCall, erased: Erased) -> str:
    if call.place.workspace:
        return say(
            "Erased, of what you said to me in this workspace: {things}, with the recordings that were there.",
            things=erased.words,
        )
    return say(
        "Erased, of what you said to me in direct messages: {things}, with the recordings that were there.",
        things=erased.words,
    )


def _left(count: int) -> str:
    if not count:
        return say("I looked again: no messages of yours are left.")
    return say_count(
        "I looked again: {count} message of yours is left.",
        "I looked again: {count} messages of yours are left.",
        count,
    )
