"""From where a channel's history is read after a time away. Pure: marks in, limits out.

Slack's times are texts of seconds and six decimals, all of one length, so they are compared as texts.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from adapters.slack.translate import Event

ROOTS_SECONDS = 24 * 3600
"""How old the root of a thread may be, before the mark of its channel, for its new replies to be found."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """What of one channel counts as missed."""

    marks: Mapping[str, str]
    """The last stored message of each known thread, by the thread; never empty."""
    oldest: str
    """What was said before this is too old to be answered."""

    @property
    def newest(self) -> str:
        """The mark of the whole channel: the last message that was stored in any of its threads."""
        return max(*self.marks.values(), self.oldest)

    @property
    def roots_from(self) -> str:
        """Where to begin to read the channel, so that also roots of threads with new replies are seen."""
        return shifted(self.newest, -ROOTS_SECONDS)

    def after(self, thread: str) -> str:
        """The time after which replies of a thread count as missed."""
        return max(self.marks.get(thread, self.newest), self.oldest)

    def is_missed(self, item: Event) -> bool:
        """Whether a message from the channel's history was missed."""
        return str(item["ts"]) > self.newest

    def has_missed_replies(self, root: Event) -> bool:
        """Whether a message from the channel's history is the root of a thread with replies that were missed."""
        return str(root.get("latest_reply") or "") > self.after(str(root["ts"]))

    def lively_threads(self) -> set[str]:
        """The known threads that were talked in lately and whose roots are too old to be seen."""
        begin = self.roots_from
        return {thread for thread, mark in self.marks.items() if thread and thread <= begin < mark}


def shifted(ts: str, seconds: float) -> str:
    """Return a time so many seconds later."""
    return f"{float(ts) + seconds:.6f}"
