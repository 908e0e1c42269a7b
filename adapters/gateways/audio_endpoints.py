"""Models that only transcribe or only speak: the paths made for them, both ways. No network here.

OpenRouter's documents: https://openrouter.ai/docs/guides/overview/multimodal/stt and …/tts; OpenAI's protocol, which
other servers follow: https://platform.openai.com/docs/api-reference/audio. What is sent to these paths cannot be asked
for again: the response cache does not know them.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from adapters.gateways.body import Body, Raw
from adapters.gateways.chat_answer import Asked
from adapters.gateways.chat_completions import dumped
from adapters.gateways.doubt import charged
from adapters.gateways.problems import problem, read_error
from adapters.gateways.reading import a_cost, a_count, a_list, a_text, an_object, decoded, seconds
from adapters.gateways.sound import RATE, SoundReader
from bot.domain.audio import ENCODINGS, MediaFile, MediaFormat
from bot.domain.errors import ModelInDoubt, ModelRefused
from bot.domain.models import Delta, Finished, Segment, SpeechRequest, TextDelta, TranscriptionRequest
from bot.words import phrase

TRANSCRIPTIONS = "/audio/transcriptions"
SPEECH = "/audio/speech"

RESPONSE_FORMATS = {MediaFormat.PCM16: "pcm"}
"""Where the word for a form of speech is another than ours."""
LONGEST_ERROR = 65_536
_RATE = re.compile(r"rate=(\d{4,6})")


def transcription_json(request: TranscriptionRequest) -> Body:
    """Make a transcription's body as OpenRouter takes it.

    Plain `json` is asked for, because `verbose_json` is refused by all providers but OpenAI, Groq and Together.
    """
    fields = {"model": request.model, "response_format": "json"}
    if request.language:
        fields["language"] = request.language
    head = f'{dumped(fields)[:-1]},"input_audio":{{"data":"'
    return head.encode(), request.audio, f'","format":{dumped(request.audio.format.value)}}}}}'.encode()


def transcription_form(request: TranscriptionRequest, boundary: str, *, times: bool) -> Body:
    """Make a transcription's body as OpenAI's protocol has it: a form with a file (RFC 7578).

    Args:
        request: what is asked.
        boundary: of the form's parts; nobody who could have made the file may know it.
        times: whether it is to tell when each piece was said.
    """
    fields = {"model": request.model, "response_format": "verbose_json" if times else "json"}
    if request.language:
        fields["language"] = request.language
    texts = "".join(_field(boundary, name, value) for name, value in fields.items())
    return (texts + _file_head(boundary, request.audio)).encode(), Raw(file=request.audio), _end(boundary).encode()


def _field(boundary: str, name: str, value: str) -> str:
    return f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'


def _file_head(boundary: str, file: MediaFile) -> str:
    # Some servers go by the name's extension alone.
    encoding = ENCODINGS[file.format]
    name = f'name="file"; filename="recording.{encoding.extension}"'
    return f"--{boundary}\r\nContent-Disposition: form-data; {name}\r\nContent-Type: {encoding.mimetype}\r\n\r\n"


def _end(boundary: str) -> str:
    return f"\r\n--{boundary}--\r\n"


def encode_speech(request: SpeechRequest, *, voice: str | None, form: MediaFormat) -> Body:
    """Make a speech's body.

    Args:
        request: what is asked.
        voice: to speak with; None where the model knows none.
        form: of the sound. Always said, because the default is mp3 here and headerless there.
    """
    fields = {"model": request.model, "input": request.text}
    if voice is not None:
        fields["voice"] = voice
    return (dumped({**fields, "response_format": RESPONSE_FORMATS.get(form, form.value)}).encode(),)


class TranscriptAnswer:
    """Reads a transcript: give its JSON to `read`, then call `end`."""

    overrun: ClassVar[bool] = False
    """It cannot go on: it comes in one piece."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        """What is known of it."""
        self.over = False
        """Whether it was read."""
        self._usage = asked.usage

    @property
    def complete(self) -> bool:
        """Whether all was said, even if the connection's end is still to come."""
        return self.over

    def read(self, data: str) -> Sequence[Delta]:
        """Read the answer. Where nobody speaks there is no text, and where times are told, each piece has its own.

        Raises:
            ModelProblem: it is an error.
        """
        answer = decoded(data, self.asked.call)
        self._count(an_object(answer.get("usage")), seconds(answer.get("duration")))
        if error := answer.get("error"):
            raise charged(problem(read_error(error), self.asked.call, unbilled=self.asked.insured), self._usage)
        if not isinstance(answer.get("text"), str):
            raise ModelInDoubt(phrase("the answer holds no transcript"), model=self.asked.call.model)
        self.over = True
        text = answer["text"]
        return _segments(answer) or ([TextDelta(text=text)] if text.strip() else ())

    def end(self) -> Iterator[Delta]:
        """Say what it used.

        Raises:
            ModelInDoubt: there was no answer.
        """
        if not self.over:
            raise ModelInDoubt(phrase("the answer broke off"), model=self.asked.call.model)
        yield Finished(usage=self._usage)

    def _count(self, usage: dict[str, Any], duration: float | None) -> None:
        told = a_cost(usage.get("cost"))
        heard = seconds(usage.get("seconds")) or duration
        self._usage = replace(
            self._usage,
            tokens_in=a_count(usage.get("input_tokens")),
            tokens_out=a_count(usage.get("output_tokens")),
            audio_ms=self._usage.audio_ms if heard is None else round(heard * 1000),
            cost=self._usage.cost if told is None else told,
        )


