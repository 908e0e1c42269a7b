"""What every implementation of `Audit` does."""

from bot.domain.budgets import Period
from bot.domain.money import Nanodollars
from bot.domain.records import Change
from tests.contracts.samples import PLACE
from tests.contracts.storage import Storage

WORKSPACE, CHANNEL, THREAD = PLACE.scopes


async def test_settings_and_budgets_say_who_changed_what_the_newest_first(storage: Storage):
    start = storage.clock.now()
    await storage.channels.set(CHANNEL, "reply", "voice", by="U1")
    storage.clock.advance(1)
    await storage.channels.set(CHANNEL, "reply", "both", by="U2")
    await storage.channels.unset(CHANNEL, "reply", by="U3")
    await storage.channels.unset(CHANNEL, "reply", by="U4")
    await storage.ledger.set_budget("service", Period.DAY, Nanodollars(5), by="U5")
    await storage.ledger.set_budget("service", Period.DAY, None, by="U6")
    await storage.ledger.set_budget("service", Period.DAY, None, by="U7")
    await storage.audit.note(f"{WORKSPACE}:@U1", "forget", "2 messages", by="U1")

    def change(by: str, name: str, old: str | None, new: str | None, scope: str = CHANNEL, at: int = 1000) -> Change:
        return Change(at=start + at, by=by, scope=scope, name=name, old=old, new=new)

    assert await storage.audit.newest(9) == [
        change("U1", "forget", None, "2 messages", f"{WORKSPACE}:@U1"),
        change("U6", "budget a day", "5", None, "service"),
        change("U5", "budget a day", None, "5", "service"),
        change("U3", "reply", "both", None),
        change("U2", "reply", "voice", "both"),
        change("U1", "reply", None, "voice", at=0),
    ]
    assert [one.by for one in await storage.audit.newest(2)] == ["U1", "U6"]


async def test_what_is_called_alike_is_found_among_whatever_else_was_changed(storage: Storage):
    for person in ("U1", "U2"):
        await storage.audit.note(f"{WORKSPACE}:@{person}", "forget", "2 messages", by=person)
        await storage.channels.set(CHANNEL, "reply", "voice" if person == "U1" else "both", by=person)
    assert [one.by for one in await storage.audit.newest(9, name="forget")] == ["U2", "U1"]
    assert [one.by for one in await storage.audit.newest(1, name="forget")] == ["U2"]
    assert [one.by for one in await storage.audit.newest(1, f"{WORKSPACE}:@U1", name="forget")] == ["U1"]
    assert await storage.audit.newest(9, CHANNEL, name="forget") == []


async def test_a_scope_has_what_is_below_it(storage: Storage):
    for number, scope in enumerate((WORKSPACE, CHANNEL, THREAD, f"{CHANNEL}2", f"{WORKSPACE}_")):
        await storage.channels.set(scope, "reply", "voice", by=str(number))
    assert [one.by for one in await storage.audit.newest(9, CHANNEL)] == ["2", "1"]
    assert [one.by for one in await storage.audit.newest(9, WORKSPACE)] == ["3", "2", "1", "0"]
    assert await storage.audit.newest(9, "slack:T") == []
