"""What is kept of what people say, for how long, who sees it, and its end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.budgets import user_scope
from bot.domain.channels import InDoubt
from bot.domain.commands import CommandCall
from bot.domain.errors import ModelInDoubt
from bot.domain.jobs import JobStatus
from bot.domain.messages import Action, Author, JobId, Message, Quoted
from bot.domain.records import Erased
from bot.pipeline.command import carry_out
from bot.pipeline.intake import StoredIntake
from bot.pipeline.retention import forget, keep_retention, keep_retention_for_ever
from bot.pipeline.worker import Worker
from tests.contracts.sounds import tone, write_wav
from tests.doubles.clock import ManualClock
from tests.doubles.gateway import Point
from tests.doubles.house import VOICE_NOTE, TestHouse, message, open_test_house
from tests.unit.test_changes import working

PLACE = message().place
ADA, GRACE = message().author, Author(id="G", name="Grace")
PERSON = user_scope(PLACE, ADA)
ALL = 1_000_000
DAY = 86_400


@pytest.fixture
def made(tmp_path: Path) -> TestHouse:
    made = open_test_house(tmp_path / "media")
    made.platform.files[VOICE_NOTE.id] = Path(write_wav(tmp_path / "note.wav", tone(1))).read_bytes()
    return made


def advance(made: TestHouse, seconds: float) -> None:
    assert isinstance(made.house.clock, ManualClock)
    made.house.clock.advance(seconds)


async def use(made: TestHouse, command: str, *, by: Author = ADA) -> str:
    return await carry_out(made.house, CommandCall(name=command, place=PLACE, author=by, may_manage=False))


async def remembered(made: TestHouse) -> list[str]:
    past = await made.house.conversations.recall(PLACE, ALL)
    return [turn.text for said in past.exchanges for turn in said.turns]


def by_grace(key: str, text: str) -> Message:
    return replace(message(key, text), author=GRACE)


ABOUT_HER = replace(
    by_grace("2", "What does she mean?"),
    quoted=(Quoted(channel=PLACE.channel, key="0", author=ADA, text="My words."),),
)


@asynccontextmanager
async def asked_while_it_is_forgotten(made: TestHouse) -> AsyncIterator[Message]:
    """Let somebody ask about words, and those be forgotten while they are answered; then wait until nothing is left to do."""
    hold = made.gateway.hold(Point.MIDWAY)
    await made.jobs.submit(ABOUT_HER)
    async with working(made):
        await hold.reached.wait()
        await forget(made.house, PERSON, by="U")
        yield ABOUT_HER
        hold.released.set()


async def held_of(made: TestHouse, said: Message) -> list[str]:
    """Return where words of a message are still held."""
    steps = [step.result for each in made.store.steps.values() for step in each.values()]
    held = [job.message.text for job in made.store.jobs.values() if job.message.subject == said.subject]
    return [
        found for found in (*held, *map(str, steps), *await remembered(made)) if "words." in found or "mean" in found
    ]


async def texts(made: TestHouse, *jobs: Message) -> list[str]:
    """Return what is kept of messages: their texts, and the results of their steps but of posts."""
    kept = []
    for said in jobs:
        job = await made.jobs.get(said.job_id)
        assert job is not None
        steps = await made.house.journal.steps(said.job_id)
        results = [step.result for name, step in steps.items() if step.result and not name.startswith("post:")]
        kept.append(f"{job.message.text} {results or ''}".strip())
    return kept


# --- retention -----------------------------------------------------------------


async def test_what_is_older_than_its_channel_keeps_it_is_erased(made: TestHouse):
    await made.house.channels.set("memory:W", "retention_days", "7", by="test")
    old, new = message("1", "The old words."), message("2", "The new words.")
    await made.say(old)
    advance(made, 5 * DAY)
    await made.say(new)
    advance(made, 1.9 * DAY)
    assert await keep_retention(made.house) == Erased()
    advance(made, 0.2 * DAY)
    erased = await keep_retention(made.house)
    assert (erased.jobs, erased.turns) == ((old.job_id,), 1)
    assert (await texts(made, old, new))[0] == ""
    assert "The new words." in (await texts(made, old, new))[1]
    assert "The old words." not in await remembered(made)
    assert "The new words." in await remembered(made)


async def test_each_place_keeps_what_it_keeps(made: TestHouse):
    elsewhere = replace(message("2", "There."), place=replace(PLACE, channel="D"))
    await made.house.channels.set("memory:W:D", "retention_days", "1", by="test")
    await made.say(message("1", "Here."))
    await made.say(elsewhere)
    advance(made, 2 * DAY)
    assert (await keep_retention(made.house)).jobs == (elsewhere.job_id,)
    advance(made, 29 * DAY)
    assert (await keep_retention(made.house)).jobs == (message("1").job_id,), "30 days where nobody says otherwise"


async def test_with_0_days_nothing_outlives_the_turn_and_nothing_is_remembered(made: TestHouse):
    await made.house.channels.set("memory:W", "retention_days", "0", by="test")
    first, second = message("1", "My words.", VOICE_NOTE), message("2", "And more.")
    await made.say(first)
    assert len(made.platform.posts) == 2
    assert await texts(made, first) == [""]
    assert await remembered(made) == []
    await made.say(second)
    assert "My words." not in str(made.gateway.requests[-1])
    assert len(await made.ledger.of_job(first.job_id)) == 3, "what was used stays"


async def test_with_0_days_a_turn_that_is_given_up_leaves_nothing_either(made: TestHouse):
    await made.house.channels.set("memory:W", "retention_days", "0", by="test")
    await made.house.channels.set("memory:W", "in_doubt", InDoubt.FAIL, by="test")
    made.gateway.fail(Point.MIDWAY, ModelInDoubt("cut off over My words."))
    await made.say(message("1", "My words."))
    job = await made.jobs.get(message("1").job_id)
    assert job is not None
    assert (job.status, job.message.text, job.error) == (JobStatus.FAILED, "", None)


async def test_what_waits_for_a_decision_is_kept_a_day_longer_and_then_dropped(made: TestHouse):
    await made.house.channels.set("memory:W", "retention_days", "0", by="test")
    made.gateway.fail(Point.MIDWAY, ModelInDoubt("cut off"))
    await made.say(message("1", "My words."))
    assert await keep_retention(made.house) == Erased()
    assert "My words." in (await texts(made, message("1")))[0]
    advance(made, 1.1 * DAY)
    assert len((await keep_retention(made.house)).jobs) == 1
    job = await made.jobs.get(message("1").job_id)
    assert job is not None
    assert (job.status, job.message.text) == (JobStatus.CANCELLED, "")


async def test_with_0_days_what_waits_for_a_decision_outlives_what_a_button_is_used_for(made: TestHouse):
    await made.house.channels.set("memory:W", "retention_days", "0", by="test")
    said = message("1", "My words.")
    made.gateway.fail(Point.MIDWAY, ModelInDoubt("cut off"))
    await made.say(said)
    await made.jobs.submit(replace(said, text="Aloud.", command="say", revision=1, pressed=Action.SPEAK))
    await made.work()
    assert [job.status for job in made.store.jobs.values()] == [JobStatus.ASKED, JobStatus.DONE]
    assert "My words." in (await texts(made, said))[0]
    await made.jobs.decide(said.job_id, repeat=True)
    await made.work()
    assert [job.message.text for job in made.store.jobs.values()] == ["", ""]


async def test_it_is_kept_by_the_hour(made: TestHouse):
    await made.say(message("1", "The old words."))
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        keeping = group.create_task(keep_retention_for_ever(made.house))
        began = made.house.clock.now()
        while (await texts(made, message("1")))[0]:
            await asyncio.sleep(0.001)
        keeping.cancel()
    assert 29 * DAY < (made.house.clock.now() - began) / 1000 < 31 * DAY


# --- /forget ---------------------------------------------------------------------


async def test_forget_erases_what_whoever_asks_said_and_counts_it(made: TestHouse):
    mine, theirs = message("1", "My words.", VOICE_NOTE), by_grace("2", "Their words.")
    await made.say(mine)
    await made.say(theirs)
    told = await use(made, "forget")
    erased, stays = told.splitlines()
    counts = "1 message, 3 transcripts and answers and 1 remembered turn, with the recordings that were there"
    assert erased.startswith(
        f"Erased, of what you said to me in this workspace: {counts}. I looked again: no messages of"
    )
    assert stays.startswith("What was used and cost stays counted, without words.")
    kept = await texts(made, mine, theirs)
    assert kept[0] == ""
    assert "Their words." in kept[1]
    assert not any("My words." in text for text in await remembered(made))
    assert any("Their words." in text for text in await remembered(made))
    assert await use(made, "forget") == "I hold nothing of what you said in this workspace."


async def test_forget_is_noted_without_a_word_of_what_it_was(made: TestHouse):
    await made.say(message("1", "My words."))
    await use(made, "forget")
    (change,) = await made.house.audit.newest(9)
    assert (change.by, change.scope, change.name) == ("U", "memory:W:@U", "forget")
    assert change.new == "1 message, 1 transcript or answer and 1 remembered turn"


async def test_forget_does_not_let_anybody_say_more_within_the_hour(made: TestHouse):
    await made.house.channels.set("memory:W", "per_hour", "1", by="test")
    await made.say(message("1", "My words."))
    await use(made, "forget")
    await made.say(message("2", "More words."))
    assert list(made.platform.posts.values())[-1].text.startswith("That is more than the 1 message an hour")


async def test_forget_stops_a_turn_that_is_under_way_and_takes_its_files_away(made: TestHouse, tmp_path: Path):
    hold = made.gateway.hold(Point.MIDWAY)
    worker = Worker(made.house, turns=1, drain_seconds=5)

    def files() -> list[Path]:
        return [path for path in (tmp_path / "media").rglob("*") if path.is_file()]

    await made.jobs.submit(message("1", "My words.", VOICE_NOTE))
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(worker.run())
        await hold.reached.wait()
        assert files()
        await forget(made.house, PERSON, by="U")
        hold.released.set()
        while made.gateway.running:
            await asyncio.sleep(0.001)
        worker.stop()
    job = await made.jobs.get(JobId(message("1").job_id))
    assert job is not None
    assert (job.status, job.message.text) == (JobStatus.CANCELLED, "")
    assert await remembered(made) == []
    assert files() == []


async def test_forget_takes_along_what_others_asked_about_it(made: TestHouse):
    await made.say(ABOUT_HER)
    assert any("My words." in text for text in await remembered(made))
    assert "1 message, " in await use(made, "forget")
    assert await texts(made, ABOUT_HER) == [""]
    assert await remembered(made) == []


async def test_what_others_are_being_told_about_it_is_forgotten_with_their_answer(made: TestHouse):
    async with asked_while_it_is_forgotten(made) as theirs:
        assert "My words." in str(made.store.steps)
    assert len(made.platform.posts) == 1, "they have their answer"
    assert await held_of(made, theirs) == []


async def test_what_others_are_being_told_about_it_is_forgotten_also_when_they_stop_that(made: TestHouse):
    async with asked_while_it_is_forgotten(made) as theirs:
        assert await StoredIntake(made.house).stop(PLACE, by=GRACE.id) == 1
    assert await held_of(made, theirs) == []


async def test_what_others_are_being_told_about_it_is_forgotten_also_when_they_have_it_read_aloud(made: TestHouse):
    async with asked_while_it_is_forgotten(made) as theirs:
        advance(made, 1)
        assert await made.jobs.submit(replace(theirs, text="You said", command="say", revision=1, pressed=Action.SPEAK))
    assert [job.status for job in made.store.jobs.values()] == [JobStatus.DONE] * 2
    assert await held_of(made, theirs) == []


async def test_what_several_messages_of_others_are_about_is_forgotten_with_their_answer(made: TestHouse):
    await made.jobs.submit(ABOUT_HER, pause=0.5)
    advance(made, 0.1)
    await forget(made.house, PERSON, by="U")
    advance(made, 0.1)
    await made.jobs.submit(by_grace("3", "And what do you say to it?"), pause=0.5)
    advance(made, 1)
    await made.work()
    assert len(made.platform.posts) == 1
    assert await held_of(made, ABOUT_HER) == []


async def test_what_others_stop_before_it_begins_is_forgotten_with_what_is_old(made: TestHouse):
    await made.jobs.submit(ABOUT_HER)
    await forget(made.house, PERSON, by="U")
    assert await StoredIntake(made.house).stop(PLACE, by=GRACE.id) == 1
    assert (await keep_retention(made.house)).jobs == (ABOUT_HER.job_id,)
    assert await held_of(made, ABOUT_HER) == []


async def test_what_others_are_asked_to_decide_about_is_forgotten_with_what_is_old(made: TestHouse):
    made.gateway.fail(Point.MIDWAY, ModelInDoubt("cut off"))
    async with asked_while_it_is_forgotten(made) as theirs:
        pass
    assert [job.status for job in made.store.jobs.values()] == [JobStatus.ASKED]
    assert (await keep_retention(made.house)).jobs == (theirs.job_id,)
    assert await held_of(made, theirs) == []


async def test_what_others_ask_about_what_is_said_after_that_is_kept(made: TestHouse):
    await forget(made.house, PERSON, by="U")
    advance(made, 1)
    await made.say(ABOUT_HER)
    assert await keep_retention(made.house) == Erased()
    assert "My words." in str(await remembered(made))


# --- /privacy ----------------------------------------------------------------------


async def test_privacy_tells_what_is_kept_how_long_and_who_sees_it(made: TestHouse):
    await made.house.channels.set("memory:W", "speech_model", "local/joe", by="test")
    await made.house.channels.set("memory:W", "chat_model", "scripted/mind, openrouter/a/b", by="test")
    await made.say(message("1", "My words."))
    told = await use(made, "privacy")
    assert "my answers: for 30 days" in told
    assert "- `scripted`: answers, writes down recordings, takes videos." in told
    assert "- `openrouter`: answers." in told
    assert "- Models in this service itself, from which nothing leaves: speaks replies." in told
    assert "- Memory, where you write it" in told
    assert "I hold 1 message of yours in this workspace now." in told
    assert "I hold no messages of yours" in await use(made, "privacy", by=GRACE)


@pytest.mark.parametrize(("days", "words"), [("0", "only until the reply is complete"), ("1", "for a day,")])
async def test_privacy_tells_what_the_channel_keeps(made: TestHouse, days: str, words: str):
    await made.house.channels.set("memory:W:C", "retention_days", days, by="test")
    assert words in await use(made, "privacy")
