"""Tags of requests: https://fal.ai/docs/documentation/model-apis/request-tags.

The gateway never fails a request because of a tag: it drops what breaks a rule.
"""

import re
from collections.abc import Mapping

HEADER = "x-fal-tags"
MOST = 10
LONGEST_VALUE = 256
LONGEST = 1024
NAME = re.compile(r"[a-z0-9._-]{1,64}")


def tags_of(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the tags that are kept; names of headers are in lower case."""
    packed = headers.get(HEADER, "")
    if len(packed.encode()) > LONGEST:
        return {}
    pairs = [pair.partition("=") for pair in packed.split(",")[:MOST]]
    named = {name.strip(): value.strip() for name, equals, value in pairs if equals}
    return {name: value for name, value in named.items() if _is_kept(name, value)}


def _is_kept(name: str, value: str) -> bool:
    good = NAME.fullmatch(name) is not None and 0 < len(value) <= LONGEST_VALUE
    return good and not name.startswith("fal.")
