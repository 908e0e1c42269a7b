"""Files of the app: uploaded in three steps, shared a little later.

See https://docs.slack.dev/messaging/working-with-files#uploading_files.
"""

import asyncio
import copy
import mimetypes
import secrets

from tests.fakes.slack.calls import Call
from tests.fakes.slack.errors import SlackError
from tests.fakes.slack.fake import Fake
from tests.fakes.slack.file_objects import attached, described_file, typed
from tests.fakes.slack.messages import bot_message
from tests.fakes.slack.methods.chat import thread_root, writable
from tests.fakes.slack.world import Channel, Json, StoredFile

GROUPS = {"public": "channels", "private": "groups", "im": "ims", "mpim": "groups"}


def info(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/files.info."""
    stored = _existing(call)
    return {"file": stored.object, "comments": [], "response_metadata": {"next_cursor": ""}}


def get_url(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/files.getUploadURLExternal."""
    identifier, ticket = call.world.new_id("F"), secrets.token_urlsafe(12)
    name, length = call.arguments["filename"], call.arguments["length"]
    owner = call.teams[0]
    about = {"owner": owner.bot_user, "team": owner.id, "name": name, "size": length}
    described = described_file(identifier, call.fake.base_url, **about)
    stored = StoredFile(id=identifier, object=described, owner=owner.bot_user, announced=length, state="pending")
    call.world.files[identifier] = stored
    return {"upload_url": f"{call.fake.base_url}/upload/v1/{identifier}-{ticket}", "file_id": identifier}


def complete(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/files.completeUploadExternal: answers before anything is shared."""
    files = [_uploaded(call, entry) for entry in call.arguments["files"]]
    channels = _targets(call)
    root = thread_root(call, channels[0]) if channels else None
    for stored, entry in zip(files, call.arguments["files"], strict=True):
        stored.object["title"] = entry.get("title", stored.object["name"])
        stored.state = "complete"
    call.world.note("upload.completed", files=[stored.id for stored in files], channels=[one.id for one in channels])
    call.fake.tasks.start(_share(call, files, channels, root))
    return {"files": [copy.deepcopy(stored.object) for stored in files]}


def delete(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/files.delete."""
    stored = _existing(call)
    if not call.is_own(stored.owner):
        raise SlackError("cant_delete_file")
    remove_file(call.fake, stored)
    return {}


def remove_file(fake: Fake, stored: StoredFile, *, told: bool = True) -> None:
    """Delete a file: its messages keep a tombstone, and apps are told, unless that event was lost."""
    stored.state, stored.content = "deleted", b""
    shared_in = [fake.world.channels[one] for group in set(GROUPS.values()) for one in stored.object[group]]
    for channel in shared_in:
        for message in channel.messages.values():
            if "files" in message:
                message["files"] = [attached(stored) if one["id"] == stored.id else one for one in message["files"]]
    fake.world.note("file.deleted", file=stored.id)
    if not told:
        return
    where = [channel.id for channel in shared_in]
    gone = {"type": "file_deleted", "file_id": stored.id, "channel_ids": where, "event_ts": fake.world.new_ts()}
    fake.emit([gone], team=fake.world.team_of(stored.owner))


def note_share(stored: StoredFile, channel: Channel, message: Json) -> None:
    """Write into the file object where it is to be seen."""
    visibility = "public" if channel.kind == "public" else "private"
    share = {
        "ts": message["ts"],
        "channel_name": channel.name,
        "team_id": channel.team.id,
        "share_user_id": stored.owner,
    }
    if message.get("thread_ts"):
        share["thread_ts"] = message["thread_ts"]
    stored.object["shares"].setdefault(visibility, {}).setdefault(channel.id, []).append(share)
    stored.object[GROUPS[channel.kind]].append(channel.id)
    stored.object["is_public"] = stored.object["is_public"] or visibility == "public"
    stored.state = "shared"


async def _share(call: Call, files: list[StoredFile], channels: list[Channel], root: str | None) -> None:
    """Show uploaded files where they belong, unless the share is to be lost."""
    fake = call.fake
    await asyncio.sleep(fake.options.share_seconds)
    for stored in files:
        name = stored.object["name"]
        stored.object |= typed(name, mimetypes.guess_type(name)[0] or "application/octet-stream")
        stored.content_type = stored.object["mimetype"]
    if fake.options.drop_shares and channels:
        fake.options = fake.options.changed({"drop_shares": fake.options.drop_shares - 1})
        fake.world.note("share.dropped", files=[stored.id for stored in files])
        return
    for channel in channels:
        parts = {"subtype": "file_share", "thread_ts": root, "blocks": call.get("blocks")}
        shown = [attached(stored) for stored in files]
        message = bot_message(fake.world, channel.team, call.get("initial_comment", ""), files=shown, **parts)
        for stored in files:
            note_share(stored, channel, message)
        fake.publish(channel, message)


def _targets(call: Call) -> list[Channel]:
    """The conversations that a call shares to; none keeps the files private."""
    named = [call.arguments["channel_id"]] if "channel_id" in call.arguments else []
    named += [one for one in call.get("channels", "").split(",") if one]
    found = [call.world.channels.get(one) for one in named]
    if any(one is None or not call.sees(one) for one in found):
        raise SlackError("channel_not_found")
    return [writable(one) for one in found if one is not None]


def _existing(call: Call) -> StoredFile:
    stored = call.world.files.get(call.arguments["file"])
    if stored is None or not call.token.opens(call.world.team_of(stored.owner)):
        raise SlackError("file_not_found")
    if stored.state == "deleted":
        raise SlackError("file_deleted")
    return stored


def _uploaded(call: Call, entry: Json) -> StoredFile:
    """The file of an upload whose bytes have come and that was not completed before."""
    stored = call.world.files.get(entry["id"])
    if stored is None or not call.is_own(stored.owner):
        raise SlackError("file_not_found")
    if stored.state == "pending":
        call.world.violate(f"{call.method}: {stored.id} was completed before its bytes were uploaded")
        raise SlackError("file_not_found")
    if stored.state != "uploaded":
        raise SlackError("file_update_failed")
    return stored
