"""Messages in quick succession: what is answered together, and how it reads."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.errors import ModelRefused
from bot.domain.gathering import gathers, together
from bot.domain.messages import Action, Attachment, Errand, Message, Quoted
from bot.domain.models import ChatRequest
from bot.pipeline.intake import StoredIntake
from tests.doubles.gateway import Point
from tests.doubles.house import TestHouse, message, open_test_house

FILE, OTHER = Attachment(id="F1", name="a.txt"), Attachment(id="F2", name="b.txt")


def test_words_and_files_come_in_the_order_in_which_they_were_said():
    one = together([message("1", "Hi", FILE), message("2"), message("3", "what is 2+2?", OTHER)])
    assert (one.key, one.text, one.attachments) == ("3", "Hi\nwhat is 2+2?", (FILE, OTHER))


def test_one_alone_stays_as_it_is():
    alone = message("1", "Hi", FILE)
    assert together([alone]) is alone


def test_what_they_refer_to_is_brought_once_and_never_one_of_themselves():
    head, first = Quoted(channel="C", key="0", head=True), Quoted(channel="C", key="1")
    one = together(
        [
            replace(message("1", "a"), quoted=(head,)),
            replace(message("2", "b"), quoted=(head, first)),
            message("3", "c"),
        ]
    )
    assert one.quoted == (head,)


@pytest.mark.parametrize(
    "alone",
    [
        replace(message("1"), command="ask"),
        replace(message("1"), refusal="No."),
        replace(message("1"), revision=1),
        replace(message("1"), errand=Errand.STOP),
        replace(message("1"), pressed=Action.AGAIN),
    ],
    ids=lambda each: str(each.command or each.refusal or each.revision or each.errand or each.pressed),
)
def test_what_is_more_than_a_plain_message_is_answered_for_itself(alone: Message):
    assert gathers(message("1"))
    assert not gathers(alone)


async def tell(made: TestHouse, *messages: Message) -> list[str]:
    intake = StoredIntake(made.house)
    for each in messages:
        await intake.accept(each)
    await made.work()
    return [posted.text for posted in made.platform.posts.values()]


async def test_they_are_answered_once_with_everything_that_was_said(tmp_path: Path):
    made = open_test_house(tmp_path, gather_seconds="0.5")
    assert len(await tell(made, message("1", "Hi."), message("2", "Are you there?"), message("3", "Sing."))) == 1
    (request,) = made.gateway.requests
    assert isinstance(request, ChatRequest)
    assert request.turns[-1].text == "Hi.\nAre you there?\nSing."
    past = await made.house.conversations.recall(message().place, 1_000)
    assert [exchange.turns[0].text for exchange in past.exchanges] == ["Hi.\nAre you there?\nSing."]


async def together_and_then(tmp_path: Path, *afterwards: Message, deleted: str = "") -> tuple[TestHouse, list[str]]:
    """Let two messages be answered together, then let one be edited or deleted; return what the mind was asked."""
    made = open_test_house(tmp_path, gather_seconds="0.5")
    await tell(made, message("1", "Hi."), message("2", "Are you there?"))
    intake = StoredIntake(made.house)
    for each in afterwards:
        assert await intake.edited(replace(each, edited="now"), said_at=made.house.clock.now())
    if deleted:
        assert await intake.deleted(message().place, deleted)
    await made.work()
    return made, [request.turns[-1].text for request in made.gateway.requests if isinstance(request, ChatRequest)]


async def test_when_one_of_them_is_edited_all_are_answered_anew_in_place(tmp_path: Path):
    made, asked = await together_and_then(tmp_path, message("1", "Hello."))
    assert asked == ["Hi.\nAre you there?", "Hello.\nAre you there?"]
    assert len(made.platform.posts) == 1


async def test_when_the_last_of_them_is_edited_the_others_still_count(tmp_path: Path):
    made, asked = await together_and_then(tmp_path, message("2", "Where are you?"))
    assert asked[1:] == ["Hi.\nWhere are you?"]
    assert len(made.platform.posts) == 1


async def test_when_one_of_them_is_deleted_the_rest_is_answered_anew(tmp_path: Path):
    made, asked = await together_and_then(tmp_path, deleted="1")
    assert asked[1:] == ["Are you there?"]
    assert len(made.platform.posts) == 1
    assert made.store.jobs[message("1").job_id].message.text == ""


async def test_when_one_of_them_is_deleted_long_after_nothing_of_it_is_held(tmp_path: Path):
    made = open_test_house(tmp_path, gather_seconds="0.5")
    await tell(made, message("1", "Hi."), message("2", "Are you there?"))
    await tell(made, message("3", "Something else."))
    await StoredIntake(made.house).deleted(message().place, "1")
    await made.work()
    past = await made.house.conversations.recall(message().place, 1_000)
    assert [exchange.turns[0].text for exchange in past.exchanges] == ["Something else."]


async def test_without_a_pause_each_is_answered(tmp_path: Path):
    made = open_test_house(tmp_path)
    assert len(await tell(made, message("1", "Hi."), message("2", "Are you there?"))) == 2


async def test_with_no_retention_nothing_is_kept_of_any_of_them(tmp_path: Path):
    made = open_test_house(tmp_path, gather_seconds="0.5", retention_days="0")
    await tell(made, message("1", "Hi."), message("2", "Are you there?"))
    assert [job.message.text for job in made.store.jobs.values()] == ["", ""]


async def test_what_goes_wrong_is_told_once(tmp_path: Path):
    made = open_test_house(tmp_path, gather_seconds="0.5")
    made.gateway.fail(Point.SENT, ModelRefused("not today", model="scripted/mind"))
    (told,) = await tell(made, message("1", "Hi."), message("2", "Are you there?"))
    assert "not today" in told
    assert [job.status.value for job in made.store.jobs.values()] == ["done", "failed"]
