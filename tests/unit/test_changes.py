"""What becomes of a message afterwards: its reply follows, at once, and nothing is paid twice for what stays the same."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from typing_extensions import override

from bot.domain.errors import PostNotDone
from bot.domain.jobs import JobStatus
from bot.domain.messages import Addressed, Attachment, Author, Errand, Message, Part, Place, PostId, Quoted, TextPart
from bot.domain.models import ChatRequest, Request
from bot.domain.money import CallKind, Dimension
from bot.pipeline.intake import StoredIntake
from bot.pipeline.worker import Worker
from bot.ports import Abilities
from tests.contracts.sounds import tone, write_wav
from tests.doubles.clock import ManualClock
from tests.doubles.gateway import PRICE, Point
from tests.doubles.house import VOICE_NOTE, TestHouse, message, open_test_house
from tests.doubles.platform import MemoryPlatform

PLACE = message().place
ADA = message().author.id
FOREVER = 1_000_000
WITHIN_SECONDS = 2.0


@dataclass(kw_only=True)
class SlowPlatform(MemoryPlatform):
    """One on which the first post takes as long as the test likes."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    @override
    async def post(self, part: Part, *, answering: Message, key: str) -> PostId:
        self.reached.set()
        await self.released.wait()
        return await super().post(part, answering=answering, key=key)


@pytest.fixture
def home(tmp_path: Path) -> TestHouse:
    made = open_test_house(tmp_path / "media")
    made.platform.files[VOICE_NOTE.id] = Path(write_wav(tmp_path / "note.wav", tone(1))).read_bytes()
    made.gateway.answers[CallKind.CHAT] = _echo
    return made


def _echo(request: Request) -> str:
    assert isinstance(request, ChatRequest)
    return f"You said: {request.turns[-1].text}"


def intake(home: TestHouse) -> StoredIntake:
    return StoredIntake(home.house)


def edited(said: Message, text: str, mark: str = "e1", **changes: object) -> Message:
    return replace(said, text=text, edited=mark, **changes)  # type: ignore[arg-type]


async def edit(home: TestHouse, said: Message, text: str, mark: str = "e1", **changes: object) -> bool:
    return await intake(home).edited(edited(said, text, mark, **changes), said_at=home.house.clock.now())


def texts(home: TestHouse) -> list[str]:
    return [posted.text for posted in home.platform.posts.values() if posted.text]


def asked(home: TestHouse, kind: CallKind) -> int:
    return sum(request.kind is kind for request in home.gateway.requests)


async def remembered(home: TestHouse) -> list[str]:
    past = await home.house.conversations.recall(PLACE, FOREVER)
    return [turn.text for exchange in past.exchanges for turn in exchange.turns]


@asynccontextmanager
async def working(home: TestHouse) -> AsyncIterator[None]:
    """Run a worker; at the end, wait until nothing is left to do."""
    worker = Worker(home.house, turns=8, drain_seconds=1)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(worker.run())
        yield
        while any(job.status in {"ready", "running"} for job in home.store.jobs.values()):
            await asyncio.sleep(0.005)
        worker.stop()


async def idle(home: TestHouse) -> None:
    """Wait until no call is under way."""
    async with asyncio.timeout(WITHIN_SECONDS):
        while home.gateway.running:
            await asyncio.sleep(0.005)


# --- edits -----------------------------------------------------------------------


async def test_an_edit_redoes_the_answer_in_the_same_post(home: TestHouse):
    said = message("1", "How are you?")
    await home.say(said)
    [before] = home.platform.posts
    assert await edit(home, said, "Who are you?") is True
    await home.work()
    assert list(home.platform.posts) == [before]
    assert texts(home) == ["You said: Who are you?"]
    assert await remembered(home) == ["Who are you?", "You said: Who are you?"]
    last = home.gateway.requests[-1]
    assert isinstance(last, ChatRequest)
    assert all("How are you?" not in turn.text for turn in last.turns), "the model is not told of the old words"
    old = await home.jobs.get(said.job_id)
    assert old is not None
    assert old.message.text == ""


