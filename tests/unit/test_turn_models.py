"""What models can do, in a turn: fallbacks that are told, pictures, thoughts, and answers that a model speaks itself."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from typing_extensions import override

from bot.domain.audio import MediaFormat
from bot.domain.errors import ModelBusy, ModelCannot, ModelRefused
from bot.domain.messages import Attachment
from bot.domain.models import (
    ChatRequest,
    Delta,
    Finished,
    Modality,
    ReasoningDelta,
    Request,
    SoundDelta,
    TextDelta,
)
from bot.domain.money import CallKind, Nanodollars, Usage
from tests.doubles.gateway import RATE, Point, ScriptedGateway
from tests.doubles.house import VOICE_NOTE, TestHouse, message, open_test_house
from tests.doubles.media import PICTURE
from tests.unit.test_turn import clips, texts, wav

BIRD = Attachment(id="bird", name="bird.png", declared_type="image/png")
BOTH = frozenset({Modality.TEXT, Modality.AUDIO})


@pytest.fixture
def home(tmp_path: Path) -> TestHouse:
    made = open_test_house(tmp_path, chat_model="scripted/omni, scripted/mind")
    made.platform.files |= {"note": wav(), "bird": PICTURE}
    return made


async def test_a_fallback_that_answers_is_told(home: TestHouse):
    home.gateway.fail(Point.SENT, ModelRefused("no endpoint", model="omni"))
    await home.say(message("1", "Hello"))
    assert texts(home) == [
        "Good morning to you, too.\n\n_(scripted/mind answered instead of scripted/omni: no endpoint)_"
    ]
    assert home.gateway.requests[0].fallbacks == ()  # type: ignore[union-attr]


async def test_a_fallback_that_writes_down_is_told(tmp_path: Path):
    home = open_test_house(tmp_path, transcription_model="scripted/ear, scripted/omni")
    home.platform.files["note"] = wav()
    home.gateway.answers[CallKind.CHAT] = "What I said."
    home.gateway.fail(Point.SENT, ModelRefused("too noisy", model="ear"))
    await home.say(message("1", "", VOICE_NOTE))
    assert "> What I said.\n\n_(written down by another model than scripted/ear: too noisy)_" in texts(home)[0]


async def test_a_model_that_is_only_busy_is_asked_again_where_no_other_can(home: TestHouse):
    home.gateway.fail(Point.SENT, ModelBusy("busy", model="omni"), ModelRefused("no", model="mind"))
    await home.say(message("1", "Hello"))
    assert texts(home) == ["Good morning to you, too."]
    assert [request.model for request in home.gateway.requests] == ["omni", "mind", "omni"]


async def test_what_stands_behind_in_the_list_and_can_the_same_may_stand_in_at_the_gateway(tmp_path: Path):
    home = open_test_house(tmp_path, chat_model="scripted/mind, scripted/omni")
    await home.say(message("1", "Hello"))
    assert home.gateway.requests[0].fallbacks == ("omni",)  # type: ignore[union-attr]


async def test_what_nobody_here_can_do_is_refused_with_a_choice(tmp_path: Path):
    home = open_test_house(tmp_path, transcription_model="scripted/mind")
    home.platform.files["note"] = wav()
    await home.say(message("1", "", VOICE_NOTE))
    [told] = texts(home)
    assert told.startswith("No model of this channel can do that: scripted/mind cannot hear.")
    assert told.endswith("Choose one of scripted/ear, scripted/omni with `/mynah model`.")
    assert home.gateway.requests == []


# --- pictures -------------------------------------------------------------------------


def seeing(home: TestHouse) -> None:
    omni = home.gateway.models["omni"]
    can = replace(omni, picture_formats=(MediaFormat.PNG,), inputs=omni.inputs | {Modality.IMAGE})
    home.gateway.models = {**home.gateway.models, "omni": can}


async def test_a_picture_is_shown_to_a_model_that_sees(home: TestHouse):
    def look(request: Request) -> str:
        assert isinstance(request, ChatRequest)
        [picture] = request.turns[-1].pictures
        assert Path(picture.path).read_bytes() == PICTURE
        return "A bird."

    seeing(home)
    home.gateway.answers[CallKind.CHAT] = look
    await home.say(message("1", "What is this?", BIRD))
    assert texts(home) == ["A bird."]


async def test_a_fallback_that_does_not_see_answers_the_words(home: TestHouse):
    seeing(home)
    home.gateway.fail(Point.SENT, ModelRefused("no", model="omni"))
    await home.say(message("1", "What is this?", BIRD))
    assert [len(request.turns[-1].pictures) for request in home.gateway.requests] == [1, 0]  # type: ignore[union-attr]


async def test_words_beside_a_picture_that_nobody_sees_are_answered_and_it_is_said(home: TestHouse):
    await home.say(message("1", "What is this?", BIRD))
    assert texts(home)[0].startswith("I answer the words alone: this channel's model does not see pictures.\n\n")


async def test_a_picture_alone_that_nobody_sees_is_refused(home: TestHouse):
    await home.say(message("1", "", BIRD))
    assert texts(home) == [
        "No model of this channel can do that: scripted/omni, scripted/mind cannot see. Choose one of scripted/muse with `/mynah model`."
    ]


# --- a model that thinks, and one that speaks -----------------------------------------


@dataclass(kw_only=True)
class Speaker(ScriptedGateway):
    """Thinks, answers, and speaks its answer."""

    @override
    async def perform(self, request: Request) -> AsyncGenerator[Delta, None]:
        self.requests.append(request)
        yield ReasoningDelta(text="They greet me, ")
        yield ReasoningDelta(text="so I greet them.")
        yield TextDelta(text="Good morning.")
        if isinstance(request, ChatRequest) and request.aloud:
            for _ in range(20):
                yield SoundDelta(data=b"\x00\x20\x00\xe0" * 600, format=MediaFormat.PCM16, rate=RATE)
        yield Finished(usage=Usage(tokens_in=1, tokens_out=9, audio_ms=0, cost=Nanodollars(5)))


def speaking(folder: Path, **service: str) -> TestHouse:
    home = open_test_house(folder, **service)
    can = replace(home.gateway.models["mind"], kinds=frozenset({CallKind.CHAT, CallKind.SPEECH}), outputs=BOTH)
    gateway = Speaker(models={**home.gateway.models, "voice": can})
    house = type(home.house)(**{**vars(home.house), "gateways": {"scripted": gateway}})
    return replace(home, gateway=gateway, house=house)


async def test_a_model_that_speaks_its_answers_is_called_once(tmp_path: Path):
    home = speaking(tmp_path, chat_model="scripted/voice", speech_model="scripted/voice", reply="both")
    await home.say(message("1", "Hello"))
    assert texts(home) == ["Good morning."]
    assert len(clips(home)) == 1
    assert [(type(request), request.aloud) for request in home.gateway.requests] == [(ChatRequest, True)]  # type: ignore[union-attr]


@pytest.mark.parametrize(("reasoning", "posts"), [("off", 1), ("on", 2)])
async def test_what_a_model_thought_is_shown_apart_where_it_is_wanted(tmp_path: Path, reasoning: str, posts: int):
    home = speaking(tmp_path, reasoning=reasoning)
    await home.say(message("1", "Hello"))
    assert texts(home) == ["Good morning.", "_What I thought:_\n> They greet me, so I greet them."][:posts]


async def test_a_fallback_that_lacks_the_channels_voice_speaks_with_its_own(tmp_path: Path):
    home = open_test_house(tmp_path, speech_model="scripted/mouth, scripted/lips", voice="bass")
    home.gateway.models = {
        **home.gateway.models,
        "lips": replace(home.gateway.models["mouth"], voices=("soprano",)),
    }
    home.gateway.fail(Point.SENT, ModelRefused("hoarse", model="mouth"))
    await home.say(message("1", "Lunch is ready", command="say"))
    assert [request.voice for request in home.gateway.requests] == ["bass", None]  # type: ignore[union-attr]
    assert len(clips(home)) == 1


def test_a_refusal_names_what_is_missing():
    error = ModelCannot("it cannot hear", choices=("a/b", "c/d"))
    assert error.sentence.endswith("Choose one of a/b, c/d with `/mynah model`.")
