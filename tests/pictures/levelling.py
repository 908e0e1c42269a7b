"""What differs from one run to the next is made the same here, and nowhere else, before a payload is drawn.

People and channels get their names instead of ids that are counted up, and whatever a clock says is set to one moment:
how long a step took, when a budget starts anew, a code that was drawn by lot. Words, blocks, buttons, files and sums of
money stay as they were sent.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"

RULES: Sequence[tuple[re.Pattern[str], str]] = (
    (re.compile(r"(Done in )\d+(?:\.\d)? s"), r"\g<1>3.4 s"),
    (re.compile(r"(Stopped after )\d+(?:\.\d)? s"), r"\g<1>1.9 s"),
    (re.compile(r"(No answer was found)(?: · \d+\.\d s)?"), r"\g<1> · 0.7 s"),
    (re.compile(r"(Fetched the recording)(?: · \d+\.\d s)?"), r"\g<1> · 0.1 s"),
    (re.compile(r"(Converted the sound)(?: · \d+\.\d s)?"), r"\g<1> · 0.2 s"),
    (re.compile(r"(Wrote down what is said)(?: · \d+\.\d s)?"), r"\g<1> · 0.9 s"),
    (re.compile(r"(Thought about an answer)(?: · \d+\.\d s)?"), r"\g<1> · 1.3 s"),
    (re.compile(r"(Spoke the answer)(?: · \d+\.\d s)?"), r"\g<1> · 0.9 s"),
    (re.compile(r"(took )\d+\.\d s"), r"\g<1>0.9 s"),
    (re.compile(rf"\b\d{{1,2}} (?:{MONTHS})\b"), "22 November"),
    (re.compile(r"\b\d\d:\d\d(:\d\d)?(?= UTC)"), "09:00"),
    (re.compile(r"(in )\d+( minutes)"), r"\g<1>60\g<2>"),
    (re.compile(r"(listed )\d+ minutes?( ago)"), r"\g<1>5 minutes\g<2>"),
    (re.compile(r"\b\d{10}\.?\d{6}\b"), "1763802000000100"),
    (re.compile(r"(?<=p)\d{16}\b"), "1763802000000100"),
    (re.compile(r"(?<=\*\*)[A-HJ-NP-Z2-9]{8}(?=\*\*)|(?<=pair )[A-HJ-NP-Z2-9]{8}"), "MYNAH234"),
    (re.compile(r"http://127\.0\.0\.1:\d+"), "https://mynah.example.com"),
)
"""What is looked for, and what takes its place."""


def levelled(payload: Any, names: Mapping[str, str]) -> Any:
    """Return a payload with every text in it levelled.

    Args:
        payload: JSON, as a fake holds it.
        names: what people read in the place of an id.
    """
    return _mapped(payload, lambda text: _level(text, names))


def _level(text: str, names: Mapping[str, str]) -> str:
    for known, name in names.items():
        text = re.sub(rf"<[@#]!?{re.escape(known)}(?:\|[^>]*)?>", f"**{name}**", text)
        text = re.sub(rf"\b{re.escape(known)}\b", name.lstrip("@#"), text)
    for pattern, instead in RULES:
        text = pattern.sub(instead, text)
    return text


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {name: _mapped(inner, change) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_mapped(inner, change) for inner in value]
    return value