@pytest.mark.parametrize(
    "what",
    [
        {"text": "How are you?", "mark": "e1"},
        {"text": "Who are you?", "mark": ""},
        {"text": "", "mark": "e1"},
    ],
    ids=["the same words", "a change that is no edit", "nothing is left"],
)
async def test_a_change_that_says_nothing_new_does_nothing(home: TestHouse, what: dict[str, str]):
    said = message("1", "How are you?")
    await home.say(said)
    assert await edit(home, said, **what) is False
    assert len(home.store.jobs) == 1


async def test_an_edit_that_is_told_twice_is_answered_once(home: TestHouse):
    said = message("1", "How are you?")
    await home.say(said)
    assert await edit(home, said, "Who are you?") is True
    assert await edit(home, said, "Who are you?") is False
    await home.work()
    assert await edit(home, said, "Who are you?") is False
    assert asked(home, CallKind.CHAT) == 2


async def test_a_voice_note_is_not_written_down_again_when_only_the_words_beside_it_change(home: TestHouse):
    said = message("1", "Please sum up.", VOICE_NOTE)
    await home.say(said)
    clip_before, *_ = [post for post, posted in home.platform.posts.items() if posted.clip]
    await edit(home, said, "Please translate.")
    await home.work()
    assert asked(home, CallKind.TRANSCRIPTION) == 1
    assert asked(home, CallKind.CHAT) == 2
    [clip] = [post for post, posted in home.platform.posts.items() if posted.clip]
    assert clip != clip_before, "the old clip says what no longer holds"
    assert sum("Please translate." in text for text in texts(home)) == 1
    assert not any("Please sum up." in text for text in texts(home))
    [chats] = [one for one in await home.ledger.sums(Dimension.MODEL, since=0) if "mind" in one.name]
    assert chats.cost == 2 * PRICE, "both answers stay counted"


async def test_a_file_that_is_added_is_heard_and_the_other_is_not_heard_again(home: TestHouse, tmp_path: Path):
    said = message("1", "Please sum up.", VOICE_NOTE)
    await home.say(said)
    other = Attachment(id="other", name="o.wav", declared_type="audio/wav", voice_note=True)
    home.platform.files[other.id] = Path(write_wav(tmp_path / "other.wav", tone(2))).read_bytes()
    await edit(home, said, "Please sum up.", attachments=(other, VOICE_NOTE))
    await home.work()
    assert asked(home, CallKind.TRANSCRIPTION) == 2


async def test_an_edit_of_a_message_that_waits_replaces_it(home: TestHouse):
    said = message("1", "How are you?")
    await intake(home).accept(said)
    assert await edit(home, said, "Who are you?") is True
    assert len(home.store.jobs) == 1
    await home.work()
    assert texts(home) == ["You said: Who are you?"]


async def test_an_edit_stops_the_answer_that_is_under_way_and_goes_on_in_its_post(home: TestHouse):
    said = message("1", "How are you?")
    hold = home.gateway.hold(Point.MIDWAY)
    async with working(home):
        await intake(home).accept(said)
        await hold.reached.wait()
        await intake(home).accept(message("2", "And this?"))
        while not home.platform.posts:
            await asyncio.sleep(0.005)
        [before] = home.platform.posts
        await edit(home, said, "Who are you?")
        await idle(home)
    first, second = home.platform.posts.items()
    assert first[0] == before
    assert (first[1].text, second[1].text) == ("You said: Who are you?", "You said: And this?")
    assert len(home.gateway.charges) == 3
    assert [text for text in await remembered(home) if text in {"Who are you?", "And this?"}] == [
        "Who are you?",
        "And this?",
    ], "what was edited is answered before what waited behind it"
    old = await home.jobs.get(said.job_id)
    assert old is not None
    assert old.status is JobStatus.CANCELLED


async def test_a_post_on_its_way_is_taken_over_and_not_made_twice(home: TestHouse):
    slow = SlowPlatform()
    home = replace(home, platform=slow, house=replace(home.house, platforms={slow.name: slow}))
    said = message("1", "How are you?")
    async with working(home):
        await intake(home).accept(said)
        await slow.reached.wait()
        await edit(home, said, "Who are you?")
        await asyncio.sleep(0.05)
        slow.released.set()
    assert texts(home) == ["You said: Who are you?"]


