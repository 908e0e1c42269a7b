"""What models say aloud by chat, and what they were to read aloud."""

import asyncio
import base64
import itertools
import json
import time
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from adapters.gateways.chat_answer import ChatAnswer
from adapters.gateways.read_aloud import ALIKE, ReadAloudAnswer, similarity
from bot.domain.audio import MediaFormat
from bot.domain.errors import ModelInDoubt, ModelProblem, ModelRefused
from bot.domain.models import Accepted, Delta, Finished, SoundDelta
from bot.domain.money import Usage
from tests.unit.wire import asked, chunk, read, sound_of, sounds_of, spoken, text_of, usage

TEXT = "The ferry to Göteborg leaves at half past nine, from pier 12."


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def reading(text: str = TEXT) -> ReadAloudAnswer:
    return ReadAloudAnswer(asked(max_tokens=2_000), text)


# --- an answer aloud ---------------------------------------------------------


async def test_an_answer_aloud_comes_in_words_and_sound() -> None:
    samples = bytes(range(250)) * 96
    found = await read(
        spoken(transcript="Good "),
        spoken(b64(samples[:19_200]), "day, "),
        spoken(b64(samples[19_200:]), "Mynah"),
        chunk("", reason="stop"),
        usage(cost=0.25),
        answer=ChatAnswer(asked(audio_ms=1_000)),
    )
    assert text_of(found) == "Good day, Mynah"
    assert sound_of(found) == samples
    assert {(sound.format, sound.rate) for sound in sounds_of(found)} == {(MediaFormat.PCM16, 24_000)}
    assert found[-1] == Finished(usage=Usage(tokens_in=7, tokens_out=3, audio_ms=1_500, cost=250_000_000))


@settings(max_examples=100, deadline=None)
@given(data=st.binary(min_size=1, max_size=400), cuts=st.lists(st.integers(min_value=0), max_size=12))
def test_however_the_base64_is_cut_the_sound_is_the_same(data: bytes, cuts: list[int]) -> None:
    text = b64(b"\x00\x00" + data)
    borders = [0, *sorted(cut % (len(text) + 1) for cut in cuts), len(text)]
    pieces = [spoken(text[start:end]) for start, end in itertools.pairwise(borders)]
    assert sound_of(asyncio.run(read(*pieces, chunk("", reason="stop")))) == b"\x00\x00" + data


@pytest.mark.parametrize("head", [b"ID3\x04", b"\xff\xfb\x90\x00" + bytes(413) + b"\xff\xfb\x90\x00"])
async def test_a_whole_mp3_in_one_event_is_one(head: bytes) -> None:
    song = head + bytes(1_500_000)
    found = await read(spoken(b64(song)), chunk("", reason="stop"))
    assert sounds_of(found) == [SoundDelta(data=song, format=MediaFormat.MP3, rate=0)]
    assert found[-1] == Finished(usage=Usage())


async def test_sound_without_words_is_an_answer() -> None:
    assert sound_of(await read(spoken(b64(bytes(8))), chunk("", reason="stop"))) == bytes(8)


async def test_sound_that_cannot_be_read_is_in_doubt() -> None:
    for last in ("!!!!", "AAAAA"):
        with pytest.raises(ModelInDoubt, match="sound cannot be read"):
            await read(spoken(last), chunk("", reason="stop"))


async def test_an_error_after_sound_came_is_one_after_something_came() -> None:
    with pytest.raises(ModelInDoubt):
        await read(spoken(b64(bytes(8))), {"error": {"code": 502, "message": "it broke"}})


# --- an answer without end ---------------------------------------------------

ENDLESS = [chunk("and on ") for _ in range(200)]


