"""Many replies at once, to a Slack that counts."""

import asyncio
from collections import Counter

import pytest

from adapters.slack.adapter import SlackPlatform
from adapters.storage.clock import SystemClock
from bot.domain.errors import PostNotDone
from bot.domain.messages import Message, TextPart
from tests.fakes.slack.client import SlackFake
from tests.integration.test_slack_platform.harness import account_of, heard

pytestmark = pytest.mark.timeout(60)

CHANNELS = 10
REPLIES = 50


async def post_until_done(platform: SlackPlatform, message: Message, number: int) -> int:
    """Post a reply as a job does, which comes back when it is told to; returns how often it was told so."""
    tries = 0
    while True:
        try:
            await platform.post(TextPart(text=f"reply {number}"), answering=message, key=f"{number}")
        except PostNotDone as error:
            tries += 1
            await asyncio.sleep(error.retry_after or 1.0)
        else:
            return tries


async def test_fifty_replies_at_once_meet_no_storm_of_refusals(slack: SlackFake, platform: SlackPlatform, ada: str):
    channels = [await slack.create_channel([ada]) for _ in range(CHANNELS)]
    messages = [await heard(slack, platform, channel, ada, "hello") for channel in channels]
    await slack.rate_limits()
    async with SlackPlatform(account_of(slack), SystemClock()) as busy, asyncio.TaskGroup() as group:
        for number in range(REPLIES):
            group.create_task(post_until_done(busy, messages[number % CHANNELS], number))
    for channel, message in zip(channels, messages, strict=True):
        posts = await slack.bot_messages(channel, message.place.thread)
        assert Counter(post.text for post in posts).total() == REPLIES // CHANNELS
    calls = await slack.requests("chat.postMessage")
    refused = [call for call in calls if call["status"] == 429]
    assert len(calls) - len(refused) == REPLIES
    assert len(refused) <= 5


async def test_one_refusal_holds_everybody_back(slack: SlackFake, platform: SlackPlatform, ada: str):
    channels = [await slack.create_channel([ada]) for _ in range(CHANNELS)]
    messages = [await heard(slack, platform, channel, ada, "hello") for channel in channels]
    await slack.fault("POST /api/chat.postMessage", "429", seconds=2)
    async with SlackPlatform(account_of(slack), SystemClock()) as busy:
        with pytest.raises(PostNotDone) as told:
            await busy.post(TextPart(text="too soon"), answering=messages[0], key="a")
        assert told.value.retry_after == 2
        (refused,) = await slack.requests("chat.postMessage")
        async with asyncio.TaskGroup() as group:
            for message in messages:
                group.create_task(busy.post(TextPart(text="later"), answering=message, key="b"))
    later = (await slack.requests("chat.postMessage"))[1:]
    assert len(later) == CHANNELS
    assert min(call["at"] for call in later) - refused["at"] >= 1.9


async def test_a_growing_text_gives_way_to_the_final_one(slack: SlackFake, ada: str, channel: str):
    async with SlackPlatform(account_of(slack), SystemClock()) as platform:
        message = await heard(slack, platform, channel, ada, "hello")
        post = await platform.post(TextPart(text="one", growing=True), answering=message, key="a")
        shown = 0
        for number in range(30):
            try:
                await platform.edit(post, TextPart(text=f"one {number}", growing=True), answering=message)
                shown += 1
            except PostNotDone:
                continue
        assert 0 < shown < 20
        await platform.edit(post, TextPart(text="one, two, three"), answering=message)
    assert "one, two, three" in (await slack.bot_messages(channel, message.place.thread))[0].blocks[0]["text"]