async def test_parts_of_a_long_answer_that_nobody_needs_any_more_are_removed(home: TestHouse):
    said = message("1", "word " * 200)
    await home.say(said)
    first, *more = home.platform.posts
    assert len(more) >= 2
    await edit(home, said, "word " * 120)
    await home.work()
    assert [first, more[0]] == list(home.platform.posts)
    await edit(home, said, "Short.", "e2")
    await home.work()
    assert [first] == list(home.platform.posts)


async def test_a_redo_that_fails_says_so_in_place_of_the_old_answer(home: TestHouse):
    said = message("1", "word " * 200)
    await home.say(said)
    first, *_ = home.platform.posts
    home.gateway.models = {name: can for name, can in home.gateway.models.items() if name != "mind"}
    await edit(home, said, "Who are you?")
    await home.work()
    assert [first] == list(home.platform.posts)
    assert "No model" in texts(home)[0]


async def test_a_post_that_somebody_deleted_is_made_anew(home: TestHouse):
    said = message("1", "How are you?")
    await home.say(said)
    home.platform.posts.clear()
    await edit(home, said, "Who are you?")
    await home.work()
    assert texts(home) == ["You said: Who are you?"]


async def test_an_edit_a_day_later_or_after_something_else_was_said_is_left(home: TestHouse):
    said, later = message("1", "How are you?"), message("2", "And this?")
    await home.say(said)
    late = edited(said, "Who are you?")
    assert isinstance(home.house.clock, ManualClock)
    assert await intake(home).edited(late, said_at=home.house.clock.now() - 90_000_000) is False
    await home.say(later)
    assert await edit(home, said, "Who are you?") is False
    assert await edit(home, later, "And that?") is True


async def test_an_edit_that_speaks_to_us_for_the_first_time_is_a_new_message(home: TestHouse):
    place = Place(platform="memory", workspace="W", channel="open", thread="1")
    said = replace(message("1", "How are you?"), place=place, addressed=Addressed.OVERHEARD)
    await home.say(said)
    assert home.store.jobs == {}
    assert await edit(home, said, "How are you all?") is False
    assert await edit(home, said, "How are you?", addressed=Addressed.MENTION) is True
    assert await home.house.jobs.marks("memory") == {}, "what was said before it may not be stored yet"
    await home.work()
    assert texts(home) == ["You said: How are you?"]
    assert await edit(home, said, "Who are you?", "e2") is True, "and stays one, mentioned or not"


async def test_whoever_has_had_their_answers_for_this_hour_gets_no_redo(home: TestHouse):
    await home.house.channels.set("memory:W:C", "per_hour", "2", by="U")
    said = message("1", "How are you?")
    await home.say(said)
    assert await edit(home, said, "Who are you?") is True
    await home.work()
    assert await edit(home, said, "What are you?", "e2") is False
    assert texts(home) == ["You said: Who are you?"]


async def test_what_was_refused_while_it_waited_is_not_answered_by_an_edit(home: TestHouse):
    await home.house.channels.set("memory:W:C", "per_hour", "1", by="U")
    hold = home.gateway.hold(Point.MIDWAY)
    async with working(home):
        await intake(home).accept(message("1", "one"))
        await hold.reached.wait()
        await intake(home).accept(message("2", "two"))
        assert await edit(home, message("2", "two"), "to") is False
        home.house.clock.advance(3600)  # type: ignore[attr-defined]
        assert await edit(home, message("2", "two"), "too", "e2") is True
        hold.released.set()
    assert texts(home) == ["You said: one", "You said: too"]


async def test_of_many_that_were_refused_and_edited_at_once_no_more_are_answered_than_may_be(home: TestHouse):
    await home.house.channels.set("memory:W:C", "per_hour", "2", by="U")
    said = [message(str(number), "Hi") for number in range(1, 9)]
    for each in said:
        await home.house.jobs.submit(replace(each.emptied, refusal="No."))
    one = intake(home)
    async with asyncio.TaskGroup() as group:
        edits = [group.create_task(one.edited(edited(each, "Hello"), said_at=home.house.clock.now())) for each in said]
    assert sum(task.result() for task in edits) == 2


