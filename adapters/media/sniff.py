"""What a file is, by its first bytes: names and MIME types lie.

Everything that is not on this short list is refused before any demuxer sees it. So are the formats that are text
(playlists, manifests, session descriptions): they name other files and addresses, and would be followed.
"""

from enum import Enum

HEAD_BYTES = 64
"""How much of a file's start is needed."""


class Container(Enum):
    """A container that we open; the value lists the demuxers of FFmpeg that may read it.

    Names of demuxers: https://ffmpeg.org/ffmpeg-formats.html#Demuxers
    """

    OGG = "ogg"
    WAV = "wav"
    W64 = "w64"
    FLAC = "flac"
    MP3 = "mp3"
    TAGGED = "mp3,aac,flac"
    """An ID3 tag: MP3 as a rule, but the others may wear one."""
    ADTS = "aac"
    MOV = "mov"
    MATROSKA = "matroska"
    AIFF = "aiff"
    CAF = "caf"
    AMR = "amr"


_AT_START: tuple[tuple[bytes, Container], ...] = (
    (b"OggS", Container.OGG),
    (b"fLaC", Container.FLAC),
    (b"ID3", Container.TAGGED),
    (b"\x1a\x45\xdf\xa3", Container.MATROSKA),
    (b"caff", Container.CAF),
    (b"#!AMR", Container.AMR),
    (b"riff\x2e\x91\xcf\x11", Container.W64),
)

_FORMS: dict[tuple[bytes, bytes], Container] = {
    (b"RIFF", b"WAVE"): Container.WAV,
    (b"RF64", b"WAVE"): Container.WAV,
    (b"FORM", b"AIFF"): Container.AIFF,
    (b"FORM", b"AIFC"): Container.AIFF,
}
"""Bytes 0 to 3 and 8 to 11; between them is a size."""

_ATOMS = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"}
"""What a QuickTime or MPEG-4 file starts with, after four bytes of size."""


def sniff(head: bytes) -> Container | None:
    """Say what container a file is.

    Args:
        head: its first `HEAD_BYTES` bytes, or all of it if it is shorter.

    Returns:
        None for everything that we do not open.
    """
    for magic, container in _AT_START:
        if head.startswith(magic):
            return container
    if head[4:8] in _ATOMS:
        return Container.MOV
    return _FORMS.get((head[:4], head[8:12])) or _by_sync_word(head)


def _by_sync_word(head: bytes) -> Container | None:
    """Recognise a bare stream of MPEG audio frames: eleven bits set, then version and layer.

    ADTS has the same start with the layer 0: https://wiki.multimedia.cx/index.php/ADTS
    """
    if len(head) < 2 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    if head[1] & 0xF6 == 0xF0:
        return Container.ADTS
    return Container.MP3 if head[1] & 0x06 else None
