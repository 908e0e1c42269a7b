"""How Discord says no: one table of error codes, one exception.

https://docs.discord.com/developers/topics/opcodes-and-status-codes#json
"""

from typing import Any

_TABLE: dict[int, tuple[int, str, bool]] = {
    # code: (HTTP status, message, whether only a faulty client gets here)
    10003: (404, "Unknown Channel", False),
    10004: (404, "Unknown Guild", False),
    10007: (404, "Unknown Member", False),
    10008: (404, "Unknown Message", False),
    10013: (404, "Unknown User", False),
    10014: (400, "Unknown Emoji", True),
    10015: (404, "Unknown Webhook", False),
    10062: (404, "Unknown interaction", False),
    10063: (404, "Unknown application command", False),
    30032: (400, "Maximum number of application commands reached", True),
    40005: (413, "Request entity too large", True),
    40060: (400, "Interaction has already been acknowledged.", False),
    40094: (400, "This interaction has reached its maximum number of follow up messages", False),
    50001: (403, "Missing Access", False),
    50003: (403, "Cannot execute action on a DM channel", True),
    50005: (403, "Cannot edit a message authored by another user", True),
    50006: (400, "Cannot send an empty message", True),
    50007: (403, "Cannot send messages to this user", False),
    50013: (403, "Missing Permissions", False),
    50021: (403, "Cannot execute action on a system message", True),
    50024: (400, "Cannot execute action on this channel type", True),
    50027: (401, "Invalid Webhook Token", False),
    50033: (400, "Invalid Recipient(s)", True),
    50035: (400, "Invalid Form Body", True),
    50083: (400, "Thread is archived", False),
    50109: (400, "The request body contains invalid JSON.", True),
    50146: (400, "Uploaded file not found.", True),
    50159: (400, "Voice messages do not support additional content.", True),
    50160: (400, "Voice messages must have a single audio attachment.", True),
    50161: (400, "Voice messages must have supporting metadata.", True),
    50162: (400, "Voice messages cannot be edited.", True),
    50173: (403, "You cannot send voice messages in this channel.", False),
    160002: (403, "Cannot reply without permission to read message history", False),
    160004: (400, "A thread has already been created for this message", False),
    160005: (403, "Thread is locked", False),
}


class Refusal(Exception):
    """A request that gets an error for an answer."""

    def __init__(self, status: int, code: int, message: str, *, detail: str = "", violation: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.detail = detail
        """More than Discord would say, for the list of violations."""
        self.violation = violation
        self.errors: dict[str, Any] | None = None

    def body(self) -> dict[str, Any]:
        """Return the answer's JSON."""
        body: dict[str, Any] = {"message": self.message, "code": self.code}
        return body if self.errors is None else {**body, "errors": self.errors}


def refusal(code: int, detail: str = "") -> Refusal:
    """Return the refusal with this error code."""
    status, message, violation = _TABLE[code]
    return Refusal(status, code, message, detail=detail, violation=violation)


def invalid_form(path: list[str | int], message: str, *, kind: str = "FAKE_INVALID", violation: bool = True) -> Refusal:
    """Return the refusal of a body: code 50035 with the nested `errors` that client libraries flatten.

    Args:
        path: where in the body, such as `["embeds", 0, "title"]`.
        message: what is wrong there.
        kind: Discord's name of the error, such as `BASE_TYPE_MAX_LENGTH`.
        violation: whether only a faulty client gets here.
    """
    answer = refusal(50035, f"{'.'.join(map(str, path)) or 'body'}: {message}")
    answer.violation = violation
    errors: dict[str, Any] = {"_errors": [{"code": kind, "message": message}]}
    for part in reversed(path):
        errors = {str(part): errors}
    answer.errors = errors
    return answer