async def test_who_may_not_speak_to_us_any_more_gets_no_redo(home: TestHouse):
    said = message("1", "How are you?")
    await home.say(said)
    await home.house.channels.set("memory:W:C", "deny", ADA, by="G")
    assert await edit(home, said, "Who are you?") is False


async def test_a_redo_that_was_cut_off_by_a_crash_goes_on(home: TestHouse):
    said = message("1", "Please sum up.", VOICE_NOTE)
    await home.say(said)
    posts = list(home.platform.posts)
    await edit(home, said, "Please translate.")
    [job] = await home.jobs.claim(1, ["memory"])
    await home.house.journal.begin(job.lease, "post:text:0")
    await home.jobs.release(job.lease)
    await home.restarted().work()
    assert posts[0] in home.platform.posts
    assert len([text for text in texts(home) if "Please translate." in text]) == 1
    assert asked(home, CallKind.TRANSCRIPTION) == 1


# --- deletions -------------------------------------------------------------------


async def test_a_deletion_removes_the_reply_and_the_words(home: TestHouse):
    said = message("1", "Please sum up.", VOICE_NOTE)
    await home.say(said)
    assert len(home.platform.posts) > 1
    assert await intake(home).deleted(PLACE, "1") is True
    await home.work()
    assert home.platform.posts == {}
    assert await remembered(home) == []
    assert [job.message.text for job in home.store.jobs.values()] == ["", ""]
    results = [step.result for steps in home.store.steps.values() for step in steps.values()]
    assert all(result is None or set(result) == {"post"} for result in results)
    assert await intake(home).deleted(PLACE, "1") is False
    assert await intake(home).deleted(PLACE, "2") is False


async def test_a_deletion_stops_the_turn_and_removes_what_was_on_its_way(home: TestHouse):
    slow = SlowPlatform()
    home = replace(home, platform=slow, house=replace(home.house, platforms={slow.name: slow}))
    async with working(home):
        await intake(home).accept(message("1", "How are you?"))
        await slow.reached.wait()
        await intake(home).deleted(PLACE, "1")
        await asyncio.sleep(0.05)
        slow.released.set()
    assert slow.posts == {}
    assert len(home.gateway.charges) == 1


async def test_a_deletion_stops_the_model_within_a_second(home: TestHouse):
    hold = home.gateway.hold(Point.ACCEPTED)
    async with working(home):
        await intake(home).accept(message("1", "How are you?"))
        await hold.reached.wait()
        await intake(home).deleted(PLACE, "1")
        await idle(home)
    assert home.platform.posts == {}
    [call] = await home.ledger.unsettled(10)
    assert call.step == "answer:scripted/mind", "what it may cost stays counted"


async def test_a_deleted_message_that_waits_is_never_answered(home: TestHouse):
    await intake(home).accept(message("1", "How are you?"))
    assert await intake(home).deleted(PLACE, "1") is True
    await home.work()
    assert (home.platform.posts, home.gateway.requests) == ({}, [])
    job, removal = home.store.jobs.values()
    assert (job.status, job.message.text) == (JobStatus.CANCELLED, "")
    assert (removal.status, removal.message.errand) == (JobStatus.DONE, Errand.REMOVE)


@dataclass(kw_only=True)
class StubbornPlatform(MemoryPlatform):
    """One that does not remove posts for a while."""

    refusals: int = 30

    @override
    async def delete(self, post: PostId, *, answering: Message) -> None:
        if self.refusals:
            self.refusals -= 1
            raise PostNotDone("busy")
        await super().delete(post, answering=answering)


async def test_a_removal_is_tried_for_longer_than_a_reply(home: TestHouse):
    stubborn = StubbornPlatform()
    home = replace(home, platform=stubborn, house=replace(home.house, platforms={stubborn.name: stubborn}))
    await home.say(message("1", "How are you?"))
    await intake(home).deleted(PLACE, "1")
    await home.work()
    assert stubborn.posts == {}
    assert all(job.status is not JobStatus.FAILED for job in home.store.jobs.values())


