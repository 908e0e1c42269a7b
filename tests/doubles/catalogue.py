"""A made-up language, in which each sentence stands between marks and its blanks outside of them."""

import re
from collections.abc import Collection
from gettext import NullTranslations

from typing_extensions import override

MARKED = "qps"
"""Its code, which is left to private use for such."""

_BLANK = re.compile(r"(\{\w+\})")


class Marks(NullTranslations):
    """Says things with ⟦ and ⟧ around them.

    Args:
        known: what it can say, everything else it leaves as it is; None for all.
    """

    def __init__(self, known: Collection[str] | None = None) -> None:
        super().__init__()
        self._known = known

    @override
    def gettext(self, message: str) -> str:
        return marked(message) if self._known is None or message in self._known else message

    @override
    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


def marked(text: str) -> str:
    """Return a sentence as it is said in the made-up language."""
    apart = _BLANK.sub(r"⟧\1⟦", text)
    return f"⟦{apart}⟧".replace("⟦⟧", "")
