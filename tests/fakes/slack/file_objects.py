"""What files look like: clips, plain uploads, shares from another workspace, files kept elsewhere."""

import mimetypes
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from tests.fakes.slack.world import Json, StoredFile, World, now

KINDS = ("slack_audio", "slack_video", "upload", "connect", "external")
CLIP_NAMES = {"slack_audio": "audio_message.webm", "slack_video": "video_message.mp4"}
CLIP_TYPES = {"slack_audio": "audio/webm", "slack_video": "video/mp4"}


@dataclass(frozen=True, kw_only=True)
class FileRequest:
    """What a test says about a file that somebody posts."""

    blob: str
    """The bytes, by the id that `POST /_fake/blobs` gave."""
    kind: str = "upload"
    """One of KINDS."""
    name: str | None = None
    """The file's name; clips have Slack's own names. It may be hostile."""
    mimetype: str | None = None
    """What the file object claims; by default what Slack claims for such a clip or name."""
    content_type: str | None = None
    """What the download answers."""
    duration_ms: int | None = None
    """The length that Slack tells of a clip."""
    size: int | None = None
    """The size that Slack tells, when it is not the true one."""
    wave: tuple[int, ...] | None = None
    """How loud a clip is over time, as Slack tells it: 100 numbers from 0 to 100; None for all the same."""


def store(world: World, base_url: str, owner: str, request: FileRequest) -> StoredFile:
    """Make a file of a request, and keep it; raises ValueError for an unknown kind or blob."""
    if request.kind not in KINDS or request.blob not in world.blobs:
        raise ValueError(f"no such file: {request}")
    content = world.blobs[request.blob]
    name = request.name or CLIP_NAMES.get(request.kind, "file.bin")
    mimetype = request.mimetype or CLIP_TYPES.get(request.kind) or mimetypes.guess_type(name)[0] or ""
    identifier = world.new_id("F")
    team = world.team_of(owner).id
    about = {"owner": owner, "team": team, "name": name, "size": request.size or len(content)}
    described = described_file(identifier, base_url, **about)
    described |= typed(name, mimetype)
    if request.kind in CLIP_NAMES:
        described |= _clip(f"{team}-{identifier}", base_url, request)
    if request.kind == "external":
        described |= {"mode": "external", "is_external": True, "external_type": "gdrive"}
    stored = StoredFile(id=identifier, object=described, owner=owner, kind=request.kind, content=content)
    stored.content_type = request.content_type or _served_type(request.kind, mimetype)
    world.files[identifier] = stored
    return stored


def described_file(identifier: str, base_url: str, *, owner: str, team: str, name: str, size: int) -> Json:
    """A hosted file whose type Slack has not looked at yet, https://docs.slack.dev/reference/objects/file-object."""
    private = f"{base_url}/files-pri/{team}-{identifier}"
    safe = quote(name.lower().replace(" ", "_"), safe="")
    created = int(now())
    return {
        "id": identifier,
        "created": created,
        "timestamp": created,
        "name": name,
        "title": name,
        "mimetype": "",
        "filetype": "",
        "pretty_type": "",
        "user": owner,
        "user_team": team,
        "editable": False,
        "size": size,
        "mode": "hosted",
        "is_external": False,
        "external_type": "",
        "is_public": False,
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        "url_private": f"{private}/{safe}",
        "url_private_download": f"{private}/download/{safe}",
        "media_display_type": "unknown",
        "permalink": f"{base_url}/files/{owner}/{identifier}/{safe}",
        "comments_count": 0,
        "shares": {},
        "channels": [],
        "groups": [],
        "ims": [],
        "has_rich_preview": False,
        "file_access": "visible",
    }


def typed(name: str, mimetype: str) -> Json:
    """The fields that appear when Slack has looked at a file."""
    suffix = PurePosixPath(name).suffix.removeprefix(".").lower()
    return {"mimetype": mimetype, "filetype": suffix or "binary", "pretty_type": suffix.upper()}


def attached(stored: StoredFile) -> Json:
    """The file as a message or event carries it: without its shares, or as a stub from another workspace.

    See https://docs.slack.dev/apis/slack-connect/.
    """
    if stored.state == "deleted":
        return {"id": stored.id, "mode": "tombstone"}
    if stored.kind == "connect":
        stub = {"id": stored.id, "created": 0, "timestamp": 0, "user": "", "mode": "file_access"}
        return stub | {"file_access": "check_file_info"}
    hidden = {"shares", "channels", "groups", "ims", "comments_count"}
    return {name: value for name, value in stored.object.items() if name not in hidden}


def _clip(key: str, base_url: str, request: FileRequest) -> Json:
    """What Slack's own recorder adds: a sub-type, and an MP4 whatever the name says."""
    audio = request.kind == "slack_audio"
    served = "audio_message_audio.mp4" if audio else "video_message.mp4"
    area = f"{base_url}/files-tmb/{key}-0123456789"
    clip: dict[str, Any] = {
        "subtype": request.kind,
        "transcription": {"status": "processing"},
        "url_private": f"{area}/{served}",
        "url_private_download": f"{area}/download/{served}",
        "duration_ms": request.duration_ms if request.duration_ms is not None else 3000,
        "media_display_type": "audio" if audio else "video",
    }
    if audio:
        return clip | {"aac": f"{area}/{served}", "audio_wave_samples": list(request.wave or [20] * 100)}
    return clip | {"mp4": f"{area}/{served}", "mp4_low": f"{area}/{served}", "thumb_video": f"{area}/thumb.jpeg"}


def _served_type(kind: str, mimetype: str) -> str:
    return "audio/mp4" if kind == "slack_audio" else mimetype or "application/octet-stream"
