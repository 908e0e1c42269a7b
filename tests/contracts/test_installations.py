"""What every implementation of `Installations` does."""

from dataclasses import replace

from bot.domain.installations import Installation
from tests.contracts.storage import Storage

HOUR = 3_600_000


def installation(at: int, name: str = "T1", **about: object) -> Installation:
    known = Installation(
        id=name,
        name=f"The {name}",
        bot_user="UBOT",
        bot="B1",
        scopes=("chat:write", "files:read"),
        installed_by="U1",
        installed_at=at,
        token=f"xoxb-{name}",
    )
    return replace(known, **about)


def organisation(at: int) -> Installation:
    return installation(at, "E1", organisation="E1", org_wide=True)


async def test_a_workspace_finds_what_was_saved_for_it_and_no_other_does(storage: Storage):
    first = installation(storage.clock.now(), refresh_token="xoxe-1", expires_at=storage.clock.now() + HOUR)
    second = installation(storage.clock.now(), "T2", scopes=())
    await storage.installations.save(second)
    await storage.installations.save(first)
    elsewhere = storage.installations_elsewhere
    assert await elsewhere.find("T1") == first
    assert await elsewhere.find("T2") == second
    assert await elsewhere.find("T3") is None
    assert list(await elsewhere.all()) == [first, second]
    assert list(await elsewhere.workspaces()) == ["T1", "T2"]


async def test_a_new_installation_replaces_the_old_one(storage: Storage):
    old = installation(storage.clock.now(), refresh_token="xoxe-1", expires_at=1)
    new = installation(storage.clock.now() + 1, token="xoxb-new")
    await storage.installations.save(old)
    await storage.installations.save(new)
    assert await storage.installations.find("T1") == replace(new, version=1)


async def test_an_organisation_serves_the_workspaces_that_were_seen_until_they_have_their_own(storage: Storage):
    now, installations = storage.clock.now(), storage.installations
    await installations.save(organisation(now))
    assert list(await installations.workspaces()) == []
    await installations.serves("E1", "T1")
    await installations.serves("E1", "T2")
    await installations.serves("E2", "T3")
    assert await installations.find("T1") == organisation(now)
    assert await installations.find("T3") is None
    await installations.save(installation(now, "T4"))
    assert list(await installations.workspaces("E1")) == ["T1", "T2"]
    assert list(await installations.workspaces("T4")) == ["T4"]
    assert await installations.delete("T4", at=now)
    assert list(await installations.workspaces()) == ["T1", "T2"]
    await installations.save(installation(now, "T1", organisation="E1"))
    assert await installations.find("T1") == installation(now, "T1", organisation="E1")
    await installations.serves("E1", "T1")
    assert await installations.find("T1") == organisation(now)
    await installations.serves_no_more("T1")
    await installations.serves_no_more("T2")
    assert await installations.find("T1") == installation(now, "T1", organisation="E1")
    assert await installations.find("T2") is None
    assert list(await installations.workspaces()) == ["T1"]


async def test_only_one_may_renew_a_token_at_a_time(storage: Storage):
    here, there = storage.installations, storage.installations_elsewhere
    await here.save(known := installation(storage.clock.now()))
    assert await here.claim_renewal(known, seconds=30)
    assert not await there.claim_renewal(known, seconds=30)
    await here.release_renewal(known)
    assert await there.claim_renewal(known, seconds=30)
    storage.clock.advance(29.999)
    assert not await here.claim_renewal(known, seconds=30)
    storage.clock.advance(0.001)
    assert await here.claim_renewal(known, seconds=30)
    assert not await here.claim_renewal(installation(0, "T2"), seconds=30)


async def test_a_renewed_token_is_stored_once_and_ends_the_claim(storage: Storage):
    here, there, now = storage.installations, storage.installations_elsewhere, storage.clock.now()
    await here.save(known := installation(now, token="xoxe.xoxb-1", refresh_token="xoxe-1", expires_at=now))
    assert await here.claim_renewal(known, seconds=30)
    assert await here.renewed(replace(known, token="xoxe.xoxb-2", refresh_token="xoxe-2", expires_at=now + HOUR))
    assert not await here.renewed(replace(known, token="xoxe.xoxb-3", refresh_token="xoxe-3"))
    found = await there.find("T1")
    assert found == replace(
        known, token="xoxe.xoxb-2", refresh_token="xoxe-2", expires_at=now + HOUR, version=known.version + 1
    )
    assert not await there.claim_renewal(known, seconds=30), "the token that it knows was spent"
    assert await there.claim_renewal(found, seconds=30)


async def test_a_new_installation_is_not_overwritten_by_a_renewal_of_the_old_one(storage: Storage):
    here, now = storage.installations, storage.clock.now()
    await here.save(known := installation(now, refresh_token="xoxe-1", expires_at=now))
    assert await here.claim_renewal(known, seconds=30)
    await storage.installations_elsewhere.save(new := installation(now + 1, token="xoxb-new"))
    assert not await here.renewed(replace(known, token="xoxb-late"))
    assert await here.find("T1") == replace(new, version=1)


async def test_what_ended_is_forgotten_with_whom_it_served_but_not_what_was_made_later(storage: Storage):
    installations, now = storage.installations, storage.clock.now()
    await installations.save(organisation(now))
    await installations.serves("E1", "T1")
    assert not await installations.delete("E1", at=now - 1)
    assert await installations.find("T1") is not None
    assert await installations.delete("E1", at=now)
    assert not await installations.delete("E1", at=now)
    assert await installations.find("T1") is None
    assert list(await installations.workspaces()) == []


async def test_a_state_is_taken_once_and_in_time(storage: Storage):
    here, there = storage.installations, storage.installations_elsewhere
    first, second = await here.issue_state(seconds=600), await here.issue_state(seconds=600)
    assert first != second
    assert await there.take_state(first)
    assert not await here.take_state(first)
    storage.clock.advance(600)
    assert not await here.take_state(second)
    assert not await here.take_state("made up")


async def test_all_is_encrypted_anew_and_reads_as_before(storage: Storage):
    await storage.installations.save(known := installation(storage.clock.now()))
    assert await storage.installations_elsewhere.lock_anew() == 1
    assert await storage.installations.find("T1") == known