async def test_a_message_that_is_gone_is_not_answered_by_an_edit_that_came_too_late(home: TestHouse):
    said = message("1", "How are you?")
    await home.say(said)
    await intake(home).deleted(PLACE, "1")
    assert await edit(home, said, "Who are you?") is False
    await home.work()
    assert home.platform.posts == {}


async def test_after_a_restart_a_removal_goes_on_with_what_is_left(home: TestHouse):
    await home.say(message("1", "Please sum up.", VOICE_NOTE))
    await intake(home).deleted(PLACE, "1")
    [job] = await home.jobs.claim(1, ["memory"])
    assert job.message.errand is Errand.REMOVE
    home.platform.posts.pop(next(iter(home.platform.posts)))
    await home.jobs.release(job.lease)
    await home.restarted().work()
    assert home.platform.posts == {}


async def test_a_post_in_doubt_of_a_run_that_was_killed_is_found_and_removed(home: TestHouse):
    said = message("1", "How are you?")
    await intake(home).accept(said)
    await home.house.clock.sleep(60)
    [job] = await home.jobs.claim(1, ["memory"])
    await home.house.journal.begin(job.lease, "post:text:0")
    await home.platform.post(TextPart(text="You"), answering=said, key=f"{said.job_id}/post:text:0")
    await intake(home).deleted(PLACE, "1")
    await home.work()
    assert home.platform.posts == {}


# --- stop ------------------------------------------------------------------------


async def test_a_stop_ends_the_reply_where_it_is_and_says_so(home: TestHouse):
    hold = home.gateway.hold(Point.MIDWAY)
    async with working(home):
        await intake(home).accept(message("1", "How are you?"))
        await intake(home).accept(message("2", "And this?"))
        await hold.reached.wait()
        while not home.platform.posts:
            await asyncio.sleep(0.005)
        assert await intake(home).stop(PLACE, by="somebody else") == 0
        assert await intake(home).stop(PLACE, by=ADA) == 2
        await idle(home)
    assert texts(home) == ["You\n\n_Stopped._"]
    assert await remembered(home) == []
    [call] = await home.ledger.unsettled(10)
    assert call.step == "answer:scripted/mind"


async def test_who_manages_the_channel_may_stop_what_others_asked(home: TestHouse):
    await intake(home).accept(message("1", "How are you?"))
    assert await intake(home).stop(PLACE, by="G", may_manage=True) == 1
    await home.work()
    assert home.platform.posts == {}


async def test_a_stop_while_it_speaks_leaves_the_text_and_brings_no_clip(home: TestHouse):
    await home.house.channels.set("memory:W:C", "reply", "both", by="U")
    async with working(home):
        await intake(home).accept(message("1", "How are you?"))
        hold = home.gateway.hold(Point.MIDWAY)
        await hold.reached.wait()
        hold.released.set()
        speaking = home.gateway.hold(Point.MIDWAY)
        await speaking.reached.wait()
        await intake(home).stop(PLACE, by=ADA)
        await idle(home)
    [posted] = home.platform.posts.values()
    assert (posted.text, posted.clip) == ("You said: How are you?", b"")


async def test_after_a_stop_an_edit_asks_again(home: TestHouse):
    said = message("1", "How are you?")
    hold = home.gateway.hold(Point.MIDWAY)
    async with working(home):
        await intake(home).accept(said)
        await hold.reached.wait()
        await intake(home).stop(PLACE, by=ADA)
        await idle(home)
    assert await edit(home, said, "Who are you?") is True
    await home.work()
    assert texts(home) == ["You said: Who are you?"]


async def test_a_stop_reaches_no_other_conversation(home: TestHouse):
    await intake(home).accept(message("1", "How are you?"))
    assert await intake(home).stop(replace(PLACE, channel="other"), by=ADA) == 0
    await home.work()
    assert texts(home) == ["You said: How are you?"]


async def test_a_job_that_is_cancelled_from_elsewhere_stops_within_a_second(home: TestHouse):
    hold = home.gateway.hold(Point.ACCEPTED)
    said = message("1", "How are you?")
    async with working(home):
        await intake(home).accept(said)
        await hold.reached.wait()
        assert await home.restarted("another process").jobs.cancel(said.job_id) is True
        await idle(home)
    assert home.platform.posts == {}


