"""What every gateway keeps, embedded or remote: how a call begins, ends, fails and is given up.

A test module of a gateway subclasses `GatewayContract` and gives it a fixture `harness`: the gateway, opened, and one
request of each kind that it can carry out.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from typing import Protocol

import pytest

from bot.domain.audio import MediaFile, MediaFormat
from bot.domain.errors import ModelBusy, ModelCannot, ModelInDoubt, ModelProblem, ModelRefused, ModelUnknown
from bot.domain.journal import Step, StepState
from bot.domain.models import (
    Accepted,
    Capabilities,
    ChatRequest,
    ChatTurn,
    Delta,
    Finished,
    Modality,
    ModelRef,
    ReasoningDelta,
    Request,
    Role,
    Segment,
    SoundDelta,
    SpeechRequest,
    TextDelta,
    TranscriptionRequest,
)
from bot.domain.money import CallKind
from bot.ports import Gateway

KINDS: dict[type[Request], CallKind] = {
    ChatRequest: CallKind.CHAT,
    TranscriptionRequest: CallKind.TRANSCRIPTION,
    SpeechRequest: CallKind.SPEECH,
}
SAYS: dict[CallKind, tuple[type[Delta], ...]] = {
    CallKind.CHAT: (TextDelta, ReasoningDelta, SoundDelta),
    CallKind.TRANSCRIPTION: (Segment, TextDelta),
    CallKind.SPEECH: (SoundDelta,),
}


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call that was carried out to its end."""

    request: Request
    deltas: Sequence[Delta]
    capabilities: Capabilities

    @property
    def finished(self) -> Finished:
        last = self.deltas[-1]
        assert isinstance(last, Finished)
        return last

    @property
    def said(self) -> Sequence[Delta]:
        return [delta for delta in self.deltas if isinstance(delta, SAYS[KINDS[type(self.request)]])]


class GatewayHarness(Protocol):
    """A gateway, and what can be asked of it."""

    gateway: Gateway
    """Opened."""
    requests: Sequence[Request]
    """One of each kind that it offers; each succeeds and is answered in words or sound."""
    calls: list[Call]
    """Empty at first: each request carried out once, for the tests that only look at the answer."""

    async def running(self) -> int:
        """Return how many calls are still under way, wherever the work is done."""
        ...


def stream(harness: GatewayHarness, request: Request) -> AsyncGenerator[Delta, None]:
    deltas = harness.gateway.perform(request)
    assert isinstance(deltas, AsyncGenerator)
    return deltas


async def carried_out(harness: GatewayHarness, request: Request) -> Call:
    deltas = [delta async for delta in harness.gateway.perform(request)]
    capabilities = await harness.gateway.capabilities(request.model)
    return Call(request=request, deltas=deltas, capabilities=capabilities)


async def carried_on(harness: GatewayHarness, step: Step, request: Request) -> Sequence[Accepted]:
    """The names that a call gets while it is carried on, whether its answer can be had or not."""
    names: list[Accepted] = []
    with suppress(ModelInDoubt, ModelBusy):
        async for delta in harness.gateway.recover(step, request):
            names += [delta] if isinstance(delta, Accepted) else []
    return names


async def first_calls(harness: GatewayHarness) -> Sequence[Call]:
    if not harness.calls:
        harness.calls.extend([await carried_out(harness, request) for request in harness.requests])
    return harness.calls


async def raised(harness: GatewayHarness, request: Request) -> type[ModelProblem]:
    with pytest.raises(ModelProblem) as caught:
        await carried_out(harness, request)
    assert caught.value.sentence
    return caught.type


async def calm(harness: GatewayHarness) -> bool:
    """Whether nothing is under way, or soon is not."""
    for _ in range(300):
        if await harness.running() == 0:
            return True
        await asyncio.sleep(0.01)
    return False