@pytest.mark.parametrize(
    ("chunks", "most"),
    [
        (ENDLESS, 100),
        ([chunk("and so on " * 20) for _ in range(40)], 100),
        ([{"id": "1", "choices": [{"delta": {"reasoning": "Hm, well. "}}]} for _ in range(200)], 100),
        ([spoken(b64(bytes(48_000))) for _ in range(40)], 100),
    ],
)
async def test_what_goes_on_past_its_tokens_is_cut_short_at_an_unknown_cost(
    chunks: list[dict[str, Any]], most: int
) -> None:
    answer = ChatAnswer(asked(max_tokens=most, audio_ms=900))
    found: list[Delta] = []
    for each in chunks:
        found += answer.read(json.dumps(each))
        if answer.overrun:
            break
    assert answer.complete
    assert len(found) < 150
    if text_of(found) or sounds_of(found):
        assert list(answer.end())[-1] == Finished(usage=Usage(audio_ms=900), truncated=True)


async def test_a_free_answer_without_end_is_still_free() -> None:
    found = await read(*ENDLESS, chunk("", reason="stop"), usage(), answer=ChatAnswer(asked(max_tokens=50, free=True)))
    assert found[-1] == Finished(usage=Usage(cost=0), truncated=True)


@pytest.mark.parametrize(
    "chunks",
    [
        [chunk(letter) for letter in "Straight from the horse's mouth. " * 5],
        [chunk("1") for _ in range(60)],
        [chunk("word ") for _ in range(50)],
    ],
)
async def test_an_answer_within_its_tokens_is_let_through_however_it_is_cut(chunks: list[dict[str, Any]]) -> None:
    answer = ChatAnswer(asked(max_tokens=50))
    found = await read(*chunks, chunk("", reason="stop"), usage(cost=0.1), answer=answer)
    assert isinstance(found[-1], Finished)
    assert not found[-1].truncated
    assert found[-1].usage.cost == 100_000_000


# --- who answered ------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "told"),
    [
        ("openai/gpt-4o", None),
        ("openai/gpt-4o-2024-08-06", None),
        ("openai/gpt-4o-mini", "openai/gpt-4o-mini"),
        ("google/gemini-2.5-flash", "google/gemini-2.5-flash"),
    ],
)
async def test_another_model_that_answered_is_named(who: str, told: str | None) -> None:
    answer = ChatAnswer(asked(model="openai/gpt-4o:nitro"))
    (*_, finished) = await read(chunk("Hi", reason="stop", model=who), answer=answer)
    assert isinstance(finished, Finished)
    assert finished.model == told


async def test_where_nobody_else_may_answer_a_name_means_nothing() -> None:
    (*_, finished) = await read(chunk("Hi", reason="stop", model="gpt-3.5-turbo"))
    assert finished == Finished(usage=Usage())


# --- reading aloud -----------------------------------------------------------


async def test_a_text_that_was_read_is_released_after_it_was_compared() -> None:
    answer = reading()
    words = TEXT.replace("12", "twelve").replace(",", "").split(" ")
    pieces = [spoken(b64(bytes([index] * 6)), f"{word} ") for index, word in enumerate(words)]
    came = [delta for piece in pieces for delta in answer.read(json.dumps(piece))]
    assert [type(delta) for delta in came] == [Accepted]
    answer.read(json.dumps(chunk("", reason="stop")))
    answer.read(json.dumps(usage(cost=0.001)))
    *sounds, finished = answer.end()
    assert sound_of(sounds) == b"".join(bytes([index] * 6) for index in range(len(words)))
    assert all(isinstance(delta, SoundDelta) for delta in sounds)
    assert isinstance(finished, Finished)
    assert finished.usage.cost == 1_000_000


@pytest.mark.parametrize(
    "said",
    [
        "Sure! The ferry you are asking about departs from the harbour in the morning.",
        f"Certainly, here is your text read aloud for you today: {TEXT}",
        TEXT[:40],
        "",
    ],
)
async def test_a_text_that_was_answered_and_not_read_is_refused_with_what_it_cost(said: str) -> None:
    with pytest.raises(ModelRefused, match="something else") as refused:
        await read(spoken(b64(bytes(96)), said), chunk("", reason="stop"), usage(cost=0.001), answer=reading())
    assert refused.value.usage == Usage(tokens_in=7, tokens_out=3, audio_ms=2, cost=1_000_000)
    assert "read aloud" in refused.value.sentence


