import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from typing_extensions import override

from bot.domain.audio import MediaFile, MediaFormat
from bot.domain.errors import ModelBusy, ModelInDoubt, ModelRefused
from bot.domain.models import (
    ChatRequest,
    ChatTurn,
    Finished,
    Role,
    SoundDelta,
    SpeechRequest,
    TextDelta,
    TranscriptionRequest,
)
from bot.domain.money import CallKind
from tests.contracts.gateway import Call, GatewayContract, GatewayHarness, carried_out
from tests.doubles.gateway import PRICE, RATE, WORD_SECONDS, Point, ScriptedGateway

CHAT = ChatRequest(model="mind", turns=(ChatTurn(role=Role.USER, text="Hello you"),), max_tokens=100)
NOTE = MediaFile(path=str(Path(__file__)), format=MediaFormat.OGG, seconds=2.0, bytes=1)


class Harness(GatewayHarness):
    def __init__(self) -> None:
        self.gateway: ScriptedGateway = ScriptedGateway()
        self.calls: list[Call] = []
        self.requests = [
            CHAT,
            TranscriptionRequest(model="ear", audio=NOTE),
            SpeechRequest(model="mouth", text="Good morning", voice="bass"),
        ]

    @override
    async def running(self) -> int:
        return self.gateway.running


@pytest.fixture
def harness() -> Harness:
    return Harness()


class TestScriptedGateway(GatewayContract):
    async def test_says_what_it_was_told(self, harness: Harness):
        harness.gateway.answers[CallKind.CHAT] = lambda request: f"{len(request.turns)}  turn"
        call = await carried_out(harness, CHAT)
        assert "".join(delta.text for delta in call.deltas if isinstance(delta, TextDelta)) == "1  turn"
        assert call.finished.usage.tokens_in == 2

    async def test_stops_at_max_tokens(self, harness: Harness):
        deltas = [d async for d in harness.gateway.perform(ChatRequest(model="mind", turns=CHAT.turns, max_tokens=2))]
        assert deltas[-1] == Finished(usage=deltas[-1].usage, truncated=True)
        assert deltas[-1].usage.tokens_out == 2

    async def test_speaks_as_long_as_it_says(self, harness: Harness):
        call = await carried_out(harness, harness.requests[2])
        size = sum(len(delta.data) for delta in call.deltas if isinstance(delta, SoundDelta))
        assert size == 2 * 2 * WORD_SECONDS * RATE
        assert call.finished.usage.audio_ms == 100

    async def test_speaks_its_answer_too(self, harness: Harness):
        call = await carried_out(harness, replace(CHAT, model="muse", aloud=True))
        words = "".join(delta.text for delta in call.deltas if isinstance(delta, TextDelta)).split()
        assert len([delta for delta in call.deltas if isinstance(delta, SoundDelta)]) == len(words)
        assert call.finished.usage.audio_ms == 50 * len(words)

    async def test_charges_only_what_was_sent(self, harness: Harness):
        harness.gateway.fail(Point.SENT, ModelBusy("not now"))
        with pytest.raises(ModelBusy):
            await carried_out(harness, CHAT)
        assert harness.gateway.charges == []
        harness.gateway.fail(Point.MIDWAY, ModelInDoubt("cut off"))
        with pytest.raises(ModelInDoubt):
            await carried_out(harness, CHAT)
        await carried_out(harness, CHAT)
        assert harness.gateway.charges == [PRICE, PRICE]
        assert harness.gateway.requests == [CHAT] * 3
        assert harness.gateway.running == 0

    async def test_waits_where_it_is_held(self, harness: Harness):
        hold = harness.gateway.hold(Point.ENDING)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(carried_out(harness, CHAT))
            await hold.reached.wait()
            assert harness.gateway.running == 1
            hold.released.set()
        assert task.result().finished.usage.cost == PRICE

    async def test_has_only_its_own_voices(self, harness: Harness):
        with pytest.raises(ModelRefused):
            await carried_out(harness, SpeechRequest(model="mouth", text="Hello", voice="nova"))
