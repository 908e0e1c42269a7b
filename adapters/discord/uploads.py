"""Messages with files, of which discord.py 2.7 cannot say all: what it keeps to itself and we need is in this module.

A voice message is one sound with its length and loudness, without text; the part that holds it must be declared as
audio, or both are ignored. https://docs.discord.com/developers/resources/message#voice-messages

A file may have a title, which people see instead of its name; its name tells us which post it belongs to.
https://docs.discord.com/developers/resources/message#attachment-object
"""

import base64
import io
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import discord
from discord.http import MultipartParameters, handle_message_parameters
from typing_extensions import override

from bot.domain.messages import NamedFile, VoiceClip

LONGEST_WAVEFORM = 256
SOUND = "audio/ogg"


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


class TitledFile(discord.File):
    """A file that people see by another name."""

    __slots__ = ("title",)

    def __init__(self, content: bytes, filename: str, *, title: str) -> None:
        """Prepare the file.

        Args:
            content: its bytes.
            filename: its name.
            title: what people see, with an extension.
        """
        super().__init__(io.BytesIO(content), filename=filename)
        self.title = title

    @override
    def to_dict(self, index: int) -> dict[str, object]:
        return {**super().to_dict(index), "title": self.title}


def text_message(
    text: str,
    under: Sequence[Mapping[str, Any]],
    *,
    nonce: str | None = None,
    reference: discord.MessageReference | None = None,
) -> MultipartParameters:
    """Return the request that posts or replaces a text with components under it, which discord.py does not remember.

    Args:
        text: its content.
        under: its components.
        nonce: of a new message.
        reference: what a new message replies to.
    """
    missing = discord.utils.MISSING
    parameters = handle_message_parameters(
        content=text,
        nonce=nonce,
        flags=missing if nonce is None else discord.MessageFlags(suppress_embeds=True),
        allowed_mentions=discord.AllowedMentions.none(),
        message_reference=missing if reference is None else reference.to_message_reference_dict(),
    )
    if parameters.payload is None:
        raise ValueError("a text has no files")
    parameters.payload["components"] = list(under)
    return parameters


def voice_message(
    clip: VoiceClip, content: bytes, filename: str, *, nonce: str, reference: discord.MessageReference | None
) -> MultipartParameters:
    """Return the request that posts a clip as a voice message."""
    file = VoiceFile(content, filename, seconds=clip.seconds, waveform=clip.waveform)
    return _parameters([file], SOUND, nonce=nonce, reference=reference, flags=discord.MessageFlags(voice=True))


def sound_file(
    content: bytes,
    filename: str,
    *,
    nonce: str | None = None,
    reference: discord.MessageReference | None = None,
    kept: Collection[int] = (),
) -> MultipartParameters:
    """Return the request that posts a clip as an ordinary file, which Discord shows with a player too.

    Args:
        content: its bytes.
        filename: its name.
        nonce: of a new message.
        reference: what a new message replies to.
        kept: the files that a message which is changed has already.
    """
    sound = discord.File(io.BytesIO(content), filename=filename)
    return _parameters([sound], SOUND, nonce=nonce, reference=reference, kept=kept)


def titled_files(
    files: Mapping[str, NamedFile],
    *,
    nonce: str | None = None,
    reference: discord.MessageReference | None = None,
    kept: Collection[int] = (),
) -> MultipartParameters:
    """Return the request that posts files, given by the names that they get; people see their own."""
    titled = [TitledFile(file.content, name, title=file.name) for name, file in files.items()]
    return _parameters(titled, None, nonce=nonce, reference=reference, kept=kept)


def _parameters(
    files: Sequence[discord.File],
    content_type: str | None,
    *,
    nonce: str | None,
    reference: discord.MessageReference | None,
    flags: discord.MessageFlags = discord.utils.MISSING,
    kept: Collection[int] = (),
) -> MultipartParameters:
    parameters = handle_message_parameters(
        files=files,
        flags=flags,
        nonce=nonce,
        allowed_mentions=discord.AllowedMentions.none(),
        message_reference=discord.utils.MISSING if reference is None else reference.to_message_reference_dict(),
    )
    payload, *parts = parameters.multipart or ({},)
    if kept:  # else a change takes them away
        said = json.loads(payload["value"])
        earlier = [{"id": str(file)} for file in kept]
        payload["value"] = json.dumps({**said, "attachments": earlier + said["attachments"]})
    for part in parts:
        if content_type is not None:
            part["content_type"] = content_type
    return parameters
