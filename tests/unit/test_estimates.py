"""The worst case of a call bounds what it is charged."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from bot.domain.audio import MediaFile, MediaFormat
from bot.domain.estimates import listed_cost, speech_tokens, transcript_tokens, worst_case
from bot.domain.models import Capabilities, ChatRequest, ChatTurn, Request, Role, SpeechRequest, TranscriptionRequest
from bot.domain.money import CallKind, Price, Usage

PRICE = Price(prompt=Decimal("0.0000003"), completion=Decimal("0.0000025"), audio_in=Decimal("0.000001"))
CAN = Capabilities(kinds=frozenset(CallKind), price=PRICE, context_tokens=1_000_000)


def sound(seconds: float) -> MediaFile:
    return MediaFile(path="/s", format=MediaFormat.MP3, seconds=seconds, bytes=1)


def chat(text: str = "", max_tokens: int = 100, **turn: object) -> ChatRequest:
    said = ChatTurn(role=Role.USER, text=text, **turn)  # type: ignore[arg-type]
    return ChatRequest(model="m", turns=(said,), max_tokens=max_tokens)


REQUESTS: list[Request] = [
    chat("Hello?"),
    TranscriptionRequest(model="m", audio=sound(5)),
    SpeechRequest(model="m", text="Hello."),
]


@pytest.mark.parametrize("request_", REQUESTS)
def test_what_is_free_costs_nothing_and_what_nobody_prices_is_not_known(request_: Request):
    assert worst_case(request_, replace(CAN, price=None)) is None
    assert worst_case(request_, replace(CAN, price=None, free=True)) == 0
    assert (worst_case(request_, CAN) or 0) > 0


@given(st.text(max_size=500), st.integers(1, 10_000))
def test_no_tokenizer_makes_more_of_a_text_than_it_has_bytes(text: str, answered: int):
    charged = len(text.encode()) * PRICE.prompt + answered * PRICE.completion
    held = worst_case(chat(text, max_tokens=answered), CAN)
    assert held is not None
    assert held >= charged * 1_000_000_000


@given(st.floats(0.1, 7200))
def test_sound_is_held_at_its_own_rate(seconds: float):
    charged = Decimal(seconds) * 32 * Decimal("0.000001")  # what Gemini counts
    assert (worst_case(chat(audio=(sound(seconds),)), CAN) or 0) >= charged * 1_000_000_000
    charged += transcript_tokens(seconds) * PRICE.completion
    assert (worst_case(TranscriptionRequest(model="m", audio=sound(seconds)), CAN) or 0) >= charged * 1_000_000_000


def test_what_is_priced_by_the_second_or_the_character_is_held_so():
    by_second = replace(CAN, price=Price(second=Decimal("0.0001")))
    assert worst_case(TranscriptionRequest(model="m", audio=sound(9.2)), by_second) == 11 * 100_000
    by_character = replace(CAN, price=Price(character=Decimal("0.00001"), request=Decimal("0.001")))
    assert worst_case(SpeechRequest(model="m", text="Grüße!"), by_character) == 6 * 10_000 + 1_000_000


def test_what_is_listed_is_charged_where_nobody_tells():
    used = Usage(tokens_in=10, tokens_out=4, audio_ms=1500)
    assert listed_cost(chat("?"), used, PRICE) == 10 * 1_000 + 4 * 2_500
    assert listed_cost(chat("?"), Usage(), PRICE) is None
    recording = TranscriptionRequest(model="m", audio=sound(1.5))
    assert listed_cost(recording, Usage(audio_ms=1500), Price(second=Decimal("0.0001"))) == 150_000
    assert listed_cost(recording, Usage(), Price(second=Decimal("0.0001"))) is None
    said = SpeechRequest(model="m", text="Hello.")
    assert listed_cost(said, Usage(), Price(character=Decimal("0.00001"), request=Decimal("0.001"))) == 1_060_000


@given(st.integers(0, 100_000), st.integers(0, 100), st.text(max_size=50))
def test_what_is_listed_is_never_more_than_what_was_held(tokens_in: int, tokens_out: int, text: str):
    request = chat(text, max_tokens=100)
    used = Usage(tokens_in=min(tokens_in, len(text.encode())), tokens_out=tokens_out)
    plain = replace(PRICE, audio_in=None)
    assert (listed_cost(request, used, plain) or 0) <= (worst_case(request, replace(CAN, price=plain)) or 0)


def test_an_answer_that_is_spoken_is_held_at_the_price_of_sound():
    spoken = replace(PRICE, audio_out=Decimal("0.00002"))
    silent, aloud = chat(max_tokens=1_000), replace(chat(max_tokens=1_000), aloud=True)
    can = replace(CAN, price=spoken)
    assert worst_case(silent, can) == worst_case(silent, CAN)
    difference = (worst_case(aloud, can) or 0) - (worst_case(silent, can) or 0)
    assert difference == 1_000 * (20_000 - 2_500)
    read_aloud = worst_case(SpeechRequest(model="m", text="Hello."), can) or 0
    assert read_aloud >= speech_tokens("Hello.") * 20_000


def test_pictures_and_videos_are_held_but_never_more_than_the_context_holds():
    picture = MediaFile(path="/p", format=MediaFormat.PNG, seconds=0, bytes=1)
    video = MediaFile(path="/v", format=MediaFormat.MP4, seconds=60, bytes=1)
    plain = worst_case(chat("?"), CAN) or 0
    assert (worst_case(chat("?", pictures=(picture,)), CAN) or 0) > plain
    assert (worst_case(chat("?", videos=(video,)), CAN) or 0) >= plain + 60 * 300 * 300
    link = worst_case(chat("?", links=("https://youtu.be/dQw4w9WgXcQ",) * 3), CAN) or 0
    assert link == 1_000_000 * 300 + 100 * 2_500


def test_half_a_character_counts_too():
    assert worst_case(chat("\ud83d"), CAN) == worst_case(chat("€"), CAN)
