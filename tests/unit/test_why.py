from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from typing_extensions import override

from bot.domain.errors import PostRefused, SettingInvalid
from bot.domain.jobs import JobStatus
from bot.domain.messages import Action, Addressed, Attachment, Author, Errand, Message
from bot.pipeline.intake import StoredIntake
from bot.pipeline.why import explain
from bot.ports import Linked
from tests.doubles.house import TestHouse, message, open_test_house
from tests.doubles.platform import MemoryPlatform

LINK = "https://memory/1"
NOTE = Attachment(id="F1", voice_note=True)
OVERHEARD = replace(message("1", "hello"), addressed=Addressed.OVERHEARD, place=replace(message().place, direct=False))
SPOKEN = replace(OVERHEARD, text="", attachments=(NOTE,))


@dataclass(kw_only=True)
class LinkedPlatform(MemoryPlatform, Linked):
    """One on which one message has a link."""

    seen: Message | None = None

    @override
    async def linked(self, link: str) -> Message | None:
        if link != LINK:
            return None
        if self.seen is None:
            raise PostRefused("we are not in that channel")
        return self.seen


@pytest.fixture
def home(tmp_path: Path) -> TestHouse:
    made = open_test_house(tmp_path / "media")
    platform = LinkedPlatform()
    return replace(made, house=replace(made.house, platforms={platform.name: platform}), platform=platform)


async def told(home: TestHouse, seen: Message | None) -> str:
    home.platform.seen = seen  # type: ignore[attr-defined]
    return (await explain(home.house, LINK)).what


async def test_a_link_of_somewhere_else_is_no_link(home: TestHouse):
    with pytest.raises(SettingInvalid, match="no link to a message"):
        await explain(home.house, "https://example.com")


async def test_a_message_that_we_may_not_see_is_said_to_be_so(home: TestHouse):
    assert await told(home, None) == "I cannot see that message: we are not in that channel"


async def test_an_answered_message_was_answered(home: TestHouse):
    said = message("1", "Hello")
    await home.say(said)
    finding = await told(home, said)
    assert finding.startswith("It was answered on ")
    assert "Hello" not in finding


async def test_a_refused_message_comes_with_the_sentence_that_its_author_read(home: TestHouse):
    said = message("1", "Hello")
    await home.say(replace(said, refusal="You may not."))
    assert (await told(home, said)).endswith(": You may not.")


async def test_what_waits_is_said_to_wait_for_a_service_where_there_is_none(home: TestHouse):
    said = message("1", "Hello")
    await home.house.jobs.submit(said)
    assert await told(home, said) == "It waits, and no service is at work on this database."
    await home.house.jobs.heartbeat()
    assert (await told(home, said)).startswith("It waits for its turn, not before ")
    (job,) = await home.house.jobs.claim(1, ["memory"])
    assert await told(home, said) == "It is being answered (try 1)."
    await home.house.jobs.ask(job.lease, reason="cut off")
    assert "waits for a decision: cut off." in await told(home, said)
    assert await home.house.jobs.cancel(job.id)
    assert (await told(home, said)).startswith("It was stopped on ")
    assert (await home.house.jobs.get(job.id)).status is JobStatus.CANCELLED  # type: ignore[union-attr]


async def test_what_was_given_up_comes_with_its_reason(home: TestHouse):
    said = message("1", "Hello")
    await home.house.jobs.submit(said)
    (job,) = await home.house.jobs.claim(1, ["memory"])
    await home.house.jobs.bury(job.lease, reason="the model is unknown.")
    assert (await told(home, said)).endswith(": the model is unknown.")


@pytest.mark.parametrize(
    ("errand", "because"), [(Errand.STOP, "It was stopped on "), (Errand.REMOVE, "It was deleted on ")]
)
async def test_what_came_to_an_end_before_its_answer_did_was_not_answered(
    home: TestHouse, errand: Errand, because: str
):
    said = message("1", "Hello")
    await home.house.jobs.submit(said)
    await home.house.jobs.follow(replace(said.emptied, errand=errand, revision=1))
    await home.work()
    assert (await told(home, said)).startswith(because)
    again = replace(said, text="Hello?", revision=2, edited="e1")
    await home.house.jobs.follow(again)
    await home.work()
    assert (await told(home, said)).startswith("It was answered on ")


async def test_what_is_done_by_a_button_under_a_reply_says_nothing_of_its_message(home: TestHouse):
    said = message("1", "Hello")
    await home.say(said)
    await home.house.jobs.submit(replace(said, revision=1, pressed=Action.AGAIN))
    (job,) = await home.house.jobs.claim(1, ["memory"])
    await home.house.jobs.bury(job.lease, reason="the model is unknown.")
    await home.house.jobs.submit(replace(said.emptied, errand=Errand.CORRECT, pressed=Action.CORRECT, revision=2))
    finding = await told(home, said)
    assert finding.startswith("It was answered on ")


async def test_a_button_whose_work_was_stopped_says_nothing_of_its_message(home: TestHouse):
    said = message("1", "Hello")
    await home.say(said)
    await home.house.jobs.submit(replace(said, command="say", revision=1, pressed=Action.SPEAK))
    await home.house.jobs.claim(1, ["memory"])
    assert await StoredIntake(home.house).stop(said.place, by=said.author.id) == 1
    await home.work()
    assert (await told(home, said)).startswith("It was answered on ")


@pytest.mark.parametrize(
    ("said", "settings", "because"),
    [
        (replace(OVERHEARD, author=Author(id="B1", is_bot=True)), {}, "A bot wrote it"),
        (OVERHEARD, {}, "in a channel without a mention"),
        (SPOKEN, {}, "hears those only by name"),
        (SPOKEN, {"voice_notes": "ignore"}, "ignores voice notes"),
        (SPOKEN, {"hear_unmentioned": "on"}, "It is for Mynah, but it never arrived"),
        (message("1", ""), {}, "nothing in it that could be answered"),
        (message("1", "Hello"), {}, "It is for Mynah, but it never arrived"),
        (message("1", "Hello"), {"deny": message().author.id}, "Its author may not use Mynah there: I may not answer"),
    ],
)
async def test_what_never_became_a_job_is_explained_by_the_settings(
    home: TestHouse, said: Message, settings: dict[str, str], because: str
):
    for name, value in settings.items():
        await home.house.channels.set(said.place.scopes[1], name, value, by="admin")
    assert because in await told(home, said)
