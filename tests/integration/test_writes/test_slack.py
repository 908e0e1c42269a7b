"""Slack: whatever befalls a call that writes, there is one reply in the end, and nothing else."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from adapters.slack.adapter import SlackPlatform
from adapters.slack.panel import LISTEN, SETTINGS
from bot.domain.messages import Action
from tests.fakes.process import running
from tests.fakes.slack.client import Json, SlackFake
from tests.fakes.slack.values import Posted, Upload
from tests.integration.test_slack_platform.harness import QuickClock, account_of, shown_text
from tests.integration.test_writes.room import ANSWER, NOTE, Room, hurried, opened
from tests.integration.test_writes.writes import SLACK, SLACK_READS, Story, Write, unlisted

KINDS = ("500", "drop_before", "drop_after", "slow", "429")
"""What can befall a call; the last closes the method for everybody, as Slack wants it."""

PRESSED = {Story.RECEIPT: Action.RECEIPT, Story.CORRECTION: Action.CORRECT}
LATER = {Story.DELETION, Story.UNKNOWN, Story.HOME, Story.VOICE, *PRESSED}
"""What is done when all is answered."""

pytestmark = pytest.mark.slow


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def url() -> AsyncIterator[str]:
    async with running("tests.fakes.slack") as found:
        yield found


@pytest.fixture
async def slack(url: str) -> AsyncIterator[SlackFake]:
    async with SlackFake.connected(url) as fake:
        await fake.reset()
        await fake.options(retry_delays=[0.05, 0.05, 0.05])
        yield fake
        assert await fake.violations() == []
        made = [f"{one['method']} {one['path']}" for one in (await fake.state())["requests"]]
        assert unlisted(made, SLACK, SLACK_READS) == set()


@pytest.mark.parametrize("write", SLACK, ids=lambda write: write.name)
async def test_one_reply_stands_there_whatever_befalls_a_call(slack: SlackFake, tmp_path: Path, write: Write):
    await slack.options(missing=list(write.without))
    people = [await slack.create_user(f"Person {kind}") for kind in KINDS]
    kind = "im" if write.direct else "public"
    channels = [await slack.create_channel([person], kind=kind, name=f"room-{person.lower()}") for person in people]
    account = replace(account_of(slack), pace=100.0)
    async with SlackPlatform(account, QuickClock()) as platform, opened(hurried(platform), tmp_path) as room:
        await slack.wait_connected(2)
        if write.story not in LATER:
            await order(slack, write)
        said = [await say(slack, write, channel, person) for channel, person in zip(channels, people, strict=True)]
        await room.idle(len(KINDS))
        for channel, message in zip(channels, said, strict=True):
            await stands_there_once(slack, channel, message)
        if write.story in LATER:
            await order(slack, write)
        await do_more(slack, room, write, dict(zip(channels, people, strict=True)), said)
    assert (await slack.state())["faults"] == []


async def do_more(
    slack: SlackFake, room: Room, write: Write, people: Mapping[str, str], said: Sequence[Posted]
) -> None:
    """Do what people do when all is answered."""
    match write.story:
        case Story.DELETION:
            await delete(slack, room, people, said)
        case Story.UNKNOWN:
            await unknown(slack, people, said)
        case Story.HOME:
            await homes(slack, people.values())
        case Story.VOICE:
            await try_out(slack, room, people)
        case Story.RECEIPT | Story.CORRECTION:
            await press(slack, PRESSED[write.story], people)


async def order(slack: SlackFake, write: Write) -> None:
    """Let the next calls go wrong, each in its own way."""
    skip = write.later * len(KINDS)
    for kind in KINDS:
        await slack.fault(write.call, kind, skip=skip, seconds=0.3)
        skip = 0  # the first of them lets pass for all


async def say(slack: SlackFake, write: Write, channel: str, person: str) -> Posted:
    if write.story is Story.OPENING:
        opened = {"type": "app_home_opened", "user": person, "channel": channel, "tab": "messages"}
        assert (await slack.wait_delivered(await slack.send_event(opened))).state == "acked"
    if write.story not in {Story.NOTE, Story.CORRECTION}:
        return await slack.post(channel, person, f"{slack.mention} good morning")
    return await slack.post(channel, person, slack.mention, files=(Upload(content=NOTE, name="note.wav"),))


async def stands_there_once(slack: SlackFake, channel: str, message: Posted) -> None:
    replies = await slack.bot_messages(channel)
    texts, clips = [one for one in replies if not one.files], [one for one in replies if one.files]
    assert [shown_text(one).endswith(ANSWER) for one in texts] == [True], texts
    assert len(clips) == 1
    assert {one.thread_ts for one in replies} == {message.ts}
    assert {one.streaming_state for one in replies} <= {None, "completed"}
    await nothing_else_is_shown(slack, channel)


async def nothing_else_is_shown(slack: SlackFake, channel: str) -> None:
    """See to it that nobody seems to be at work any more."""
    state = await slack.state()
    here = [one for one in state["statuses"] if one["channel"] == channel]
    assert last(here, "status") in {None, ""}
    assert last(here, "session") in {None, "active"}
    messages = next(one["messages"] for one in state["channels"] if one["id"] == channel)
    assert not [one["reactions"] for one in messages if one.get("reactions")]


def last(statuses: list[Json], what: str) -> object:
    return next((one["value"] for one in reversed(statuses) if one["what"] == what), None)


async def delete(slack: SlackFake, room: Room, channels: Collection[str], said: Sequence[Posted]) -> None:
    for channel, message in zip(channels, said, strict=True):
        await slack.delete(channel, message.ts)
    await room.idle(2 * len(said))
    for channel in channels:
        assert await slack.bot_messages(channel) == []


async def press(slack: SlackFake, action: Action, people: Mapping[str, str]) -> None:
    """Let everybody press a button; what was perhaps said is said again, for only one person sees it."""
    for channel, person in people.items():
        (text,) = [one for one in await slack.bot_messages(channel) if not one.files]
        used = await slack.press(action, user=person, channel=channel, ts=text.ts)
        assert (await slack.wait_delivered(used.delivery)).state == "acked"
    views = (await slack.state())["views"]
    assert len(views) == (len(people) if action is Action.CORRECT else 0)
    told = [len(await slack.private(channel, person)) for channel, person in people.items()]
    assert all(1 <= count <= 2 for count in told) if action is Action.RECEIPT else not any(told), told


async def homes(slack: SlackFake, people: Collection[str]) -> None:
    """Let everybody open the page of their own, and see it."""
    for person in people:
        assert (await slack.wait_delivered(await slack.open_home(person))).state == "acked"
        assert (await slack.home(person))["blocks"]


async def try_out(slack: SlackFake, room: Room, people: Mapping[str, str]) -> None:
    """Let everybody try out a voice where direct messages are off, and be told so above the form."""
    await room.test.house.channels.set(f"slack:{slack.team_id}", "direct_messages", "off", by="admin")
    for channel, person in people.items():
        used = await slack.slash("/mynah", "settings", user=person, channel=channel)
        assert (await slack.wait_delivered(used.delivery)).state == "acked"
        *_, form = (await slack.state())["views"]
        tried = await slack.press_in(form, LISTEN, user=person)
        assert (await slack.wait_delivered(tried.delivery)).state == "acked"
    views = (await slack.state())["views"].values()
    assert [view["callback_id"] for view in views] == [SETTINGS, ""] * len(people)
    for person in people.values():
        assert await slack.bot_messages(await slack.direct_message(person)) == []


async def unknown(slack: SlackFake, people: Mapping[str, str], said: Sequence[Posted]) -> None:
    """Let everybody use a shortcut that nobody knows, and be told so."""
    for (channel, person), message in zip(people.items(), said, strict=True):
        await slack.message_action("unheard_of", user=person, channel=channel, ts=message.ts)

    async def counts() -> list[int]:
        return [len(await slack.private(channel, person)) for channel, person in people.items()]

    async with asyncio.timeout(15):
        while not all(await counts()):
            await asyncio.sleep(0.05)
    assert max(await counts()) <= 2
