"""What every implementation of `Conversations` does."""

from dataclasses import replace

from bot.domain.audio import MediaFile, MediaFormat
from bot.domain.conversation import Exchange, Past
from bot.domain.messages import JobId, Place
from bot.domain.models import ChatTurn, Role
from tests.contracts.samples import OTHER_PLACE, PLACE, message
from tests.contracts.storage import Storage

ALL = 1_000_000
"""Bytes, more than anybody says here."""


def exchange(job: str, *words: str) -> Exchange:
    turns = (ChatTurn(role=(Role.USER, Role.ASSISTANT)[n % 2], text=text) for n, text in enumerate(words))
    return Exchange(job=JobId(job), turns=tuple(turns))


async def say(storage: Storage, *exchanges: Exchange, place: Place = PLACE) -> None:
    for said in exchanges:
        await storage.conversations.remember(said.job, place, said.turns)


HELLO = exchange("1", "hello", "hi")
HOW = exchange("2", "how are you", 'Fine "\ud83d"')
WHY = exchange("3", "why?", "because")


async def test_what_was_said_comes_back_oldest_first(storage: Storage):
    await say(storage, HELLO, HOW)
    assert await storage.conversations.recall(PLACE, ALL) == Past(exchanges=(HELLO, HOW))


async def test_of_much_the_newest_comes_back(storage: Storage):
    await say(storage, HELLO, exchange("2", "Grüße", "🐦"), WHY)  # 7, 11 and 11 bytes
    for most, count in [(0, 0), (1, 1), (11, 1), (12, 2), (22, 2), (23, 3)]:
        assert len((await storage.conversations.recall(PLACE, most)).exchanges) == count


async def test_nothing_is_nothing(storage: Storage):
    await say(storage, exchange("1"))
    assert await storage.conversations.recall(PLACE, ALL) == Past()
    assert not await storage.conversations.recall(PLACE, ALL)


async def test_a_job_says_its_words_once(storage: Storage):
    await say(storage, HELLO, exchange("1", "hello", "hi", "again"))
    assert await storage.conversations.recall(PLACE, ALL) == Past(exchanges=(HELLO,))


async def test_conversations_are_apart(storage: Storage):
    await say(storage, HELLO)
    await say(storage, HOW, place=OTHER_PLACE)
    await say(storage, WHY, place=replace(PLACE, thread=None))
    await storage.conversations.summarise(OTHER_PLACE, [HOW.job], "They are fine.")
    assert await storage.conversations.recall(PLACE, ALL) == Past(exchanges=(HELLO,))


async def test_only_words_are_kept(storage: Storage):
    sound = MediaFile(path="note.ogg", format=MediaFormat.OGG, seconds=1.0, bytes=3)
    said = (ChatTurn(role=Role.USER, text="listen", audio=(sound,)), ChatTurn(role=Role.USER, audio=(sound,)))
    await say(storage, Exchange(job=JobId("1"), turns=said))
    assert await storage.conversations.recall(PLACE, ALL) == Past(exchanges=(exchange("1", "listen"),))


async def test_a_summary_stands_for_what_was_said_up_to_a_turn(storage: Storage):
    await say(storage, HELLO, HOW, WHY)
    await storage.conversations.summarise(PLACE, [HOW.job], 'They are fine "\ud83d".')
    assert await storage.conversations.recall(PLACE, ALL) == Past(summary='They are fine "\ud83d".', exchanges=(WHY,))
    await say(storage, exchange("4", "and now?", "now what?"))
    await storage.conversations.summarise(PLACE, [WHY.job], "They asked why.")
    past = await storage.conversations.recall(PLACE, ALL)
    assert (past.summary, [said.job for said in past.exchanges]) == ("They asked why.", ["4"])


async def test_a_summary_may_be_kept_twice(storage: Storage):
    await say(storage, HELLO, HOW)
    for _ in range(2):
        await storage.conversations.summarise(PLACE, [HELLO.job], "They said hello.")
    assert await storage.conversations.recall(PLACE, ALL) == Past(summary="They said hello.", exchanges=(HOW,))


async def test_a_summary_of_what_was_erased_meanwhile_is_not_kept(storage: Storage):
    said = [message(str(number), text="words") for number in range(3)]
    for each in said:
        await storage.jobs.submit(each)
        await say(storage, Exchange(job=each.job_id, turns=HELLO.turns))
    first, second, third = (each.job_id for each in said)
    await storage.records.erase([first])
    assert not await storage.conversations.summarise(PLACE, [first, second], "They said 0 and 1.")
    assert (await storage.conversations.recall(PLACE, ALL)).summary == ""
    assert await storage.conversations.summarise(PLACE, [second], "They said 1.")
    await storage.records.erase([second])
    assert not await storage.conversations.summarise(PLACE, [third], "They said 1 and 2.", before="They said 1.")
    past = await storage.conversations.recall(PLACE, ALL)
    assert (past.summary, [each.job for each in past.exchanges]) == ("", [third])
