"""fetch: the attachments of a message -> bytes that are here, and what they are."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.audio import AudioLimits
from bot.domain.errors import MediaProblem, MediaTooLarge, MediaTooLong, MediaUnreadable
from bot.domain.messages import Attachment, FetchedMedia, Message, Quoted
from bot.pipeline.run import Run
from bot.words import phrase


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetched:
    """What came of the attachments."""

    media: Sequence[FetchedMedia]
    """Those that hold sound or video."""
    problems: Sequence[MediaProblem]
    """Why others cannot be used, for the person who sent them."""


async def fetch(run: Run, quoted: Sequence[Quoted] = ()) -> Fetched:
    """Fetch and probe every attachment that may be sound or video, also those of the messages that are referred to.

    A file that is none, beside a message that says something, is passed over; a voice note that cannot be used is told.
    """
    media: list[FetchedMedia] = []
    problems: list[MediaProblem] = []
    for attachment in (*_worth_fetching(run.message), *_of_others(quoted)):
        try:
            media.append(await _fetch_one(run, attachment))
        except MediaUnreadable as error:
            if attachment.voice_note or _is_declared_media(attachment) or not run.message.text:
                problems.append(error)
        except MediaProblem as error:
            problems.append(error)
    return Fetched(media=media, problems=problems)


def _worth_fetching(message: Message) -> Sequence[Attachment]:
    """Return what may be sound or video; where a message is nothing but files, their bytes decide, not their names."""
    likely = [attachment for attachment in message.attachments if attachment.may_be_media]
    return likely if likely or message.text else message.attachments


def _of_others(quoted: Sequence[Quoted]) -> Sequence[Attachment]:
    return [attachment for each in quoted for attachment in each.attachments if attachment.may_be_media]


def _is_declared_media(attachment: Attachment) -> bool:
    return attachment.declared_type.startswith(("audio/", "video/"))


async def _fetch_one(run: Run, attachment: Attachment) -> FetchedMedia:
    limits = run.house.limits
    _check_declared(attachment, limits)
    chunks = run.platform.fetch(run.message, attachment)
    blob = await run.house.blobs.keep(run.job.id, chunks, limit=limits.max_bytes)
    path = await run.house.blobs.path(blob)
    if path is None:
        raise MediaUnreadable(phrase("its bytes are gone"))
    facts = await run.house.media.probe(path)
    return FetchedMedia(attachment=attachment, blob=blob, path=path, facts=facts)


def _check_declared(attachment: Attachment, limits: AudioLimits) -> None:
    """Refuse at once what says itself that it is too much; the bytes are counted again while they stream."""
    if attachment.declared_bytes is not None and attachment.declared_bytes > limits.max_bytes:
        raise MediaTooLarge(limit=limits.max_bytes)
    if attachment.declared_seconds is not None and attachment.declared_seconds > limits.max_seconds:
        raise MediaTooLong(seconds=attachment.declared_seconds, limit=limits.max_seconds)
