"""What Discord refuses a bot: permissions, sizes, voice messages, empty messages.

Voice messages: https://docs.discord.com/developers/resources/message#voice-messages
"""

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tests.fakes.discord.bodies import Body
from tests.fakes.discord.model import (
    COMPONENTS_V2,
    DM,
    PRIVATE_THREAD,
    SUPPRESS_EMBEDS,
    SUPPRESS_NOTIFICATIONS,
    VOICE,
    Channel,
    Message,
    Upload,
)
from tests.fakes.discord.permissions import Permission
from tests.fakes.discord.refusals import invalid_form, refusal
from tests.fakes.discord.world import MIB, World

CREATE_FLAGS = SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | VOICE | COMPONENTS_V2
REQUEST_LIMIT = 25 * MIB
WAVEFORM_BYTES = 256
MOST_COMPONENTS = 40
MOST_CHOICES = 25
CHOICE_LIMIT = 100
TEXT_LIMIT = 4_000
"""Of all text displays of a message."""
STRING_SELECT = 3


def may_view(world: World, channel: Channel) -> Permission:
    """Return the bot's permissions in a channel, or refuse with 50001 where it sees nothing."""
    granted = world.permissions(channel, world.bot_id)
    if not granted & Permission.VIEW_CHANNEL:
        raise refusal(50001, channel.id)
    return granted


def need(world: World, channel: Channel, permission: Permission) -> None:
    """Refuse with 50013 what the bot may not do."""
    if not may_view(world, channel) & permission:
        raise refusal(50013, str(permission.name))


def may_send(world: World, channel: Channel, payload: Mapping[str, Any], body: Body) -> None:
    """Refuse a message that the bot may not send here."""
    granted = may_view(world, channel)
    sending = Permission.SEND_MESSAGES_IN_THREADS if channel.thread else Permission.SEND_MESSAGES
    if not granted & sending:
        raise refusal(50013, str(sending.name))
    if channel.type == DM and not all(world.users[who].accepts_dms for who in channel.recipients):
        raise refusal(50007)
    if channel.thread and channel.thread.locked and not granted & Permission.MANAGE_THREADS:
        raise refusal(160005)
    voice = (payload.get("flags") or 0) & VOICE
    if voice and not granted & Permission.SEND_VOICE_MESSAGES:
        raise refusal(50173)
    if body.uploads and not voice and not granted & Permission.ATTACH_FILES:
        raise refusal(50013, "ATTACH_FILES")
    if payload.get("message_reference") and not granted & Permission.READ_MESSAGE_HISTORY:
        raise refusal(160002)


def well_formed(world: World, channel: Channel, payload: Mapping[str, Any], body: Body) -> None:
    """Refuse a message that no channel would take: too large, empty, or a broken voice message."""
    sizes(world, channel, body)
    _numbers(payload, body)
    flags = payload.get("flags") or 0
    components(payload)
    if flags & VOICE:
        voice_message(payload, body)
        return
    content = any(payload.get(name) for name in ("content", "embeds", "components"))
    if not (content or body.uploads):
        raise refusal(50006)
    if flags & COMPONENTS_V2 and (payload.get("content") or payload.get("embeds")):
        raise invalid_form(["content"], "not allowed in a message of components")


def components(payload: Mapping[str, Any]) -> None:
    """Refuse more components, choices or text than Discord takes.

    https://docs.discord.com/developers/components/reference
    """
    found = list(nested(payload.get("components") or []))
    if len(found) > MOST_COMPONENTS:
        raise invalid_form(["components"], f"{len(found)} components, at most {MOST_COMPONENTS}")
    if sum(len(each.get("content", "")) for each in found) > TEXT_LIMIT:
        raise invalid_form(["components"], f"more than {TEXT_LIMIT} characters of text")
    ids = [each["custom_id"] for each in found if "custom_id" in each]
    if len(ids) != len(set(ids)):
        raise invalid_form(["components"], "a custom_id stands there twice")
    for each in found:
        if each["type"] == STRING_SELECT:
            _choices(each)


