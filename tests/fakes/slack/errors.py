"""A refusal by the Web API, with Slack's own name for it."""

from typing import Any


class SlackError(Exception):
    """The call is answered `{"ok": false, "error": name, ...}`; see the Errors table of each method's page."""

    def __init__(self, name: str, **extra: Any) -> None:
        super().__init__(name)
        self.name = name
        self.extra = extra
        """More fields of the answer, such as `needed` beside `missing_scope`."""
