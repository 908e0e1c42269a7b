"""What of a conversation goes along fits, is the newest, and has no gap; what falls out is summed up a page at a time."""

from dataclasses import replace

from hypothesis import given, strategies as st

from bot.domain.audio import MediaFile, MediaFormat
from bot.domain.conversation import (
    MOST_TOKENS,
    PAGE_TOKENS,
    SUMMARY_PROMPT,
    SUMMARY_TOKENS,
    UNKNOWN_CONTEXT_TOKENS,
    Exchange,
    Past,
    outgrown,
    reference_words,
    referred,
    room_for_past,
    summary_turn,
    summed_up,
    with_past,
    words_tokens,
)
from bot.domain.estimates import prompt_tokens
from bot.domain.messages import Attachment, Author, JobId, Quoted
from bot.domain.models import Capabilities, ChatTurn, Role
from bot.domain.money import CallKind
from tests.contracts.samples import message

CAN = Capabilities(kinds=frozenset({CallKind.CHAT}), context_tokens=8_000)
NOW = ChatTurn(role=Role.USER, text="and now?")

WORDS = st.text(max_size=400) | st.builds(
    lambda word, times: word * times, st.sampled_from("aä🐦\ud83d"), st.integers(0, 5000)
)


def exchange(job: int, question: str, answer: str) -> Exchange:
    turns = (ChatTurn(role=Role.USER, text=question), ChatTurn(role=Role.ASSISTANT, text=answer))
    return Exchange(job=JobId(str(job)), turns=turns)


@st.composite
def pasts(draw: st.DrawFn) -> Past:
    said = draw(st.lists(st.tuples(WORDS, WORDS), max_size=8))
    summary = draw(st.just("") | st.text(max_size=300))
    return Past(summary=summary, exchanges=tuple(exchange(n, *words) for n, words in enumerate(said)))


def long_past(count: int, *, summary: str = "") -> Past:
    """A past of so many exchanges of some 300 tokens."""
    return Past(summary=summary, exchanges=tuple(exchange(n, f"{n}" * 80, "b" * 80) for n in range(count)))


# --- what fits ---


@given(pasts(), st.integers(100, 40_000), st.integers(16, 2_000), st.text(max_size=300))
def test_what_goes_along_never_takes_more_than_the_context(past: Past, context: int, max_tokens: int, asked: str):
    can, now = replace(CAN, context_tokens=context), replace(NOW, text=asked)
    room = room_for_past(can, max_tokens, (now,))
    turns = with_past(past, now, room)
    if prompt_tokens((now,), can) + max_tokens <= context:
        assert prompt_tokens(turns, can) + max_tokens <= context
    else:
        assert turns == (now,)


@given(pasts(), st.integers(0, 30_000))
def test_what_goes_along_is_the_newest_without_a_gap_and_in_whole_exchanges(past: Past, room: int):
    *before, now = with_past(replace(past, summary=""), NOW, room)
    assert now == NOW
    said = [turn for each in past.exchanges for turn in each.turns]
    assert before == said[len(said) - len(before) :]
    assert len(before) % 2 == 0
    if len(before) < len(said):
        assert words_tokens(said[len(said) - len(before) - 2 :]) > room


@given(pasts(), st.integers(0, 30_000))
def test_they_speak_by_turns(past: Past, room: int):
    roles = [turn.role for turn in with_past(past, NOW, room)]
    assert roles == [(Role.USER, Role.ASSISTANT)[n % 2] for n in range(len(roles))]


def test_the_summary_is_told_before_everything_else():
    past = long_past(3, summary="They like birds.")
    first, *_ = with_past(past, NOW, 10_000)
    assert first.text == f"(Earlier in this conversation, in short: They like birds.)\n\n{'0' * 80}"
    assert with_past(Past(summary="They like birds."), NOW, 200)[0].text.endswith("They like birds.)\n\nand now?")
    assert with_past(Past(summary="They like birds." * 100), NOW, 200) == (NOW,)


