"""What the model says: one `Script` answers one request; a `Rule` says which requests it answers.

Rules with `times` are used up in the order in which they were set; then the newest rule without `times` that
matches answers; then the default `Script()`, which says back what was in the request.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """How one request is answered."""

    text: str | None = None
    """The answer (chat), the transcript (transcriptions); None says back what the request held."""
    reasoning: str = ""
    """Reasoning that comes, and is paid, before the text."""
    empty: bool = False
    """All tokens go to reasoning: `content` is null."""
    ttft_s: float = 0
    """Seconds until the first token, with keep-alive comments meanwhile."""
    tokens_per_second: float = 0
    """Pace of the tokens; 0 sends everything at once."""
    keepalive_s: float = 1
    """Seconds between two `: OPENROUTER PROCESSING` comments."""
    cost_usd: float | None = None
    """What the call costs; None computes it from tokens and the catalogue's prices."""
    finish_reason: str = "stop"
    """Finish reason of a complete answer."""
    audio: str | None = None
    """Base64 of the spoken bytes (pcm16 for chat); None makes a tone as long as the text would take."""
    audio_chunk_bytes: int = 19_200
    """Bytes in one audio delta; a size that is no multiple of three pads every piece."""
    raw_unicode: bool = False
    """JSON is not ASCII-escaped, so that U+2028 and the like travel raw."""
    split_utf8: bool = False
    """Each event with a character of several bytes travels in two TCP segments, cut inside it (implies raw)."""
    blank_data: bool = False
    """An empty `data:` line comes between the events, as some intermediaries send."""
    ignores_limit: bool = False
    """The model goes on past `max_tokens`."""
    finish_after_disconnect: bool | None = None
    """Whether a call whose client has gone runs to its end and is cached; None: yes, unless it streams."""

    @property
    def escapes(self) -> bool:
        """Whether JSON is written in ASCII."""
        return not (self.raw_unicode or self.split_utf8)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A script and the requests that it answers."""

    script: Script
    """The answer."""
    model: str = "*"
    """Pattern of the model's id."""
    containing: str = ""
    """Text that the last user message (or the speech's input) must hold."""
    times: int | None = None
    """How many requests it answers; None: every one."""


DEFAULT = Script()


class Scripts:
    """The rules in force."""

    def __init__(self) -> None:
        self._limited: list[tuple[Rule, list[int]]] = []
        self._lasting: list[Rule] = []

    def add(self, rule: Rule) -> None:
        """Put a rule in force."""
        if rule.times is None:
            self._lasting.insert(0, rule)
        else:
            self._limited.append((rule, [rule.times]))

    def choose(self, model: str, text: str) -> Script:
        """Return the script for a request, using up a limited rule."""
        for entry in self._limited:
            rule, left = entry
            if matches(rule, model, text):
                left[0] -= 1
                if left[0] <= 0:
                    self._limited.remove(entry)
                return rule.script
        return next((rule.script for rule in self._lasting if matches(rule, model, text)), DEFAULT)


def matches(rule: Rule, model: str, text: str) -> bool:
    """Whether the rule is for this request."""
    return fnmatchcase(model, rule.model) and rule.containing in text
