from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

from adapters.local.clips import FRAME, LAST_LONGEST, LONGEST, RATE, SEARCH, Clip, plan_clips, read_samples

Sound = npt.NDArray[np.float64]


def tone(seconds: float, loudness: float = 0.2) -> Sound:
    return loudness * np.sin(np.arange(round(seconds * RATE)) * 0.3)


def silence(seconds: float) -> Sound:
    return np.zeros(round(seconds * RATE))


def plan(folder: Path, *sounds: Sound) -> list[Clip]:
    path = folder / "recording.pcm"
    (np.concatenate(sounds) * 32_767).astype("<i2").tofile(path)
    return plan_clips(str(path))


def test_a_note_is_one_clip(tmp_path: Path):
    assert plan(tmp_path, tone(29.5)) == [Clip(start=0.0, end=pytest.approx(29.5))]


def test_a_cut_lies_in_a_pause(tmp_path: Path):
    (first, second) = plan(tmp_path, tone(20), silence(0.6), tone(20))
    assert 20.0 < first.end < 20.6
    assert second.start == first.end


def test_a_cut_lies_in_the_quietest_moment_of_a_noisy_recording(tmp_path: Path):
    (first, _) = plan(tmp_path, tone(24), tone(0.5, loudness=0.1), tone(20))
    assert 24.0 < first.end < 24.5


@pytest.mark.parametrize("seconds", [0.0, 0.01, 5.0, 45.0])
def test_silence_is_not_heard(tmp_path: Path, seconds: float):
    assert plan(tmp_path, silence(seconds)) == []


def test_a_whisper_is_heard(tmp_path: Path):
    assert len(plan(tmp_path, tone(3, loudness=0.002))) == 1


def test_long_silence_within_a_recording_is_left_out(tmp_path: Path):
    clips = plan(tmp_path, tone(5), silence(100), tone(5))
    assert len(clips) == 2
    assert sum(clip.end - clip.start for clip in clips) < 60


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example([(1.463, 1.045), (1.385, 1.573), (1.459, 1.075), (23.3, 3.0)])
@given(st.lists(st.tuples(st.floats(0.05, 40), st.floats(0, 3)), min_size=1, max_size=5))
def test_clips_hold_all_sound_and_none_is_too_long(tmp_path: Path, parts: list[tuple[float, float]]):
    sounds = [part for sound, pause in parts for part in (tone(sound), silence(pause))]
    clips = plan(tmp_path, *sounds)
    total = sum(len(sound) for sound in sounds) / RATE
    for clip in clips[:-1]:
        assert LONGEST - SEARCH - 1 < clip.end - clip.start <= LONGEST
    assert clips[-1].end - clips[-1].start <= LAST_LONGEST
    assert clips[-1].end <= total
    whole = np.concatenate(sounds)
    edges = [0.0, *(edge for clip in clips for edge in (clip.start, clip.end)), total]
    for start, end in list(pairwise(edges))[::2]:
        assert end >= start
        left_out = whole[round(start * RATE) : round(max(start, end - FRAME) * RATE)]
        assert not left_out.any()


def test_reads_a_part_of_a_recording(tmp_path: Path):
    path = tmp_path / "recording.pcm"
    np.arange(RATE, dtype="<i2").tofile(path)
    part = read_samples(str(path), 0.25, 0.5)
    assert part.dtype == np.float32
    assert list(part[:2] * 32_768) == [4_000, 4_001]
    assert len(part) == RATE // 4
    assert len(read_samples(str(path), 0.75)) == RATE // 4
