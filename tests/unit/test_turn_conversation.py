"""What a turn knows of its conversation: what was said before, the summary of it, and what the message refers to."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.budgets import Period
from bot.domain.conversation import SUMMARY_PROMPT, UNKNOWN_CONTEXT_TOKENS
from bot.domain.errors import ModelInDoubt, ModelRefused, ModelUnreachable
from bot.domain.estimates import prompt_tokens
from bot.domain.jobs import JobStatus
from bot.domain.messages import Addressed, Attachment, Author, Message, Quoted
from bot.domain.models import ChatRequest, Request
from bot.domain.money import CallKind, Nanodollars
from bot.ports import Stage
from tests.doubles.gateway import MODELS, Point
from tests.doubles.house import VOICE_NOTE, TestHouse, message, open_test_house
from tests.doubles.media import PICTURE
from tests.doubles.platform import Trouble
from tests.unit.test_turn import texts, wav

GRACE = Author(id="G", name="Grace")
LONG = "Tell me more about it. " * 40
"""Some 900 bytes."""


@pytest.fixture
def home(tmp_path: Path) -> TestHouse:
    made = open_test_house(tmp_path)
    made.platform.files["note"] = wav()
    return made


def chats(home: TestHouse) -> list[ChatRequest]:
    return [request for request in home.gateway.requests if isinstance(request, ChatRequest)]


def is_summary(request: ChatRequest) -> bool:
    return request.turns[-1].text.startswith(SUMMARY_PROMPT)


def answering(summary: str) -> Callable[[Request], str]:
    def answer(request: Request) -> str:
        return summary if isinstance(request, ChatRequest) and is_summary(request) else "I see."

    return answer


async def talk(home: TestHouse, turns: int, *, first: int = 1) -> None:
    for number in range(first, first + turns):
        await home.say(message(f"{number:03}", f"{number}: {LONG}"))


# --- what was said before ---


async def test_a_conversation_goes_along_within_what_the_model_reads(home: TestHouse):
    await talk(home, 20)
    for request in chats(home):
        assert prompt_tokens(request.turns, MODELS["mind"]) + request.max_tokens <= UNKNOWN_CONTEXT_TOKENS
    assert len(chats(home)[5].turns) == 1 + 2 * 5 + 1, "something was left out before it had to be"


async def test_what_falls_out_is_summed_up_once_and_told_from_then_on(home: TestHouse):
    home.gateway.answers[CallKind.CHAT] = answering("They want to know more, again and again.")
    await talk(home, 10)
    asked = [is_summary(request) for request in chats(home)]
    assert asked.count(True) == 1
    summary = chats(home)[asked.index(True)]
    assert "They: 1: Tell me more" in summary.turns[0].text
    for request in chats(home)[asked.index(True) + 1 :]:
        assert "They want to know more, again and again." in request.turns[1].text
        assert not any("1: Tell me more" in turn.text for turn in request.turns if turn.text.startswith("1:"))


async def test_a_summary_is_a_step_that_is_paid_for(home: TestHouse):
    await talk(home, 10)
    steps = [name for steps in home.store.steps.values() for name in steps if name.startswith("summary")]
    assert steps == ["summary:scripted/mind"]
    assert [record.step for record in home.ledger.records].count("summary:scripted/mind") == 1


@pytest.mark.parametrize("problem", [ModelRefused("no", model="mind"), ModelInDoubt("cut off", model="mind")])
async def test_a_summary_that_fails_holds_nobody_up(home: TestHouse, problem: ModelRefused):
    await talk(home, 7)
    home.gateway.fail(Point.ACCEPTED, problem)
    await talk(home, 2, first=8)
    assert all(job.status is JobStatus.DONE for job in home.store.jobs.values())
    assert [is_summary(request) for request in chats(home)].count(True) == 2, "the next turn did not try again"


async def test_a_summary_that_the_budget_does_not_allow_is_made_for_nothing_or_not_at_all(tmp_path: Path):
    home = open_test_house(tmp_path, chat_model="scripted/mind, scripted/free")
    home.gateway.models = {**MODELS, "free": replace(MODELS["mind"], free=True)}
    await talk(home, 7)
    await home.ledger.set_budget("service", Period.DAY, Nanodollars(0), by="A")
    await talk(home, 1, first=8)
    assert [(request.model, is_summary(request)) for request in chats(home)[-2:]] == [("free", True), ("free", False)]
    assert all(job.status is JobStatus.DONE for job in home.store.jobs.values())


@pytest.mark.parametrize("fails", [False, True])
async def test_an_answer_that_is_asked_for_again_knows_what_it_knew(home: TestHouse, fails: bool):
    await talk(home, 7)

    def answer(request: Request) -> str:
        if isinstance(request, ChatRequest) and is_summary(request):
            home.gateway.fail(Point.SENT, ModelUnreachable("down"))
            return "" if fails else "in short"
        return "I see."

    home.gateway.answers[CallKind.CHAT] = answer
    await talk(home, 1, first=8)
    summary, first, second = chats(home)[7:]
    assert is_summary(summary)
    assert first == second
    assert ("in short" in first.turns[1].text) != fails


async def test_one_picture_is_no_reason_to_sum_up_what_was_said(tmp_path: Path):
    home = open_test_house(tmp_path, chat_model="scripted/muse")
    home.platform.files["picture"] = PICTURE + bytes(100)
    await talk(home, 4)
    await home.say(message("005", "What is this?", Attachment(id="picture", declared_type="image/png")))
    shown = chats(home)[-1].turns
    assert (len(shown[-1].pictures), len(shown)) == (1, 2), "a picture may take all of such a small context"
    await talk(home, 1, first=6)
    assert len(chats(home)[-1].turns) == 1 + 2 * 5 + 1
    assert not any(map(is_summary, chats(home)))


# --- what a message refers to ---


def replying(key: str, text: str, *files: Attachment, said: str = "", told: bool = True) -> Message:
    """Return a message that replies to one of Grace's."""
    author = GRACE if told else None
    quoted = Quoted(channel="C", key="0", author=author, text=said, attachments=files)
    return replace(message(key, text), addressed=Addressed.MENTION, quoted=(quoted,))


