"""Whether a webhook is really from fal: https://fal.ai/docs/documentation/model-apis/inference/webhooks.

The signature is a bare one by Ed25519 (https://www.rfc-editor.org/rfc/rfc8032), in hexadecimal digits, of four lines:
the request's id, the user's id, the seconds since 1970, and the SHA-256 of the body. No network here.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from adapters.gateways.reading import a_list, a_text, an_object

LEEWAY_SECONDS = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Signed:
    """What a webhook says of itself."""

    request_id: str
    """fal's name of the request."""
    at: int
    """When it was signed, in seconds since 1970."""
    message: bytes
    """What was signed."""
    signature: bytes
    """By fal, if it is."""


def read_signed(headers: Mapping[str, str], body: bytes) -> Signed | None:
    """Read the headers of a webhook; None where they are missing or nonsense.

    Args:
        headers: in any case.
        body: exactly as it came.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    names = ("request-id", "user-id", "timestamp", "signature")
    request_id, user_id, at, signature = (lower.get(f"x-fal-webhook-{name}", "") for name in names)
    try:
        raw, seconds = bytes.fromhex(signature), int(at)
    except ValueError:
        return None
    if not (request_id and user_id and raw):
        return None
    message = "\n".join((request_id, user_id, at, hashlib.sha256(body).hexdigest())).encode()
    return Signed(request_id=request_id, at=seconds, message=message, signature=raw)


def is_fresh(signed: Signed, now: int) -> bool:
    """Return whether it was signed about now (milliseconds since 1970)."""
    return abs(now / 1000 - signed.at) <= LEEWAY_SECONDS


def is_genuine(signed: Signed, keys: Iterable[Ed25519PublicKey]) -> bool:
    """Return whether one of the keys signed it."""
    return any(_fits(signed, key) for key in keys)


def read_keys(listing: Mapping[str, Any]) -> tuple[Ed25519PublicKey, ...]:
    """Read a set of public keys (https://www.rfc-editor.org/rfc/rfc8037); what is none of Ed25519's is left out."""
    found = (_key(a_text(an_object(entry).get("x"))) for entry in a_list(listing.get("keys")))
    return tuple(key for key in found if key is not None)


def _key(text: str) -> Ed25519PublicKey | None:
    try:
        return Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error):
        return None


def _fits(signed: Signed, key: Ed25519PublicKey) -> bool:
    try:
        key.verify(signed.signature, signed.message)
    except InvalidSignature:
        return False
    return True