# --- files, workspaces -----------------------------------------------------------


async def test_what_was_said_in_a_file_goes_with_the_file(home: TestHouse):
    await home.say(message("1", "Please sum up.", VOICE_NOTE))
    await home.say(message("2", "And now?"))
    assert await intake(home).file_deleted("memory", "W", VOICE_NOTE.id) == 1
    results = [step.result for step in home.store.steps[message("1").job_id].values()]
    assert all(result is None or set(result) == {"post"} for result in results)
    assert await remembered(home) == ["And now?", "You said: And now?"]
    assert await intake(home).file_deleted("memory", "W", VOICE_NOTE.id) == 0
    assert await intake(home).file_deleted("memory", "elsewhere", VOICE_NOTE.id) == 0


async def test_a_message_whose_file_goes_while_it_is_heard_is_answered_without(home: TestHouse):
    hold = home.gateway.hold(Point.MIDWAY)
    async with working(home):
        await intake(home).accept(message("1", "Please sum up.", VOICE_NOTE))
        await hold.reached.wait()
        assert await intake(home).file_deleted("memory", "W", VOICE_NOTE.id) == 1
        await idle(home)
    assert texts(home) == ["You said: Please sum up."]


async def test_a_message_that_was_nothing_but_the_file_goes_with_it(home: TestHouse):
    hold = home.gateway.hold(Point.MIDWAY)
    async with working(home):
        await intake(home).accept(message("1", "", VOICE_NOTE))
        await hold.reached.wait()
        assert await intake(home).file_deleted("memory", "W", VOICE_NOTE.id) == 1
        await idle(home)
    assert home.platform.posts == {}


async def test_what_was_said_in_a_file_goes_also_where_it_was_answered_together_with_more(tmp_path: Path):
    home = open_test_house(tmp_path, gather_seconds="0.5")
    home.platform.files[VOICE_NOTE.id] = Path(write_wav(tmp_path / "note.wav", tone(1))).read_bytes()
    home.gateway.answers[CallKind.CHAT] = _echo
    await intake(home).accept(message("1", "", VOICE_NOTE))
    await home.say(message("2", "What do you think?"))
    assert "Good morning" in str(home.store.steps)
    assert await intake(home).file_deleted("memory", "W", VOICE_NOTE.id) == 2
    assert "Good morning" not in str(home.store.steps)
    assert await remembered(home) == []


async def test_who_asks_about_a_file_that_goes_meanwhile_is_answered_without(home: TestHouse):
    quoted = Quoted(channel="C", key="0", author=Author(id="G"), text="Listen!", attachments=(VOICE_NOTE,))
    hold = home.gateway.hold(Point.MIDWAY)
    async with working(home):
        await intake(home).accept(replace(message("1", "What does she say?"), quoted=(quoted,)))
        await hold.reached.wait()
        assert await intake(home).file_deleted("memory", "W", VOICE_NOTE.id) == 1
        await idle(home)
    (told,) = texts(home)
    assert "Listen!" in told
    assert "What does she say?" in told
    assert "Good morning" not in f"{told}{home.store.steps}"


async def test_one_of_several_whose_file_goes_while_they_are_answered_leaves_the_rest(tmp_path: Path):
    home = open_test_house(tmp_path, gather_seconds="0.5")
    home.platform.files[VOICE_NOTE.id] = Path(write_wav(tmp_path / "note.wav", tone(1))).read_bytes()
    home.gateway.answers[CallKind.CHAT] = _echo
    hold = home.gateway.hold(Point.MIDWAY)
    async with working(home):
        await intake(home).accept(message("1", "Listen!", VOICE_NOTE))
        await intake(home).accept(message("2", "What do you think?"))
        await hold.reached.wait()
        assert await intake(home).file_deleted("memory", "W", VOICE_NOTE.id) == 2
        await idle(home)
    assert texts(home) == ["You said: Listen!\nWhat do you think?"]
    assert "Good morning" not in str(home.store.steps)


