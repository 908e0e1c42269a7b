"""Sound in an answer: base64 that comes in pieces, and what its bytes are. No network here."""

import base64
from collections.abc import Sequence

from bot.domain.audio import MediaFormat
from bot.domain.models import SoundDelta

RATE = 24_000
"""Samples a second of headerless sound, where nobody says otherwise: s16le, mono."""
SAMPLE_BYTES = 2

SIGNATURES: tuple[tuple[bytes, MediaFormat], ...] = (
    (b"ID3", MediaFormat.MP3),
    (b"RIFF", MediaFormat.WAV),
    (b"OggS", MediaFormat.OGG),
    (b"fLaC", MediaFormat.FLAC),
)
"""What files begin with."""
LONGEST_SIGNATURE = 4

BITRATES_1 = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
BITRATES_2 = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
"""Of layer III, by the version's two bits: http://mpgedit.org/mpgedit/mpeg_format/mpeghdr.htm."""
LONGEST_FRAME = 1_441


class Base64Stream:
    """Decodes base64 that comes in pieces, each padded by itself, or cut anywhere.

    To join all pieces first and then decode them would lose everything behind the first padding; to decode each by
    itself would break where a piece ends within a group of four letters.
    """

    def __init__(self) -> None:
        self._rest = ""

    def feed(self, piece: str) -> bytes:
        """Decode the next piece, and keep the beginning of a group that it does not end.

        Raises:
            ValueError: it is no base64.
        """
        text, decoded, start = self._rest + piece, bytearray(), 0
        while (padding := text.find("=", start)) >= 0:
            end = start + (padding - start) // 4 * 4 + 4
            if end > len(text):
                break
            decoded += base64.b64decode(text[start:end], validate=True)
            start = end
        whole = padding if padding >= 0 else len(text)
        end = start + (whole - start) // 4 * 4
        decoded += base64.b64decode(text[start:end], validate=True)
        self._rest = text[end:]
        return bytes(decoded)

    def end(self) -> bytes:
        """Decode the last group, where its padding was left out.

        Raises:
            ValueError: a letter stands alone.
        """
        rest, self._rest = self._rest.rstrip("="), ""
        return base64.b64decode(rest + "=" * (-len(rest) % 4), validate=True)


class SoundReader:
    """Makes deltas of a sound's bytes, as they come, once it is clear what they are.

    Args:
        otherwise: what they are where they begin like no file that is known.
        rate: samples a second of headerless sound.
    """

    def __init__(self, otherwise: MediaFormat = MediaFormat.PCM16, rate: int = RATE) -> None:
        self.bytes = 0
        """How many came."""
        self._otherwise = otherwise
        self._rate = rate
        self._head = b""
        self._form: MediaFormat | None = None

    @property
    def form(self) -> MediaFormat | None:
        """What it is; None before that is clear."""
        return self._form

    @property
    def milliseconds(self) -> int | None:
        """How long it is, where its bytes tell; None for a file, of which only a player knows."""
        if self._form is not MediaFormat.PCM16:
            return None
        return round(self.bytes * 1000 / (SAMPLE_BYTES * self._rate))

    def feed(self, data: bytes) -> Sequence[SoundDelta]:
        """Take the next bytes."""
        self.bytes += len(data)
        if self._form is None:
            self._head += data
            self._form = form_of(self._head, self._otherwise)
            return self._release()
        return [self._delta(data, self._form)] if data else ()

    def end(self) -> Sequence[SoundDelta]:
        """Say what was held back, when there is no more."""
        if self._form is None and self._head:
            self._form = _signed(self._head) or self._otherwise
        return self._release()

    def _release(self) -> Sequence[SoundDelta]:
        if self._form is None or not self._head:
            return ()
        head, self._head = self._head, b""
        return [self._delta(head, self._form)]

    def _delta(self, data: bytes, form: MediaFormat) -> SoundDelta:
        return SoundDelta(data=data, format=form, rate=self._rate if form is MediaFormat.PCM16 else 0)


def form_of(head: bytes, otherwise: MediaFormat) -> MediaFormat | None:
    """Say what sound begins so; None for as long as more bytes are needed.

    The two bytes that an MP3 without tags begins with may be a sample as well, so a second frame must follow.
    """
    if len(head) < LONGEST_SIGNATURE:
        return None
    if signed := _signed(head):
        return signed
    length = _frame_bytes(head)
    if length is None:
        return otherwise
    if len(head) < length + LONGEST_SIGNATURE:
        return None
    return otherwise if _frame_bytes(head[length:]) is None else MediaFormat.MP3


def _signed(head: bytes) -> MediaFormat | None:
    return next((form for signature, form in SIGNATURES if head.startswith(signature)), None)


def _frame_bytes(head: bytes) -> int | None:
    """Return the length of the layer III frame that begins here; None where none does."""
    version, layer, bitrate, rate = head[1] >> 3 & 3, head[1] >> 1 & 3, head[2] >> 4, head[2] >> 2 & 3
    if head[0] != 0xFF or head[1] & 0xE0 != 0xE0 or layer != 1 or version == 1 or rate == 3 or bitrate in {0, 15}:
        return None
    bits, factor = (BITRATES_1, 144_000) if version == 3 else (BITRATES_2, 72_000)
    return factor * bits[bitrate - 1] // RATES[version][rate] + (head[2] >> 1 & 1)
