"""Voice messages, which discord.py 2.7 cannot send: what it keeps to itself and we need for them is in this module.

A voice message is one sound with its length and loudness, without text; the part that holds it must be declared as
audio, or both are ignored. https://docs.discord.com/developers/resources/message#voice-messages
"""

import base64
import io

import discord
from discord.http import MultipartParameters, handle_message_parameters
from typing_extensions import override

from bot.domain.messages import VoiceClip

LONGEST_WAVEFORM = 256
CONTENT_TYPE = "audio/ogg"


class VoiceFile(discord.File):
    """A file that says how long it sounds, and how loud."""

    __slots__ = ("seconds", "waveform")

    def __init__(self, content: bytes, filename: str, *, seconds: float, waveform: bytes) -> None:
        """Prepare the file.

        Args:
            content: Opus in Ogg, mono, 48 kHz: what every client plays.
            filename: is not shown.
            seconds: true length.
            waveform: loudness from start to end, one byte each 100 ms, at most 256 of them.
        """
        super().__init__(io.BytesIO(content), filename=filename)
        self.seconds = seconds
        self.waveform = waveform[:LONGEST_WAVEFORM] or b"\0"

    @override
    def to_dict(self, index: int) -> dict[str, object]:
        waveform = base64.b64encode(self.waveform).decode()
        return {**super().to_dict(index), "duration_secs": self.seconds, "waveform": waveform}


def voice_message(
    clip: VoiceClip, content: bytes, filename: str, *, nonce: str, reference: discord.MessageReference | None
) -> MultipartParameters:
    """Return the request that posts a clip as a voice message."""
    file = VoiceFile(content, filename, seconds=clip.seconds, waveform=clip.waveform)
    return _parameters(file, nonce=nonce, reference=reference, flags=discord.MessageFlags(voice=True))


def sound_file(
    content: bytes, filename: str, *, nonce: str | None = None, reference: discord.MessageReference | None = None
) -> MultipartParameters:
    """Return the request that posts a clip as an ordinary file, which Discord shows with a player too."""
    return _parameters(discord.File(io.BytesIO(content), filename=filename), nonce=nonce, reference=reference)


def _parameters(
    file: discord.File,
    *,
    nonce: str | None,
    reference: discord.MessageReference | None,
    flags: discord.MessageFlags = discord.utils.MISSING,
) -> MultipartParameters:
    parameters = handle_message_parameters(
        file=file,
        flags=flags,
        nonce=nonce,
        allowed_mentions=discord.AllowedMentions.none(),
        message_reference=discord.utils.MISSING if reference is None else reference.to_message_reference_dict(),
    )
    for part in (parameters.multipart or ())[1:]:
        part["content_type"] = CONTENT_TYPE
    return parameters
