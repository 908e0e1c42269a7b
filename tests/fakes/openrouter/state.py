"""All that one running fake knows, and the keys under which a request carries its own part of it."""

from typing import Any

from aiohttp import web

from tests.fakes.openrouter.account import Account
from tests.fakes.openrouter.cache import Cache
from tests.fakes.openrouter.errors import refusal
from tests.fakes.openrouter.faults import Fault, Faults
from tests.fakes.openrouter.ledger import Call, Ledger
from tests.fakes.openrouter.profile import Profile
from tests.fakes.openrouter.script import Scripts
from tests.fakes.openrouter.validation import breaches


class Fake:
    """The gateway's memory."""

    def __init__(self, *, validate: bool, profile: Profile) -> None:
        self.profile = profile
        self.validates = validate
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.ledger = Ledger()
        self.cache = Cache()
        self.scripts = Scripts()
        self.faults = Faults()
        self.account = Account()
        self.violations: list[str] = []

    def check(self, operation: str, body: Any) -> None:
        """Check a request against our schema and the vendor's.

        Raises:
            ApiError: it breaks one of them.
        """
        found = breaches(operation, body, specified=self.profile.specified) if self.validates else []
        found += self.profile.undocumented(body)
        if found:
            raise refusal(400, "; ".join(found), violation=True)


FAKE = web.AppKey("fake", Fake)
CALL = web.RequestKey("call", Call)
BODY = web.RequestKey("body", dict[str, Any])
FAULT = web.RequestKey("fault", Fault)


def fault_of(request: web.Request, *actions: str) -> Fault | None:
    """Return the fault of a request where it is one of these actions."""
    fault = request.get(FAULT)
    return fault if fault is not None and fault.action in actions else None