@pytest.mark.parametrize("gone", ["channel", "thread"])
async def test_of_a_channel_or_thread_that_is_gone_nothing_is_held(home: TestHouse, gone: str):
    thread = replace(PLACE, channel="D", thread="9")
    place = thread if gone == "thread" else replace(thread, thread=None)
    inside = replace(message("1", "A secret."), place=thread)
    beside = replace(message("2", "Another."), place=replace(thread, channel="E"))
    await home.say(inside)
    await home.say(beside)
    hold = home.gateway.hold(Point.MIDWAY)
    async with working(home):
        await intake(home).accept(replace(inside, key="3", text="More."))
        await intake(home).accept(replace(inside, key="4", text="And more."))
        await hold.reached.wait()
        assert await intake(home).channel_deleted(place) is True
        await idle(home)
    held = {job.message.text for job in home.store.jobs.values()}
    assert held == {"", "Another."}
    assert "secret" not in str(home.store.steps)
    assert asked(home, CallKind.CHAT) == 3, "what waited is not answered"
    assert await intake(home).channel_deleted(place) is False


async def test_a_channel_whose_process_dies_as_it_goes_is_seen_to_by_the_next(home: TestHouse):
    await home.say(message("1", "A secret."))
    await intake(home).channel_deleted(PLACE)
    await home.restarted().work()
    assert {job.message.text for job in home.store.jobs.values()} == {""}


def purging(home: TestHouse) -> TestHouse:
    abilities = Abilities(
        text_limit=500,
        edit_seconds=0.01,
        clip=home.platform.abilities.clip,
        max_upload_bytes=1_000_000,
        purges=True,
    )
    home.platform.abilities = abilities
    return home


@pytest.mark.parametrize("how", ["by the platform's terms", "by the admin's wish"])
async def test_a_workspace_that_sends_us_away_leaves_nothing_but_sums(home: TestHouse, how: str):
    if how == "by the platform's terms":
        purging(home)
    else:
        await home.house.channels.set("memory:W", "purge_on_leave", "on", by="U")
    await home.house.channels.set("memory:W:C", "system_prompt", "Be kind to Grace.", by="U")
    elsewhere = replace(message("9", "Elsewhere."), place=replace(PLACE, workspace="X"))
    await home.say(message("1", "Please sum up.", VOICE_NOTE))
    await home.say(elsewhere)
    await intake(home).accept(message("2", "And now?"))
    spent = sum(one.cost for one in await home.ledger.sums(Dimension.MODEL, since=0))
    assert await intake(home).left("memory", "W") is True
    await home.work()
    here = [job for job in home.store.jobs.values() if job.message.place.workspace == "W"]
    assert {job.message.text for job in here} == {""}
    assert {job.status for job in here} == {JobStatus.DONE, JobStatus.CANCELLED}
    assert await remembered(home) == []
    assert (await home.house.channels.config(PLACE)).config.system_prompt != "Be kind to Grace."
    changes = await home.house.audit.newest(100, "memory:W")
    assert not any("Grace" in f"{one.old}{one.new}" for one in changes)
    assert sum(one.cost for one in await home.ledger.sums(Dimension.MODEL, since=0)) == spent
    other = await home.jobs.get(elsewhere.job_id)
    assert other is not None
    assert other.message.text == "Elsewhere."


async def test_a_workspace_that_sends_us_away_is_else_only_left_alone(home: TestHouse):
    said = message("1", "How are you?")
    await home.say(said)
    await intake(home).accept(message("2", "And now?"))
    assert await intake(home).left("memory", "W") is False
    await home.work()
    kept = await home.jobs.get(said.job_id)
    assert kept is not None
    assert kept.message.text == "How are you?"
    assert len(home.gateway.requests) == 1


async def test_what_is_held_of_a_person_counts_messages_and_not_what_became_of_them(home: TestHouse):
    said = message("1", "How are you?")
    await home.say(said)
    await edit(home, said, "Who are you?")
    await home.work()
    person = f"memory:W:@{Author(id=ADA).id}"
    assert await home.house.records.of_person(person) == [f"{said.job_id}#1"]
    await intake(home).deleted(PLACE, "1")
    await home.work()
    assert await home.house.records.of_person(person) == []