class GatewayContract:
    """Inherit it, and give it the fixture `harness`."""

    # --- a call --------------------------------------------------------------

    async def test_a_call_ends_with_finished_once(self, harness: GatewayHarness):
        for call in await first_calls(harness):
            assert [type(delta) for delta in call.deltas].count(Finished) == 1
            assert isinstance(call.deltas[-1], Finished)
            assert not call.finished.truncated

    async def test_a_call_is_answered_in_its_kind(self, harness: GatewayHarness):
        for call in await first_calls(harness):
            assert call.said
            assert {*map(type, call.deltas)} <= {*SAYS[KINDS[type(call.request)]], Accepted, Finished}
            assert all(isinstance(delta, Accepted) for delta in call.deltas[: call.deltas.index(call.said[0])])

    async def test_a_call_tells_what_it_used(self, harness: GatewayHarness):
        for call in await first_calls(harness):
            usage = call.finished.usage
            assert all(n is None or n >= 0 for n in (usage.tokens_in, usage.tokens_out, usage.audio_ms, usage.cost))
            if isinstance(call.request, ChatRequest):
                assert usage.tokens_out
            if call.capabilities.free:
                assert usage.cost == 0

    async def test_a_call_that_is_named_can_be_asked_after(self, harness: GatewayHarness):
        for call in await first_calls(harness):
            for delta in call.deltas:
                if isinstance(delta, Accepted):
                    assert delta.id
                    assert delta.digest == "" or len(bytes.fromhex(delta.digest)) == 32

    async def test_who_answered_is_told_where_it_was_another(self, harness: GatewayHarness):
        for call in await first_calls(harness):
            assert call.finished.model != call.request.model

    async def test_speech_keeps_to_one_form(self, harness: GatewayHarness):
        for call in await first_calls(harness):
            sounds = [delta for delta in call.deltas if isinstance(delta, SoundDelta)]
            assert len({(sound.format, sound.rate) for sound in sounds}) <= 1
            assert all(sound.data for sound in sounds)

    async def test_times_of_a_transcript_run_forward(self, harness: GatewayHarness):
        for call in await first_calls(harness):
            segments = [delta for delta in call.deltas if isinstance(delta, Segment)]
            starts = [segment.start for segment in segments]
            assert starts == sorted(starts)
            assert all(segment.end >= segment.start >= 0 for segment in segments)

    async def test_calls_run_side_by_side(self, harness: GatewayHarness):
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(carried_out(harness, request)) for request in harness.requests * 2]
        assert all(isinstance(task.result().deltas[-1], Finished) for task in tasks)

    # --- giving up -----------------------------------------------------------

    async def test_closing_early_leaves_nothing_running(self, harness: GatewayHarness):
        for request in harness.requests:
            async with aclosing(stream(harness, request)) as deltas:
                async for delta in deltas:
                    if not isinstance(delta, Accepted):
                        break
            assert await calm(harness)
            assert (await carried_out(harness, request)).said

    async def test_cancelling_leaves_nothing_running(self, harness: GatewayHarness):
        for request in harness.requests:
            async with asyncio.TaskGroup() as group:
                task = group.create_task(carried_out(harness, request))
                await asyncio.sleep(0.01)
                task.cancel()
            assert task.cancelled() or task.result()
            assert await calm(harness)

    # --- refusals ------------------------------------------------------------

    async def test_an_unknown_model_is_unknown(self, harness: GatewayHarness):
        with pytest.raises(ModelUnknown) as unknown:
            await harness.gateway.capabilities("nobody/knows-this")
        assert "nobody/knows-this" in unknown.value.sentence
        for request in harness.requests:
            assert await raised(harness, replace(request, model="nobody/knows-this")) is ModelUnknown

    async def test_a_model_refuses_what_it_is_not_for(self, harness: GatewayHarness):
        for request in harness.requests:
            for ref, capabilities in (await harness.gateway.catalogue()).items():
                if KINDS[type(request)] not in capabilities.kinds:
                    assert await raised(harness, replace(request, model=ref.name)) is ModelCannot
        assert await calm(harness)

    async def test_a_model_that_only_reads_refuses_sound(self, harness: GatewayHarness):
        chats = [request for request in harness.requests if isinstance(request, ChatRequest)]
        sounds = [request.audio for request in harness.requests if isinstance(request, TranscriptionRequest)]
        for chat in chats:
            if not (await harness.gateway.capabilities(chat.model)).hears() and sounds:
                turn = ChatTurn(role=Role.USER, text="What is this?", audio=tuple(sounds))
                assert await raised(harness, replace(chat, turns=(turn,))) is ModelCannot

    async def test_a_model_refuses_to_look_at_what_it_cannot_see(self, harness: GatewayHarness):
        picture = MediaFile(path=__file__, format=MediaFormat.PNG, seconds=0.0, bytes=1)
        video = MediaFile(path=__file__, format=MediaFormat.MP4, seconds=1.0, bytes=1)
        for chat in [request for request in harness.requests if isinstance(request, ChatRequest)]:
            able, turn = await harness.gateway.capabilities(chat.model), chat.turns[-1]
            unseen: list[ChatTurn] = []
            unseen += [] if able.picture_formats else [replace(turn, pictures=(picture,))]
            unseen += [] if able.video_formats else [replace(turn, videos=(video,))]
            unseen += (
                [] if able.video_links else [replace(turn, links=("https://www.youtube.com/watch?v=dQw4w9WgXcQ",))]
            )
            for seen in unseen:
                assert await raised(harness, replace(chat, turns=(seen,))) is ModelCannot

    async def test_a_model_that_only_writes_does_not_answer_aloud(self, harness: GatewayHarness):
        for chat in [request for request in harness.requests if isinstance(request, ChatRequest)]:
            if Modality.AUDIO not in (await harness.gateway.capabilities(chat.model)).outputs:
                assert await raised(harness, replace(chat, aloud=True)) is ModelCannot

    async def test_a_voice_that_a_model_does_not_have_is_refused_with_those_that_it_has(self, harness: GatewayHarness):
        for request in [request for request in harness.requests if isinstance(request, SpeechRequest)]:
            voices = (await harness.gateway.capabilities(request.model)).voices
            if voices:
                with pytest.raises(ModelRefused) as refused:
                    await carried_out(harness, replace(request, voice="nobody's"))
                assert all(voice in refused.value.sentence for voice in ("nobody's", *voices))

    # --- what it offers ------------------------------------------------------

    async def test_the_catalogue_names_this_gateway(self, harness: GatewayHarness):
        catalogue = await harness.gateway.catalogue()
        assert catalogue
        for ref, capabilities in catalogue.items():
            assert ref.gateway == harness.gateway.name
            assert ModelRef.parse(str(ref)) == ref
            assert capabilities == await harness.gateway.capabilities(ref.name)

    async def test_what_was_asked_is_offered(self, harness: GatewayHarness):
        catalogue = await harness.gateway.catalogue()
        for request in harness.requests:
            offered = catalogue[ModelRef(gateway=harness.gateway.name, name=request.model)]
            assert KINDS[type(request)] in offered.kinds
            if isinstance(request, TranscriptionRequest):
                assert request.audio.format in offered.audio_formats

    async def test_what_is_offered_is_complete(self, harness: GatewayHarness):
        for capabilities in (await harness.gateway.catalogue()).values():
            assert capabilities.kinds
            assert capabilities.hears() == bool(capabilities.audio_formats)
            assert capabilities.hears() or CallKind.TRANSCRIPTION not in capabilities.kinds
            assert Modality.AUDIO in capabilities.outputs or CallKind.SPEECH not in capabilities.kinds
            assert bool(capabilities.picture_formats) <= (Modality.IMAGE in capabilities.inputs)
            assert bool(capabilities.video_formats) <= (Modality.VIDEO in capabilities.inputs)
            assert capabilities.video_links <= (Modality.VIDEO in capabilities.inputs)
            assert capabilities.most_bytes is None or capabilities.most_bytes > 0

    # --- after a crash -------------------------------------------------------

    async def test_a_free_call_that_was_cut_off_is_made_again(self, harness: GatewayHarness):
        for request in harness.requests:
            if (await harness.gateway.capabilities(request.model)).free:
                step = Step(name="answer", state=StepState.BEGAN)
                deltas = [delta async for delta in harness.gateway.recover(step, request)]
                assert isinstance(deltas[-1], Finished)

    async def test_a_paid_call_that_was_never_named_is_in_doubt(self, harness: GatewayHarness):
        for request in harness.requests:
            if not (await harness.gateway.capabilities(request.model)).free:
                step = Step(name="answer", state=StepState.BEGAN)
                with pytest.raises(ModelInDoubt):
                    [delta async for delta in harness.gateway.recover(step, request)]

    async def test_a_paid_call_that_was_named_is_not_made_again_under_another_name(self, harness: GatewayHarness):
        for call in await first_calls(harness):
            named = [delta for delta in call.deltas if isinstance(delta, Accepted)]
            assert call.capabilities.free or len(named) <= 1
            if named and not call.capabilities.free:
                step = Step(name="answer", state=StepState.ACCEPTED, vendor_id=named[0].id, digest=named[0].digest)
                assert {delta.id for delta in await carried_on(harness, step, call.request)} <= {named[0].id}
