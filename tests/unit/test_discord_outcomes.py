from collections.abc import Awaitable, Callable

import pytest

from adapters.discord.outcomes import ACKNOWLEDGED, DiscordRefusal, insist
from bot.domain.errors import PostInDoubt, PostNotDone

NOT_DONE, DOUBT = PostNotDone("busy"), PostInDoubt("cut off")
TAKEN, GONE = DiscordRefusal(ACKNOWLEDGED, "already acknowledged"), DiscordRefusal(10062, "unknown interaction")


def answering(*outcomes: Exception | None) -> tuple[Callable[[], Awaitable[None]], list[Exception | None]]:
    left = list(outcomes)

    async def call() -> None:
        outcome = left.pop(0)
        if outcome is not None:
            raise outcome

    return call, left


@pytest.mark.parametrize("outcomes", [(None,), (DOUBT, TAKEN), (NOT_DONE, None), (NOT_DONE, NOT_DONE, DOUBT, TAKEN)])
async def test_an_interaction_is_answered_once_one_of_the_tries_was_taken(outcomes: tuple[Exception | None, ...]):
    call, left = answering(*outcomes)
    await insist(call)
    assert left == []


async def test_what_discord_will_never_take_is_not_tried_again():
    call, left = answering(NOT_DONE, GONE, None)
    with pytest.raises(DiscordRefusal, match="unknown interaction"):
        await insist(call)
    assert left == [None]


async def test_what_discord_does_not_take_in_time_is_told():
    call, left = answering(*[NOT_DONE] * 4)
    with pytest.raises(PostNotDone):
        await insist(call)
    assert left == []
