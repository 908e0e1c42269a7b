"""What every implementation of `Conversations` does."""

from dataclasses import replace

from bot.domain.audio import MediaFile, MediaFormat
from bot.domain.messages import JobId
from bot.domain.models import ChatTurn, Role
from tests.contracts.samples import OTHER_PLACE, PLACE
from tests.contracts.storage import Storage


def turns(*words: str) -> list[ChatTurn]:
    return [ChatTurn(role=(Role.USER, Role.ASSISTANT)[n % 2], text=text) for n, text in enumerate(words)]


async def test_what_was_said_comes_back_oldest_first(storage: Storage):
    await storage.conversations.remember(JobId("1"), PLACE, turns("hello", "hi"))
    await storage.conversations.remember(JobId("2"), PLACE, turns("how are you", 'Fine "\ud83d"'))
    assert await storage.conversations.recall(PLACE, 10) == turns("hello", "hi", "how are you", 'Fine "\ud83d"')
    assert await storage.conversations.recall(PLACE, 3) == turns("", "hi", "how are you", 'Fine "\ud83d"')[1:]


async def test_nothing_is_nothing(storage: Storage):
    await storage.conversations.remember(JobId("1"), PLACE, [])
    assert await storage.conversations.recall(PLACE, 10) == []
    await storage.conversations.remember(JobId("2"), PLACE, turns("hello"))
    assert await storage.conversations.recall(PLACE, 0) == []


async def test_a_job_says_its_words_once(storage: Storage):
    await storage.conversations.remember(JobId("1"), PLACE, turns("hello", "hi"))
    await storage.conversations.remember(JobId("1"), PLACE, turns("hello", "hi", "again"))
    assert await storage.conversations.recall(PLACE, 10) == turns("hello", "hi")


async def test_conversations_are_apart(storage: Storage):
    await storage.conversations.remember(JobId("1"), PLACE, turns("here"))
    await storage.conversations.remember(JobId("2"), OTHER_PLACE, turns("there"))
    await storage.conversations.remember(JobId("3"), replace(PLACE, thread=None), turns("above"))
    assert await storage.conversations.recall(PLACE, 10) == turns("here")


async def test_only_words_are_kept(storage: Storage):
    sound = MediaFile(path="note.ogg", format=MediaFormat.OGG, seconds=1.0, bytes=3)
    said = [ChatTurn(role=Role.USER, text="listen", audio=(sound,)), ChatTurn(role=Role.USER, audio=(sound,))]
    await storage.conversations.remember(JobId("1"), PLACE, said)
    assert await storage.conversations.recall(PLACE, 10) == [ChatTurn(role=Role.USER, text="listen")]
