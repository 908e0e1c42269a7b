"""Signed attachment addresses that stop working, as Discord's do.

https://docs.discord.com/developers/reference#signed-attachment-cdn-urls
"""

import hashlib
import hmac
from collections.abc import Mapping

from tests.fakes.discord.model import Attachment
from tests.fakes.discord.world import World

LIFETIME_SECONDS = 24 * 3600


def signed_url(world: World, attachment: Attachment) -> str:
    """Return an address that serves the attachment's bytes for a day."""
    path = path_of(attachment)
    issued = int(world.clock.now())
    expires = issued + LIFETIME_SECONDS
    return f"{world.origin}{path}?ex={expires:x}&is={issued:x}&hm={_mac(world, path, expires, issued)}&"


def path_of(attachment: Attachment) -> str:
    """Return the path of an attachment's address."""
    folder = "ephemeral-attachments" if attachment.ephemeral else "attachments"
    return f"/{folder}/{attachment.folder}/{attachment.id}/{attachment.filename}"


def still_valid(world: World, path: str, query: Mapping[str, str]) -> bool:
    """Tell whether an address was signed here, for this path, and has not expired."""
    try:
        expires, issued = int(query["ex"], 16), int(query["is"], 16)
    except (KeyError, ValueError):
        return False
    genuine = hmac.compare_digest(_mac(world, path, expires, issued), query.get("hm", ""))
    return genuine and world.clock.now() < expires


def _mac(world: World, path: str, expires: int, issued: int) -> str:
    text = f"{path} {expires} {issued} {world.url_generation}"
    return hmac.new(world.signing_key, text.encode(), hashlib.sha256).hexdigest()
