"""Who is heard: the one rule of when Mynah takes a message for itself."""

from bot.domain.access import refusal
from bot.domain.channels import ChannelConfig, OnMedia
from bot.domain.messages import Addressed, Message


def is_heard(message: Message, config: ChannelConfig, *, in_thread: bool) -> bool:
    """Decide whether a message is for us.

    Args:
        message: what was said.
        config: the settings of its place.
        in_thread: whether we already take part in the message's thread.
    """
    called = message.addressed in {Addressed.MENTION, Addressed.COMMAND} and bool(message.quoted)
    if message.author.is_bot or not (message.text or message.attachments or called):
        return False
    if message.addressed is not Addressed.OVERHEARD:
        return True
    if refusal(message.author, message.place, config):  # they did not speak to us, so they are told nothing
        return False
    return in_thread or _is_voice_note_for_us(message, config)


def _is_voice_note_for_us(message: Message, config: ChannelConfig) -> bool:
    notes = any(attachment.voice_note for attachment in message.attachments)
    return notes and config.hear_unmentioned and config.voice_notes is not OnMedia.IGNORE