def last_words(home: TestHouse) -> str:
    return chats(home)[-1].turns[-1].text


async def test_the_words_that_a_message_replies_to_go_along(home: TestHouse):
    await home.say(replying("1", "What does she mean?", said="The harvest was good."))
    assert last_words(home) == "They refer to this message of Grace:\n> The harvest was good.\n\nWhat does she mean?"
    await home.say(message("2", "And why?"))
    assert "The harvest was good." in chats(home)[-1].turns[1].text, "the next turn does not know of it"


async def test_a_voice_note_that_is_replied_to_is_transcribed(home: TestHouse):
    await home.say(replying("1", "What does she want?", VOICE_NOTE))
    assert last_words(home) == "They refer to this message of Grace:\n> Good morning, Mynah.\n\nWhat does she want?"
    assert texts(home) == ["> Good morning, Mynah.\n\nGood morning to you, too."]
    assert [posted.clip for posted in home.platform.posts.values() if posted.clip] == [], "nobody spoke to us"
    assert home.platform.stages[:3] == [Stage.FETCHING, Stage.CONVERTING, Stage.LISTENING]


async def test_our_name_alone_under_a_voice_note_has_it_transcribed(home: TestHouse):
    await home.say(replying("1", "", VOICE_NOTE))
    assert texts(home)[0].startswith("> Good morning, Mynah.")


async def test_our_name_alone_under_a_text_answers_it(home: TestHouse):
    await home.say(replying("1", "", said="How high is the tower?"))
    assert last_words(home).endswith("> How high is the tower?")


async def test_a_voice_note_that_was_heard_before_is_not_heard_again(home: TestHouse):
    await home.say(message("0", "", VOICE_NOTE))
    heard = [request.kind for request in home.gateway.requests]
    await home.say(replying("1", "Say it again?", VOICE_NOTE))
    again = [request.kind for request in home.gateway.requests[len(heard) :]]
    assert (heard.count(CallKind.TRANSCRIPTION), again.count(CallKind.TRANSCRIPTION)) == (1, 0)
    assert "> Good morning, Mynah." in last_words(home)


def under(key: str, text: str, head: str = "0") -> Message:
    """Return what somebody says to us in a thread that began with another message."""
    place = replace(message().place, direct=False, thread=head)
    quoted = (Quoted(channel="C", key=head, head=True),)
    return replace(message(key, text), place=place, addressed=Addressed.MENTION, quoted=quoted)


async def test_the_head_of_a_thread_is_looked_up_by_who_is_new_there(home: TestHouse):
    home.platform.said.append(replace(message("0", "", VOICE_NOTE), author=GRACE))
    await home.say(under("1", "What does she want?"))
    assert "Grace:\n> Good morning, Mynah." in last_words(home)
    await home.say(under("2", "And now?"))
    assert last_words(home) == "And now?"
    assert [quoted.key for quoted in home.platform.looked_up] == ["0"]


async def test_what_is_gone_is_left_out(home: TestHouse):
    await home.say(under("1", "What does she want?"))
    assert last_words(home) == "What does she want?"


async def test_our_name_and_nothing_else_gets_a_friendly_word(home: TestHouse):
    await home.say(under("1", ""))
    assert texts(home) == ["I am here. What can I do for you? Ask me something, or answer a voice note with my name."]
    assert home.gateway.requests == []


@pytest.mark.parametrize(("troubles", "asked"), [([Trouble.BUSY], 2), ([Trouble.BUSY] * 2, 2), ([Trouble.REFUSED], 1)])
async def test_a_platform_that_does_not_show_it_is_asked_twice(
    home: TestHouse, troubles: Sequence[Trouble], asked: int
):
    home.platform.said.append(replace(message("0", "It rains."), author=GRACE))
    home.platform.troubles += troubles
    await home.say(under("1", "What does she want?"))
    assert len(home.platform.looked_up) == asked
    assert texts(home) == ["Good morning to you, too."]
    assert ("It rains." in last_words(home)) == (len(troubles) == 1 and troubles[0] is Trouble.BUSY)


async def test_what_is_asked_again_refers_to_the_same(home: TestHouse):
    home.platform.said.append(replace(message("0", "It rains."), author=GRACE))
    home.gateway.fail(Point.ACCEPTED, ModelInDoubt("cut off", model="mind"))
    await home.say(under("1", "What does she want?"))
    home.platform.said[0] = replace(home.platform.said[0], text="It does not rain any more.")
    [job] = home.store.jobs
    await home.jobs.decide(job, repeat=True)
    await home.work()
    first, second = chats(home)
    assert first == second
    assert len(home.platform.looked_up) == 1