def _segments(answer: dict[str, Any]) -> Sequence[Segment]:
    """Return the pieces of a transcript, such that they join to it; none where they are not all told, or wrong."""
    rows = [an_object(row) for row in a_list(answer.get("segments"))]
    texts = _spaced([a_text(row.get("text")) for row in rows], answer["text"])
    segments: list[Segment] = []
    for row, text in zip(rows, texts, strict=True):
        start, end = seconds(row.get("start")), seconds(row.get("end"))
        if start is None or end is None or end < start or (segments and start < segments[-1].start):
            return ()
        if text.strip():
            segments.append(Segment(text=text, start=start, end=end))
    return segments


def _spaced(texts: Sequence[str], whole: str) -> Sequence[str]:
    """Put a space before each piece but the first where the pieces do not carry their own."""
    if "".join(texts).split() == whole.split():
        return texts
    return [text if index == 0 or text[:1].isspace() else f" {text}" for index, text in enumerate(texts)]


class SoundAnswer:
    """Reads speech: tell it the kind of the answer, give its bytes to `read`, in order, then call `end`.

    Args:
        asked: what is known of it.
        form: what was asked for.
    """

    def __init__(self, asked: Asked, form: MediaFormat) -> None:
        self.asked = asked
        """What is known of it."""
        self.form = form
        """What was asked for; what comes may be something else."""
        self._sound = SoundReader(form)
        self._error: bytearray | None = None

    def begin(self, kind: str) -> None:
        """Take the answer's content type.

        Raises:
            ModelInDoubt: it is neither sound nor an error.
        """
        name = kind.partition(";")[0].strip().lower()
        if name.endswith("json"):
            self._error = bytearray()
        elif name and name != "application/octet-stream" and not name.startswith("audio/"):
            raise ModelInDoubt(phrase("the answer is {kind}, not sound", kind=name), model=self.asked.call.model)
        elif rate := _RATE.search(kind):
            # Headerless sound tells its rate here: `audio/pcm;rate=24000;channels=1`.
            self._sound = SoundReader(self.form, int(rate[1]))
        else:
            self._sound = SoundReader(self.form, RATE)

    def read(self, data: bytes) -> Sequence[Delta]:
        """Read the next bytes."""
        if self._error is not None:
            self._error += data[: LONGEST_ERROR - len(self._error)]
            return ()
        return self._sound.feed(data)

    def end(self) -> Iterator[Delta]:
        """Say what is left to say, and what was used: how much it cost, the gateway only tells later, when asked.

        Raises:
            ModelProblem: the answer is an error, or nothing.
        """
        call, usage = self.asked.call, self.asked.usage
        if self._error is not None:
            answer = decoded(self._error.decode(errors="replace"), call)
            found = problem(read_error(answer.get("error")), call, unbilled=self.asked.insured)
            raise charged(found, replace(usage, cost=a_cost(an_object(answer.get("usage")).get("cost"))))
        yield from self._sound.end()
        if not self._sound.bytes:
            raise ModelRefused(phrase("it said nothing"), model=call.model, usage=usage)
        yield Finished(usage=replace(usage, audio_ms=self._sound.milliseconds))
