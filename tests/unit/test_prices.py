"""What models charge and can do is told in words."""

from decimal import Decimal

import pytest

from bot.domain.audio import AudioLimits, MediaFormat
from bot.domain.models import Capabilities, Modality
from bot.domain.money import CallKind, Price
from bot.domain.prices import abilities, shortcoming, show_price

CHAT = frozenset({CallKind.CHAT})
HEARING = {"audio_formats": (MediaFormat.WAV,), "audio_limits": AudioLimits(max_bytes=1, max_seconds=1)}


@pytest.mark.parametrize(
    ("price", "words"),
    [
        (Price(prompt=Decimal("1.5E-7"), completion=Decimal("0.0000006")), "$0.15 in, $0.60 out per million tokens"),
        (Price(prompt=Decimal("0.000001"), audio_in=Decimal("0.000001")), "$1.00 in, $0.00 out per million tokens"),
        (Price(audio_in=Decimal("0.0000007")), "$0.70 per million tokens of sound heard"),
        (Price(audio_out=Decimal("0.000064")), "$64.00 per million tokens of sound spoken"),
        (Price(second=Decimal("0.0001")), "$0.006 a minute"),
        (Price(character=Decimal("0.000015"), request=Decimal("0.01")), "$0.015 per 1,000 characters, $0.01 a call"),
        (Price(picture=Decimal(2)), "$2.00 a picture"),
        (Price(), "free"),
        (None, "unknown"),
    ],
)
def test_a_price_is_told_exactly_in_the_units_that_people_compare(price: Price | None, words: str):
    assert show_price(Capabilities(kinds=CHAT, price=price)) == words


def test_what_is_free_is_free_whatever_its_price():
    assert show_price(Capabilities(kinds=CHAT, free=True)) == "free"


def test_abilities_are_verbs():
    everything = Capabilities(
        kinds=frozenset(CallKind), picture_formats=(MediaFormat.PNG,), video_links=True, **HEARING
    )
    assert abilities(everything) == ("chats", "hears", "sees", "watches", "writes down", "speaks")
    assert abilities(Capabilities(kinds=CHAT)) == ("chats",)
    assert abilities(Capabilities(kinds=CHAT, outputs=frozenset(Modality))) == ("chats", "speaks")


@pytest.mark.parametrize(
    ("kind", "lacks"),
    [
        ("chat", ("", "")),
        ("transcription", ("cannot hear", Modality.AUDIO)),
        ("video", ("cannot hear", Modality.AUDIO)),
        ("speech", ("cannot speak", CallKind.SPEECH)),
    ],
)
def test_a_model_that_only_chats_lacks_the_rest(kind: str, lacks: tuple[str, str]):
    assert shortcoming(kind, Capabilities(kinds=CHAT)) == lacks


def test_a_chat_model_that_hears_can_write_down():
    assert shortcoming("transcription", Capabilities(kinds=CHAT, **HEARING)) == ("", "")
    assert shortcoming("chat", Capabilities(kinds=frozenset({CallKind.SPEECH}))) == ("cannot chat", CallKind.CHAT)
