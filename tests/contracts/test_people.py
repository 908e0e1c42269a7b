"""What every implementation of `People` and `Pairings` does."""

from bot.domain.messages import JobId
from bot.domain.pairing import CODE_LENGTH, CODE_MS, LETTERS, MOST_WAITING
from bot.domain.people import Person, Voice, Wish
from tests.contracts.storage import Storage

ADA, GRACE = "slack:T1:@U1", "slack:T1:@U2"
FIRST, SECOND = JobId("slack:T1:D1:1"), JobId("slack:T1:D1:2")


async def test_nothing_is_known_of_a_stranger(storage: Storage):
    assert await storage.people.known(ADA) == Person()
    assert not Person().wishes


async def test_a_wish_leaves_the_others_as_they_are(storage: Storage):
    await storage.people.wish(ADA, Wish(voice=Voice.OFF))
    await storage.people.wish(ADA, Wish(language="de"))
    assert await storage.people.known(ADA) == Person(voice=Voice.OFF, language="de")
    await storage.people.wish(ADA, Wish(language=""))
    assert await storage.people.known(ADA) == Person(voice=Voice.OFF)
    assert await storage.people.known(GRACE) == Person()


async def test_the_locale_is_the_one_that_was_told_last(storage: Storage):
    await storage.people.met(ADA, "de-DE")
    storage.clock.advance(5)
    await storage.people.met(ADA, "pt-BR")
    await storage.people.wish(ADA, Wish(voice=Voice.ON))
    known = await storage.people.known(ADA)
    assert known == Person(voice=Voice.ON, locale="pt-BR", locale_at=storage.clock.now())


async def test_a_person_is_forgotten(storage: Storage):
    await storage.people.wish(ADA, Wish(voice=Voice.ON))
    assert await storage.people.erase(ADA) is True
    assert await storage.people.known(ADA) == Person()
    assert await storage.people.erase(ADA) is False


async def test_a_stranger_gets_a_code_once(storage: Storage):
    code = await storage.pairings.knock(ADA, FIRST)
    assert len(code) == CODE_LENGTH
    assert set(code) <= set(LETTERS)
    assert await storage.pairings.knock(ADA, SECOND) == ""
    assert await storage.pairings.knock(ADA, FIRST) == code, "the same message was delivered again"
    asked = await storage.pairings.asked(code)
    assert asked
    assert (asked.person, asked.workspace, asked.paired_at) == (ADA, "slack:T1", None)
    assert await storage.pairings.asked("") is None
    assert await storage.pairings.asked("NOSUCHCODE") is None
    assert await storage.pairings.is_paired(ADA) is False


async def test_who_is_let_in_needs_no_code_any_more(storage: Storage):
    code = await storage.pairings.knock(ADA, FIRST)
    assert await storage.pairings.let_in(ADA, by="U9") is True
    assert await storage.pairings.is_paired(ADA) is True
    assert await storage.pairings.let_in(ADA, by="U9") is False
    assert await storage.pairings.asked(code) is None
    assert await storage.pairings.knock(ADA, FIRST) == ""
    storage.clock.advance(2 * CODE_MS / 1000)
    (paired,) = await storage.pairings.all()
    assert (paired.person, paired.code, paired.paired_by) == (ADA, "", "U9")
    assert await storage.pairings.is_paired(ADA) is True


async def test_a_code_is_over_after_an_hour(storage: Storage):
    code = await storage.pairings.knock(ADA, FIRST)
    storage.clock.advance(CODE_MS / 1000)
    assert await storage.pairings.asked(code) is None
    assert await storage.pairings.let_in(ADA, by="U9") is False
    assert list(await storage.pairings.all()) == []
    assert await storage.pairings.revoke(ADA) is False
    assert await storage.pairings.knock(ADA, SECOND) not in {"", code}


async def test_only_some_wait_at_once_in_a_workspace(storage: Storage):
    codes = [await storage.pairings.knock(f"slack:T1:@{number}", FIRST) for number in range(MOST_WAITING)]
    assert len(set(codes) - {""}) == MOST_WAITING
    assert await storage.pairings.knock(ADA, FIRST) == ""
    assert await storage.pairings.knock("slack:T2:@U1", FIRST)
    await storage.pairings.let_in("slack:T1:@0", by="U9")
    assert await storage.pairings.knock(ADA, FIRST), "one of them waits no more"


async def test_who_was_let_in_can_be_sent_away(storage: Storage):
    await storage.pairings.knock(ADA, FIRST)
    await storage.pairings.let_in(ADA, by="U9")
    assert await storage.pairings.revoke(ADA) is True
    assert await storage.pairings.is_paired(ADA) is False
    assert await storage.pairings.revoke(ADA) is False
    assert await storage.pairings.knock(ADA, SECOND)


async def test_a_whole_workspace_is_forgotten(storage: Storage):
    for person in (ADA, GRACE, "slack:T11:@U1", "slack::@U1"):
        await storage.people.wish(person, Wish(voice=Voice.ON))
        await storage.pairings.knock(person, FIRST)
    assert await storage.people.erase("slack:T1") is True
    assert await storage.pairings.revoke("slack:T1") is True
    assert [each.person for each in await storage.pairings.all()] == ["slack::@U1", "slack:T11:@U1"]
    assert not (await storage.people.known(GRACE)).wishes
    assert (await storage.people.known("slack:T11:@U1")).wishes
    assert (await storage.people.known("slack::@U1")).wishes