async def test_music_says_nothing_beside_its_sound_and_is_taken_as_it_is() -> None:
    song = b"ID3" + bytes(5_000)
    found = await read(chunk("[Verse]"), spoken(b64(song)), chunk("", reason="stop"), usage(), answer=reading("a song"))
    assert [type(delta) for delta in found] == [Accepted, SoundDelta, Finished]
    assert sound_of(found) == song


async def test_who_only_writes_does_not_read_aloud() -> None:
    with pytest.raises(ModelRefused, match="did not speak"):
        await read(chunk(TEXT, reason="stop"), usage(cost=0.1), answer=reading())


async def test_what_cannot_end_is_refused() -> None:
    answer, song = reading(), json.dumps(spoken(b64(b"ID3" + bytes(12_999_997))))
    for _ in range(4):
        assert not sounds_of(answer.read(song))
    with pytest.raises(ModelRefused, match="does not stop") as refused:
        answer.read(song)
    assert refused.value.usage == Usage()


async def test_a_reading_that_broke_off_gives_no_sound() -> None:
    answer = reading()
    came = list(answer.read(json.dumps(spoken(b64(bytes(96)), TEXT))))
    with pytest.raises(ModelProblem):
        came += answer.end()
    assert not sounds_of(came)


@pytest.mark.parametrize(
    ("text", "said", "alike"),
    [
        ("Don't panic!", "don\u2019t PANIC", True),
        ("Zur Prüfung: 5 km", "zur pru\u0308fung 5 km", True),
        ("今日は良い天気です。", "今日は、良い天気です", True),
        ("今日は良い天気です。", "明日は雨が降るでしょう", False),
        ("สวัสดีครับ", "สวัสดีครับ", True),
        ("!?", "", True),
        ("!?", "What do you mean?", False),
        ("one two three four five six seven eight nine ten", "one two three four five six seven eight nine", True),
        ("one two three four five", "one two three", False),
        ("one two three four", "four three two one", False),
        ("What is the capital of France?", "The capital of France is Paris.", False),
    ],
)
def test_texts_are_compared_word_by_word(text: str, said: str, alike: bool) -> None:
    assert (similarity(text, said) >= ALIKE) is alike


@given(text=st.text(max_size=200))
def test_every_text_is_like_itself(text: str) -> None:
    assert similarity(text, text) == 1


def plain_similarity(one: list[str], other: list[str]) -> float:
    """By the table that every textbook has."""
    row = [0] * (len(other) + 1)
    for word in one:
        above, row = row, [0]
        for index, said in enumerate(other):
            row.append(above[index] + 1 if word == said else max(above[index + 1], row[-1]))
    return 2 * row[-1] / (len(one) + len(other)) if one or other else 1


SENTENCES = st.lists(st.sampled_from(["one", "two", "three", "four", "five"]), max_size=25)


@given(one=SENTENCES, other=SENTENCES)
def test_the_quick_comparison_is_the_plain_one(one: list[str], other: list[str]) -> None:
    assert similarity(" ".join(one), " ".join(other)) == plain_similarity(one, other)


def test_a_long_text_without_spaces_is_compared_while_nobody_waits() -> None:
    letters = "あいうえおかきくけこさしすせそ日本語天気今日明日雨風山川の"
    text = "".join(letters[index * index % 29] for index in range(3_000))
    said = "".join("x" if index % 15 == 0 else letter for index, letter in enumerate(text))
    started = time.process_time()
    assert 0.9 <= similarity(text, said) < 1
    assert time.process_time() - started < 0.5  # by difflib: 5 s and more
