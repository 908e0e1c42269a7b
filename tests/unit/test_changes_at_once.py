"""What becomes of messages at the same moment as something else: nothing gets lost, and nothing is answered twice."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from typing_extensions import override

from bot.domain.budgets import user_scope
from bot.domain.channels import SettledConfig
from bot.domain.controls import Press
from bot.domain.errors import StorageUnavailable
from bot.domain.jobs import Job
from bot.domain.messages import Action, Author, Errand, JobId, Message, Place
from bot.domain.money import CallKind
from bot.domain.records import Erased
from bot.pipeline.intake import StoredIntake
from bot.pipeline.presses.wanted import AT_WORK, GONE
from bot.pipeline.retention import forget
from bot.pipeline.worker import Worker
from tests.doubles.channels import MemoryChannels
from tests.doubles.conversations import MemoryConversations
from tests.doubles.gateway import Point
from tests.doubles.house import VOICE_NOTE, TestHouse, message, open_test_house
from tests.doubles.jobs import MemoryJobs
from tests.doubles.records import MemoryRecords
from tests.doubles.reviews import MemoryReviews
from tests.unit.test_changes import _echo, asked, edit, intake, texts, working
from tests.unit.test_turn import wav

PLACE = message().place
PAUSE = 0.0001


@pytest.fixture
def home(tmp_path: Path) -> TestHouse:
    made = open_test_house(tmp_path / "media")
    made.platform.files[VOICE_NOTE.id] = wav(2)
    made.gateway.answers[CallKind.CHAT] = _echo
    return made


async def gathered(home: TestHouse, *said: Message) -> Job:
    """Let messages be claimed together."""
    for each in said:
        await home.jobs.submit(each, pause=PAUSE)
    [job] = await home.jobs.claim(9, ["memory"])
    assert [each.key for each in job.gathered] == [each.key for each in said[:-1]]
    return job


async def press(home: TestHouse, action: Action, said: Message) -> str:
    found = Press(action=action, job=said.job_id, place=said.place, author=said.author)
    return (await intake(home).press(found)).text


class Meanwhile(MemoryJobs):
    """Jobs to which something else happens right after the jobs of a message were read."""

    def __init__(self, home: TestHouse, happens: Callable[[], Awaitable[object]]) -> None:
        super().__init__(home.house.clock, home.store)
        self._happens: Callable[[], Awaitable[object]] | None = happens

    @override
    async def of_message(self, subject: JobId) -> list[Job]:
        found = list(await super().of_message(subject))
        happens, self._happens = self._happens, None
        if happens is not None:
            await happens()
        return found


def while_it_is_read(home: TestHouse, happens: Callable[[], Awaitable[object]]) -> StoredIntake:
    """Return an intake of another process, to which something happens between what it reads and what it writes."""
    return StoredIntake(replace(home.house, jobs=Meanwhile(home, happens)))


# --- gathered messages -----------------------------------------------------------


async def test_the_others_are_answered_when_the_last_one_is_deleted_before_a_second_try(home: TestHouse):
    job = await gathered(home, message("1", "one"), message("2", "two"))
    await home.jobs.retry(job.lease, delay_seconds=1, reason="busy")
    await intake(home).deleted(PLACE, "2")
    await home.work()
    assert texts(home) == ["You said: one"]


async def test_the_others_are_answered_when_the_last_one_is_deleted_while_it_waits_for_a_decision(home: TestHouse):
    job = await gathered(home, message("1", "one"), message("2", "two"))
    await home.jobs.ask(job.lease, reason="may have been charged")
    await intake(home).deleted(PLACE, "2")
    await home.work()
    assert texts(home) == ["You said: one"]


@pytest.mark.parametrize("order", ["12", "21"])
async def test_a_reply_goes_when_all_that_it_answers_are_deleted_at_once(home: TestHouse, order: str):
    await gathered(home, message("1", "one"), message("2", "two"))
    home = home.restarted()
    await home.house.clock.sleep(60)
    await home.work()
    assert texts(home) == ["You said: one\ntwo"]
    for key in order:
        await intake(home).deleted(PLACE, key)
    await home.work()
    assert texts(home) == []
    assert [job.message.text for job in home.store.jobs.values()] == [""] * len(home.store.jobs)


class FullRecords(MemoryRecords):
    """Erases nothing: the disk is full."""

    @override
    async def erase(self, jobs: Sequence[JobId]) -> Erased:
        raise StorageUnavailable("the disk is full")


async def test_the_rest_is_answered_when_who_takes_the_deletion_of_one_in_dies_halfway(home: TestHouse):
    await gathered(home, message("1", "one"), message("2", "two"))
    home = home.restarted()
    await home.house.clock.sleep(60)
    await home.work()
    full = FullRecords(home.house.clock, home.store, MemoryConversations(), MemoryReviews(home.house.clock, home.store))
    with pytest.raises(StorageUnavailable):
        await StoredIntake(replace(home.house, records=full)).deleted(PLACE, "1")
    assert await intake(home).deleted(PLACE, "1") is False, "it is known by now"
    await home.work()
    assert texts(home) == ["You said: two"]
    assert "said: one" not in str(home.store.steps)
    assert asked(home, CallKind.CHAT) == 2


async def test_a_file_that_goes_while_several_are_answered_is_no_further_answer_to_anybody(home: TestHouse):
    await home.house.channels.set("memory:W:C", "per_hour", "2", by="U")
    await gathered(home, message("1", "one", VOICE_NOTE), message("2", "two"))
    home = home.restarted()
    await home.house.clock.sleep(60)
    hold = home.gateway.hold(Point.MIDWAY)
    async with working(home):
        await hold.reached.wait()
        await intake(home).file_deleted("memory", "W", VOICE_NOTE.id)
        hold.released.set()
    assert texts(home) == ["You said: one\ntwo"]


async def test_the_rest_is_answered_once_when_one_is_deleted(home: TestHouse):
    await gathered(home, message("1", "one"), message("2", "two"))
    home = home.restarted()
    await home.house.clock.sleep(60)
    await home.work()
    await intake(home).deleted(PLACE, "1")
    await home.work()
    assert (texts(home), asked(home, CallKind.CHAT)) == (["You said: two"], 2)


async def test_an_edit_of_one_that_is_claimed_with_another_at_that_moment_is_answered_in_their_reply(home: TestHouse):
    said = message("1", "one")
    await home.jobs.submit(said, pause=PAUSE)
    await home.jobs.submit(message("2", "two"), pause=PAUSE)
    racing = while_it_is_read(home, lambda: home.restarted().jobs.claim(9, ["memory"]))
    assert await racing.edited(replace(said, text="first", edited="e1"), said_at=home.house.clock.now())
    await home.work()
    assert texts(home) == ["You said: first\ntwo"]


async def test_one_whose_common_reply_was_stopped_can_be_edited_and_is_answered(home: TestHouse):
    one = message("1", "one")
    await gathered(home, one, message("2", "two"))
    await intake(home).stop(PLACE, by=one.author.id)
    await home.work()
    assert await edit(home, one, "first")
    await home.work()
    assert texts(home)[-1] == "You said: first"


async def test_what_was_begun_and_handed_back_is_not_begun_again_with_others(home: TestHouse):
    """A growing post of its own stands there already, and a model may have been paid."""
    await home.jobs.submit(message("1", "one"), pause=PAUSE)
    [job] = await home.jobs.claim(9, ["memory"])
    await home.house.journal.begin(job.lease, "post:text:0")
    await home.jobs.release(job.lease)
    await home.jobs.submit(message("2", "two"), pause=PAUSE)
    await home.work()
    assert sorted(texts(home)) == ["You said: one", "You said: two"]


# --- edits -----------------------------------------------------------------------


async def test_an_edit_that_is_delivered_again_after_a_later_one_changes_nothing(home: TestHouse):
    said = message("1", "How are you?")
    await home.say(said)
    await edit(home, said, "Who are you?", "e1")
    await edit(home, said, "What are you?", "e2")
    await home.work()
    assert await edit(home, said, "Who are you?", "e1") is False
    await home.work()
    assert texts(home) == ["You said: What are you?"]


async def test_two_edits_at_once_end_with_the_later_one(home: TestHouse):
    said = message("1", "How are you?")
    await home.say(said)
    racing = while_it_is_read(home, lambda: edit(home, said, "Who are you?", "e1"))
    assert await racing.edited(replace(said, text="What are you?", edited="e2"), said_at=home.house.clock.now())
    await home.work()
    assert texts(home) == ["You said: What are you?"]


async def test_two_edits_at_once_end_with_the_later_one_whichever_is_slower(home: TestHouse):
    said = message("1", "How are you?")
    await home.say(said)
    racing = while_it_is_read(home, lambda: edit(home, said, "What are you?", "e2"))
    assert not await racing.edited(replace(said, text="Who are you?", edited="e1"), said_at=home.house.clock.now())
    await home.work()
    assert texts(home) == ["You said: What are you?"]


@pytest.mark.parametrize("deleted", [False, True], ids=["edited", "deleted"])
async def test_a_button_pressed_at_the_same_moment_takes_nobodys_place(home: TestHouse, *, deleted: bool):
    said = message("1", "How are you?")
    await home.say(said)
    racing = while_it_is_read(home, lambda: press(home, Action.SPEAK, said))
    if deleted:
        await racing.deleted(PLACE, "1")
    else:
        await racing.edited(replace(said, text="Who are you?", edited="e1"), said_at=home.house.clock.now())
    await home.work()
    assert texts(home) == ([] if deleted else ["You said: Who are you?"])
    words = [job.message.text for job in home.store.jobs.values() if job.message.errand is Errand.ANSWER]
    assert "How are you?" not in words


async def test_who_presses_while_a_message_is_deleted_gets_no_answer_and_leaves_no_words(home: TestHouse):
    said = message("1", "How are you?")
    await home.say(said)
    racing = while_it_is_read(home, lambda: intake(home).deleted(PLACE, "1"))
    pressed = Press(action=Action.AGAIN, job=said.job_id, place=said.place, author=said.author)
    await racing.press(pressed)
    await home.work()
    assert (texts(home), asked(home, CallKind.CHAT)) == ([], 1)
    assert not any(job.message.text for job in home.store.jobs.values())


@pytest.mark.parametrize("action", [Action.AGAIN, Action.SPEAK])
async def test_while_a_message_is_answered_anew_its_old_answer_is_not_asked_for(home: TestHouse, action: Action):
    said = message("1", "How are you?")
    await home.say(said)
    await edit(home, said, "Who are you?")
    assert await press(home, action, said) == AT_WORK
    await home.work()
    assert await press(home, action, said) == GONE
    assert texts(home) == ["You said: Who are you?"]


class SlowChannels(MemoryChannels):
    """Settings that take a moment to be read, the first time."""

    slow = True

    @override
    async def config(self, place: Place) -> SettledConfig:
        slow, self.slow = self.slow, False
        if slow:
            await asyncio.sleep(0.05)
        return await super().config(place)


@pytest.mark.parametrize("deleted", [False, True], ids=["edited", "deleted"])
async def test_what_becomes_of_a_message_while_it_is_taken_in_is_not_missed(home: TestHouse, *, deleted: bool):
    slow = StoredIntake(replace(home.house, channels=SlowChannels({"gather_seconds": "0"})))
    said = replace(message("1", "How are you?"), text="How are you?")
    async with asyncio.TaskGroup() as group:
        group.create_task(slow.accept(said))
        await asyncio.sleep(0.01)
        if deleted:
            group.create_task(slow.deleted(PLACE, "1"))
        else:
            anew = replace(said, text="Who are you?", edited="e1")
            group.create_task(slow.edited(anew, said_at=home.house.clock.now()))
    await home.work()
    assert texts(home) == ([] if deleted else ["You said: Who are you?"])


# --- stops and buttons -----------------------------------------------------------


async def test_a_stop_of_a_second_answer_leaves_the_first_as_it_is(home: TestHouse):
    said = message("1", "How are you?")
    await home.say(said)
    hold = home.gateway.hold(Point.ACCEPTED)
    async with working(home):
        await press(home, Action.AGAIN, said)
        await hold.reached.wait()
        assert await intake(home).stop(PLACE, by=said.author.id) == 1
    assert texts(home) == ["You said: How are you?", "_Stopped._"]


async def test_a_stop_while_it_speaks_is_not_kept_out_by_a_button(home: TestHouse):
    said = message("1", "How are you?")
    await home.house.channels.set("memory:W:C", "reply", "both", by="U")
    async with working(home):
        await intake(home).accept(said)
        hold = home.gateway.hold(Point.MIDWAY)
        await hold.reached.wait()
        hold.released.set()
        speaking = home.gateway.hold(Point.MIDWAY)
        await speaking.reached.wait()
        await press(home, Action.SPEAK, said)
        assert await intake(home).stop(PLACE, by=said.author.id) == 1
    assert [(posted.text, posted.clip) for posted in home.platform.posts.values()] == [("You said: How are you?", b"")]


async def test_a_message_that_was_answered_again_and_deleted_is_not_answered_by_a_late_edit(home: TestHouse):
    said = message("1", "How are you?")
    await home.say(said)
    await press(home, Action.AGAIN, said)
    await home.work()
    await intake(home).deleted(PLACE, "1")
    assert await edit(home, said, "Who are you?") is False
    await home.work()
    assert texts(home) == []


async def test_a_message_that_was_stopped_and_deleted_is_not_answered_by_a_late_edit(home: TestHouse):
    said = message("1", "How are you?")
    await intake(home).accept(said)
    await intake(home).stop(PLACE, by=said.author.id)
    await intake(home).deleted(PLACE, "1")
    assert await edit(home, said, "Who are you?") is False


async def test_a_deletion_whose_process_dies_halfway_still_leaves_no_words(home: TestHouse):
    said = message("1", "How are you?")
    await home.say(said)
    await home.jobs.follow(replace(said.emptied, errand=Errand.REMOVE, revision=1))
    await home.restarted().work()
    assert texts(home) == []
    assert not any(job.message.text for job in home.store.jobs.values())


@pytest.mark.parametrize("action", [Action.AGAIN, Action.SPEAK])
async def test_who_presses_while_its_author_is_forgotten_brings_no_words_back(home: TestHouse, action: Action):
    said = message("1", "How are you?")
    await home.say(said)
    racing = while_it_is_read(home, lambda: forget(home.house, user_scope(PLACE, said.author), by="U"))
    pressed = Press(action=action, job=said.job_id, place=PLACE, author=Author(id="G"))
    assert (await racing.press(pressed)).text == GONE
    await home.work()
    assert [job.message.text for job in home.store.jobs.values()] == [""]


async def test_what_is_forgotten_while_one_of_several_is_edited_is_not_said_again(home: TestHouse):
    said = message("1", "one")
    await gathered(home, said, message("2", "two"))
    racing = while_it_is_read(home, lambda: forget(home.house, user_scope(PLACE, said.author), by="U"))
    await racing.edited(replace(said, text="first", edited="e1"), said_at=home.house.clock.now())
    await home.work()
    assert not any("two" in job.message.text for job in home.store.jobs.values())


# --- what a process remembers ----------------------------------------------------


async def test_turns_that_are_stopped_here_and_followed_elsewhere_are_not_remembered_for_ever(home: TestHouse):
    worker = Worker(home.house, turns=4, drain_seconds=1)
    elsewhere = home.restarted().jobs
    async with asyncio.timeout(15), asyncio.TaskGroup() as group:
        group.create_task(worker.run())
        for key in map(str, range(1, 9)):
            hold = home.gateway.hold(Point.MIDWAY)
            await intake(home).accept(message(key, "How are you?"))
            await hold.reached.wait()
            await intake(home).deleted(PLACE, key)
            [removal] = await elsewhere.claim(1, ["memory"])
            while home.gateway.running:
                await asyncio.sleep(0.005)
            await elsewhere.finish(removal.lease)
        worker.stop()
    assert len(worker._stopped) <= 4