def nested(parts: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield components with all that they hold."""
    for each in parts:
        yield each
        yield from nested(each.get("components", ()))
        yield from nested([each["accessory"]] if "accessory" in each else [])


def _choices(menu: Mapping[str, Any]) -> None:
    options = menu.get("options") or []
    values = [option["value"] for option in options]
    if not 1 <= len(options) <= MOST_CHOICES or len(values) != len(set(values)):
        raise invalid_form(["components", menu["custom_id"]], f"{len(options)} choices, some twice: {values}")
    if any(not 1 <= len(option[name]) <= CHOICE_LIMIT for option in options for name in ("label", "value")):
        raise invalid_form(["components", menu["custom_id"]], "a choice is empty or too long")
    if sum(bool(option.get("default")) for option in options) > menu.get("max_values", 1):
        raise invalid_form(["components", menu["custom_id"]], "too many choices hold at first")


def create_flags(payload: Mapping[str, Any], allowed: int = CREATE_FLAGS) -> int:
    """Return a new message's flags, or refuse those that a bot cannot set."""
    flags: int = payload.get("flags") or 0
    if flags & ~allowed:
        raise invalid_form(["flags"], f"cannot set {flags & ~allowed}")
    return flags


def voice_message(payload: Mapping[str, Any], body: Body) -> None:
    """Refuse a voice message that is not exactly one audio file with its duration and waveform."""
    if any(payload.get(name) for name in ("content", "embeds", "components")):
        raise refusal(50159)
    if len(body.uploads) != 1:
        raise refusal(50160, f"{len(body.uploads)} files")
    ((number, upload),) = body.uploads.items()
    meta = metadata(payload, number, upload)
    if not meta.get("duration_secs") or not meta.get("waveform"):
        raise refusal(50161, f"content type of the part: {upload.content_type}")
    try:
        points = base64.b64decode(meta["waveform"], validate=True)
    except binascii.Error as error:
        raise invalid_form(["attachments", number, "waveform"], "not base64") from error
    if not 0 < len(points) <= WAVEFORM_BYTES:
        raise invalid_form(["attachments", number, "waveform"], f"{len(points)} points")


def metadata(payload: Mapping[str, Any], number: int, upload: Upload) -> dict[str, Any]:
    """Return what a request says about one of its files; on parts not marked as audio, the sound's data is ignored."""
    listed = payload.get("attachments") or []
    meta: dict[str, Any] = next((dict(each) for each in listed if str(each.get("id")) == str(number)), {})
    if not upload.content_type.startswith("audio/"):
        meta.pop("duration_secs", None)
        meta.pop("waveform", None)
    return meta


def may_edit(world: World, message: Message) -> None:
    """Refuse an edit of somebody else's message, of a voice message, or in an archived thread."""
    if message.author_id != world.bot_id:
        raise refusal(50005)
    if message.flags & VOICE:
        raise refusal(50162)
    channel = world.channels[message.channel_id]
    if channel.thread and channel.thread.archived:
        raise refusal(50083)


def may_start_thread(world: World, channel: Channel, kind: int) -> None:
    """Refuse a thread where the bot may not start one."""
    if channel.type == DM:
        raise refusal(50003)
    if channel.thread:
        raise refusal(50024)
    private = kind == PRIVATE_THREAD
    need(world, channel, Permission.CREATE_PRIVATE_THREADS if private else Permission.CREATE_PUBLIC_THREADS)


def sizes(world: World, channel: Channel, body: Body) -> None:
    """Refuse files over the channel's limit."""
    limit = world.file_limit(channel)
    for upload in body.uploads.values():
        if len(upload.data) > limit:
            raise refusal(40005, f"{upload.filename}: {len(upload.data)} bytes, limit {limit}")
    if body.size > max(limit, REQUEST_LIMIT):
        raise refusal(40005, f"{body.size} bytes in one request")


def _numbers(payload: Mapping[str, Any], body: Body) -> None:
    for each in payload.get("attachments") or []:
        number = int(each["id"])
        if number < 10 and number not in body.uploads:  # ten files at most: anything greater is an attachment's id
            raise refusal(50146, f"files[{number}]")
