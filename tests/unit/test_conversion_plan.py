"""How a recording becomes something that a model takes, for every recording and every model."""

import pytest
from hypothesis import assume, given, strategies as st

from bot.domain.audio import (
    ENCODINGS,
    AudioLimits,
    Conversion,
    How,
    MediaFacts,
    MediaFormat,
    plan_conversion,
)
from bot.domain.errors import MediaTooLong, MediaUnreadable

PCM = {"pcm_s16le", "pcm_s16be"}
HEADER = 1_024

CODECS = ("aac", "alac", "flac", "mp3", "opus", "pcm_s16be", "pcm_s16le", "pcm_s24le", "vorbis")


def facts(**changes: object) -> MediaFacts:
    usual = {
        "format": MediaFormat.OGG,
        "container": "ogg",
        "codec": "opus",
        "rate": 48_000,
        "channels": 1,
        "seconds": 10.0,
        "bytes": 40_000,
        "has_video": False,
    }
    return MediaFacts(**{**usual, **changes})  # type: ignore[arg-type]


@st.composite
def recordings(draw: st.DrawFn, *, longest: float = 20_000) -> MediaFacts:
    """Draw what a probe may find; a known format always holds the codec of that format."""
    known = draw(st.none() | st.sampled_from(MediaFormat))
    video = known is MediaFormat.MP4 or (known in {None, MediaFormat.WEBM} and draw(st.booleans()))
    codec = ENCODINGS[known].codec if known in ENCODINGS else draw(st.sampled_from(CODECS))
    return facts(
        format=known,
        codec=codec,
        channels=draw(st.integers(1, 8)),
        seconds=draw(st.floats(0.01, longest) if longest < 20_000 else st.none() | st.floats(0.01, longest)),
        bytes=draw(st.integers(1, int(longest * 10_000))),
        has_video=video,
    )


limits = st.builds(
    AudioLimits, max_bytes=st.integers(100_000, 200_000_000), max_seconds=st.floats(10, 20_000, allow_nan=False)
)
notes = recordings(longest=10)
"""Short enough for every model."""
accepted = st.lists(st.sampled_from(list(ENCODINGS)), min_size=1, unique=True)
SERVICE = AudioLimits(max_bytes=500_000_000, max_seconds=20_000)


def fits(recording: MediaFacts, model: AudioLimits) -> bool:
    return (
        recording.seconds is not None and recording.seconds <= model.max_seconds and recording.bytes <= model.max_bytes
    )


@given(notes | recordings(), accepted, limits)
def test_what_the_model_takes_is_never_touched(recording: MediaFacts, formats: list[MediaFormat], model: AudioLimits):
    plan = plan_conversion(recording, formats, model=model, service=SERVICE)
    takes = recording.format in formats and not recording.has_video and fits(recording, model)
    assert (plan.how is How.AS_IS) == takes
    if takes:
        assert plan.format is recording.format
        assert plan.segment_seconds is None


@given(notes, accepted, limits)
def test_the_right_codec_in_another_container_is_copied(
    recording: MediaFacts, formats: list[MediaFormat], model: AudioLimits
):
    plan = plan_conversion(recording, formats, model=model, service=SERVICE)
    assume(plan.how is not How.AS_IS)
    possible = [form for form in formats if ENCODINGS[form].codec == recording.codec not in PCM]
    if possible:
        assert (plan.how, plan.format, plan.segment_seconds) == (How.COPIED, possible[0], None)
    else:
        assert plan.how is How.CONVERTED


@given(recordings(), accepted, limits)
def test_what_does_not_fit_is_neither_passed_on_nor_copied(
    recording: MediaFacts, formats: list[MediaFormat], model: AudioLimits
):
    plan = plan_conversion(recording, formats, model=model, service=SERVICE)
    assert fits(recording, model) or plan.how is How.CONVERTED


@given(recordings(), accepted, limits)
def test_a_conversion_writes_the_best_format_in_pieces_that_fit(
    recording: MediaFacts, formats: list[MediaFormat], model: AudioLimits
):
    plan = plan_conversion(recording, formats, model=model, service=SERVICE)
    assume(plan.how is How.CONVERTED)
    assert plan.format is formats[0]
    longest = plan.segment_seconds if plan.segment_seconds is not None else recording.seconds
    assert longest is not None
    assert 0 < longest <= model.max_seconds
    assert longest * ENCODINGS[plan.format].bytes_per_second + HEADER <= model.max_bytes


@given(recordings(), accepted, limits, limits)
def test_the_services_limit_goes_with_every_plan(
    recording: MediaFacts, formats: list[MediaFormat], model: AudioLimits, service: AudioLimits
):
    too_long = recording.seconds is not None and recording.seconds > service.max_seconds
    if too_long:
        with pytest.raises(MediaTooLong) as caught:
            plan_conversion(recording, formats, model=model, service=service)
        assert (caught.value.seconds, caught.value.limit) == (recording.seconds, service.max_seconds)
    else:
        plan = plan_conversion(recording, formats, model=model, service=service)
        assert plan.max_seconds == service.max_seconds


@given(recordings(), accepted)
def test_what_has_no_sound_is_never_planned(recording: MediaFacts, formats: list[MediaFormat]):
    mute = facts(format=recording.format, codec="", rate=0, channels=0, has_video=recording.has_video)
    with pytest.raises(MediaUnreadable):
        plan_conversion(mute, formats, model=SERVICE, service=SERVICE)


MODEL = AudioLimits(max_bytes=25_000_000, max_seconds=1_500)
MP3, WAV, OGG, M4A, FLAC = MediaFormat.MP3, MediaFormat.WAV, MediaFormat.OGG, MediaFormat.M4A, MediaFormat.FLAC


@pytest.mark.parametrize(
    ("recording", "formats", "expected"),
    [
        (facts(), [MP3, OGG], (How.AS_IS, OGG, None)),
        (facts(), [MP3, WAV], (How.CONVERTED, MP3, None)),
        (facts(format=MediaFormat.WEBM, container="matroska"), [MP3, OGG], (How.COPIED, OGG, None)),
        (facts(format=MediaFormat.MP4, codec="aac", has_video=True), [WAV, M4A], (How.COPIED, M4A, None)),
        (facts(format=None, codec="pcm_s24le"), [WAV], (How.CONVERTED, WAV, None)),
        (facts(format=MediaFormat.AIFF, codec="pcm_s16be"), [WAV], (How.CONVERTED, WAV, None)),
        (facts(seconds=None), [OGG, MP3], (How.CONVERTED, OGG, 1_500)),
        (facts(seconds=3_600.0), [MP3], (How.CONVERTED, MP3, 1_500)),
        (facts(seconds=1_200.0), [WAV], (How.CONVERTED, WAV, (25_000_000 - 4_096) / 32_000)),
        (facts(bytes=30_000_000, seconds=600.0, format=FLAC, codec="flac"), [FLAC, MP3], (How.CONVERTED, FLAC, None)),
    ],
    ids=[
        "a voice note that the model takes",
        "one that it does not take",
        "a browser's recording",
        "a video's sound",
        "24 bits",
        "the other end first",
        "an unknown length",
        "an hour",
        "too large as WAV",
        "too large a file of the right format",
    ],
)
def test_examples(recording: MediaFacts, formats: list[MediaFormat], expected: tuple[How, MediaFormat, float | None]):
    plan = plan_conversion(recording, formats, model=MODEL, service=SERVICE)
    assert plan == Conversion(
        how=expected[0], format=expected[1], segment_seconds=expected[2], max_seconds=SERVICE.max_seconds
    )
