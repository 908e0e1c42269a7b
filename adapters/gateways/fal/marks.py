"""Our mark of a call: it proves to us that a request at fal is this very call, and not another that is alike.

Anybody may say the same at the same time, and whoever has the key shares one history. So a call is never recognised by
what it says, but by a mark that nobody else can write: a digest of our own name of the call, under the key. It is

    in the address of the webhook          fal calls us there
    in the names of the files              they stand in the input, which fal's history tells
    a tag of the request                   it stands beside the charge, where fal reports tags for the account

Tags change nothing, and no model sees them: https://fal.ai/docs/documentation/model-apis/request-tags. What travels
inside of a request without a webhook and without tags that are reported carries no mark that anybody could look for.
"""

import hashlib
import hmac
from collections.abc import Mapping

TAG = "mynah-call"
"""The name of the tag."""


def mark_of(call: str, secret: str) -> str:
    """Return the mark of a call.

    Args:
        call: our own name of it.
        secret: known to nobody but us.

    Returns:
        32 hexadecimal digits; nothing for a call without a name.
    """
    return _digest(f"call:{call}", secret) if call else ""


def proof_of(call: str, secret: str) -> str:
    """Return what proves that we wrote a call's name into the address of a webhook; another text than the mark."""
    return _digest(f"webhook:{call}", secret)


def tagged(mark: str) -> Mapping[str, str]:
    """Return the headers that give a request its mark."""
    return {"X-Fal-Tags": f"{TAG}={mark}"} if mark else {}


def _digest(text: str, secret: str) -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()[:32]
