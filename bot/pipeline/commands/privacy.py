"""`/privacy` and `/forget`: what is kept of what people say here, who gets to see it, and its end on request."""

from collections.abc import Iterator, Sequence

from bot.domain.budgets import user_scope
from bot.domain.channels import ChannelConfig
from bot.domain.commands import CommandCall
from bot.domain.models import ModelRef
from bot.pipeline.house import House
from bot.pipeline.retention import forget as forget_person

EMBEDDED = "local"
"""The gateway whose models run in this service."""

USES = {
    "chat_model": "answers",
    "transcription_model": "writes down recordings",
    "video_model": "takes videos",
    "speech_model": "speaks replies",
}
"""What the models of a setting get to see."""

RECORDINGS = "- Recordings, and the clips that I made, are deleted as soon as a reply is complete."
COUNTED = "- What stays is counted: who asked which model when, how much of it, and what it cost. None of it holds words, and the log holds none."


async def privacy(house: House, call: CommandCall) -> str:
    """Answer `/privacy`."""
    config = (await house.channels.config(call.place)).config
    held = len(await house.records.of_person(user_scope(call.place, call.author)))
    return "\n".join(
        [
            "**What is kept here**",
            _kept(config),
            RECORDINGS,
            COUNTED,
            "**Who gets to see what you say here**",
            *(f"- {line}" for line in _seen(config)),
            f"- {call.place.platform.capitalize()}, where you write it and where I reply.",
            f"I hold {_messages(held)} of yours in {_where(call)} now. `/forget` erases them.",
        ]
    )


def _kept(config: ChannelConfig) -> str:
    what = "- What you say to me, what is said in recordings, and my answers: "
    if not config.retention_days:
        return f"{what}only until the reply is complete. I remember nothing of a conversation."
    days = "a day" if config.retention_days == 1 else f"{config.retention_days} days"
    return f"{what}for {days}, so that I can follow a conversation; then they are erased."


def _seen(config: ChannelConfig) -> Iterator[str]:
    """Yield a line for each gateway that this channel's models are behind."""
    uses: dict[str, list[str]] = {}
    for setting, use in USES.items():
        choice: Sequence[ModelRef] = getattr(config, setting)
        for gateway in dict.fromkeys(ref.gateway for ref in choice):
            uses.setdefault(gateway, []).append(use)
    for gateway, named in uses.items():
        what = "Models in this service itself, from which nothing leaves" if gateway == EMBEDDED else f"`{gateway}`"
        yield f"{what}: {', '.join(named)}."


def _messages(count: int) -> str:
    return f"{count or 'no'} {'message' if count == 1 else 'messages'}"


def _where(call: CommandCall) -> str:
    return "this workspace" if call.place.workspace else "direct messages"


async def forget(house: House, call: CommandCall) -> str:
    """Answer `/forget`: erase what is held of whoever asks in this workspace, and look whether anything is left."""
    person = user_scope(call.place, call.author)
    erased = await forget_person(house, person, by=call.author.id)
    left = len(await house.records.of_person(person))
    if not erased.jobs:
        return f"I hold nothing of what you said in {_where(call)}."
    proof = f"I looked again: {_messages(left)} of yours {'is' if left == 1 else 'are'} left."
    return (
        f"Erased, of what you said to me in {_where(call)}: {erased.words}, with the recordings that were there. {proof}\n"
        "What was used and cost stays counted, without words. What stands in the chat is yours to delete."
    )