def test_a_model_of_which_nobody_knows_what_it_reads_is_told_as_much_as_a_small_one():
    unknown, small = replace(CAN, context_tokens=None), replace(CAN, context_tokens=UNKNOWN_CONTEXT_TOKENS)
    assert room_for_past(unknown, 300, (NOW,)) == room_for_past(small, 300, (NOW,)) > 7_000
    assert room_for_past(replace(CAN, context_tokens=2_000_000), 300, (NOW,)) == MOST_TOKENS


def test_sound_and_pictures_take_room_too():
    file = MediaFile(path="/f", format=MediaFormat.MP3, seconds=60, bytes=1)
    assert room_for_past(CAN, 300, (replace(NOW, audio=(file,)),)) == room_for_past(CAN, 300, (NOW,)) - 3_000
    assert room_for_past(CAN, 300, (replace(NOW, pictures=(file,)),)) == 0


# --- what is summed up ---


@given(pasts(), st.integers(0, 30_000))
def test_what_fits_is_not_summed_up_and_what_is_summed_up_is_the_oldest(past: Past, room: int):
    oldest = outgrown(past, room)
    assert oldest == past.exchanges[: len(oldest)]
    if oldest:
        assert len(with_past(past, NOW, room)) < 2 * len(past.exchanges) + 1, "all of it would have fitted"
        assert words_tokens(turn for each in oldest for turn in each.turns) >= PAGE_TOKENS
        left = summed_up(past, oldest, "in short")
        assert left == Past(summary="in short", exchanges=past.exchanges[len(oldest) :])
        assert outgrown(left, max(room, 200)) == (), "it would be summed up again at once"


def test_a_conversation_is_summed_up_once_in_many_turns():
    room, past, summaries = 7_000, Past(), 0
    for number in range(200):
        oldest = outgrown(past, room)
        if oldest:
            summaries += 1
            past = summed_up(past, oldest, "in short")
        assert len(with_past(past, NOW, room)) == 2 * len(past.exchanges) + 1, "something was left out"
        past = replace(past, exchanges=(*past.exchanges, exchange(number, "a" * 80, "b" * 80)))
    assert 10 <= summaries <= 20


@given(pasts().filter(lambda past: bool(past.exchanges)), st.integers(1_200, 40_000))
def test_a_summary_can_be_asked_of_every_model(past: Past, context: int):
    can = replace(CAN, context_tokens=context)
    turn = summary_turn(past, past.exchanges, can)
    assert turn.text.startswith(SUMMARY_PROMPT)
    assert prompt_tokens((turn,), can) + SUMMARY_TOKENS <= context


def test_a_summary_is_asked_of_all_that_is_known():
    text = summary_turn(long_past(2, summary="They like birds."), long_past(2).exchanges, CAN).text
    assert "They like birds." in text
    assert f"They: {'1' * 80}\n\nYou: {'b' * 80}" in text


# --- what a message refers to ---

HEAD = Quoted(channel="C1", key="1", head=True)
REPLIED = Quoted(channel="C1", key="2", author=Author(id="U2", name="Grace"), text="Hello\nthere")


def test_the_head_of_a_thread_matters_to_who_is_new_or_says_nothing_else():
    asked = message("3", text="what is this?", quoted=(HEAD, REPLIED))
    assert referred(asked, new_here=True) == (HEAD, REPLIED)
    assert referred(asked, new_here=False) == (REPLIED,)
    assert referred(replace(asked, text=""), new_here=False) == (HEAD, REPLIED)
    assert referred(replace(asked, text="", attachments=(Attachment(id="F1"),)), new_here=False) == (REPLIED,)


def test_a_message_that_is_referred_to_twice_counts_once_with_what_is_known_of_it():
    asked = message("3", text="what is this?", quoted=(replace(REPLIED, key="1"), HEAD))
    assert referred(asked, new_here=True) == (replace(REPLIED, key="1"),)


def test_a_model_is_told_what_is_referred_to():
    assert reference_words(REPLIED) == "They refer to this message of Grace:\n> Hello\n> there"
    assert reference_words(replace(REPLIED, author=None, text=""), ["One", "two"]).endswith("message:\n> One\n> two")
    assert reference_words(replace(REPLIED, text="")) == ""
