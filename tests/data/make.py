"""Make the recordings of this folder anew: `python -m tests.data.make`.

Our own sentences are spoken by the embedded voice and encoded as chat platforms record them. The voice is not the same
twice, so the files change whenever this runs.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from adapters.local.piper import Piper
from adapters.local.weights import look_up

FOLDER = Path(__file__).parent
VOICE = "en_US-joe-medium"
VOICE_RATE = 22_050
QUESTION = "Hi Mynah, what is a good name for a talking bird, and why? Please answer in one short sentence."
GREETING = "Good morning, everybody. The meeting starts at ten."
SILENCE_SECONDS = 3

FRAMES_PER_SECOND = 10
WIDTH, HEIGHT = 160, 90

Samples = npt.NDArray[np.int16]


@dataclass(frozen=True, kw_only=True)
class Form:
    """How one file is encoded."""

    codec: str
    rate: int
    bitrate: int = 0
    """Bits a second; 0 for codecs that lose nothing."""
    container: Mapping[str, str] = field(default_factory=dict)
    """Options of the container."""


DISCORD = Form(codec="libopus", rate=48_000, bitrate=32_000)
SLACK = Form(codec="aac", rate=48_000, bitrate=48_000)
FORMS = {
    "voice-note.ogg": DISCORD,
    "clip.m4a": SLACK,
    "clip.mp4": SLACK,
    # A browser records without knowing the end: no duration, no index.
    "clip.webm": Form(codec="libopus", rate=48_000, bitrate=32_000, container={"live": "1"}),
    "clip.mp3": Form(codec="libmp3lame", rate=24_000, bitrate=48_000),
    # A telephone's rate, so that it stays small.
    "clip.wav": Form(codec="pcm_s16le", rate=8_000),
    "clip.flac": Form(codec="flac", rate=16_000),
}


def speak(text: str) -> Samples:
    """Say a text; 16 bits, mono, `VOICE_RATE`."""
    piper = Piper(str(look_up(VOICE, {}).path))
    return np.frombuffer(b"".join(piper.speak({"text": text, "speaker": None})), "<i2")


def encode(samples: Samples, name: str, form: Form) -> None:
    """Write a recording that has only sound."""
    with av.open(FOLDER / name, "w", options=dict(form.container)) as output:
        stream = _audio_stream(output, form)
        for frame in _audio_frames(samples):
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))


def film(samples: Samples, name: str) -> None:
    """Write a short video: a light band that moves while somebody speaks."""
    with av.open(FOLDER / name, "w", options={"movflags": "+faststart"}) as output:
        video = output.add_stream("libx264", rate=FRAMES_PER_SECOND, options={"crf": "32", "preset": "slow"})
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        audio = _audio_stream(output, SLACK)
        for picture in _pictures(len(samples) / VOICE_RATE):
            output.mux(video.encode(picture))
        output.mux(video.encode(None))
        for frame in _audio_frames(samples):
            output.mux(audio.encode(frame))
        output.mux(audio.encode(None))


def _audio_stream(output: av.container.OutputContainer, form: Form) -> av.AudioStream:
    stream: av.AudioStream = output.add_stream(form.codec, rate=form.rate, layout="mono")
    if form.bitrate:
        stream.bit_rate = form.bitrate
    return stream


def _audio_frames(samples: Samples) -> Iterator[av.AudioFrame]:
    for start in range(0, len(samples), VOICE_RATE):
        frame = av.AudioFrame.from_ndarray(samples[None, start : start + VOICE_RATE], format="s16", layout="mono")
        frame.sample_rate = VOICE_RATE
        frame.time_base, frame.pts = Fraction(1, VOICE_RATE), start
        yield frame


def _pictures(seconds: float) -> Iterator[av.VideoFrame]:
    for number in range(round(seconds * FRAMES_PER_SECOND)):
        picture = np.full((HEIGHT, WIDTH, 3), (20, 40, 60), np.uint8)
        picture[:, 4 * number % WIDTH : 4 * number % WIDTH + 16] = (240, 200, 80)
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.time_base, frame.pts = Fraction(1, FRAMES_PER_SECOND), number
        yield frame


def main() -> None:
    """Make all files, and `texts.json`, which says what is said in each."""
    question = speak(QUESTION)
    for name, form in FORMS.items():
        encode(question, name, form)
    film(speak(GREETING), "video.mp4")
    encode(np.zeros(SILENCE_SECONDS * VOICE_RATE, np.int16), "silence.ogg", DISCORD)
    texts = dict.fromkeys(FORMS, QUESTION) | {"video.mp4": GREETING, "silence.ogg": ""}
    (FOLDER / "texts.json").write_text(json.dumps(texts, indent=2) + "\n", encoding="utf-8")
    for name in texts:
        sys.stdout.write(f"{(FOLDER / name).stat().st_size:>8} {name}\n")


if __name__ == "__main__":
    main()
