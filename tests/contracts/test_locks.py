"""What every implementation of `Locks` does."""

from tests.contracts.storage import Storage

ELSEWHERE = "process 1 on there"


async def test_one_process_has_a_right_until_it_is_over(storage: Storage):
    assert await storage.locks_elsewhere.take("socket", seconds=10) is None
    assert await storage.locks.take("socket", seconds=10) == ELSEWHERE
    storage.clock.advance(10)
    assert await storage.locks.take("socket", seconds=10) is None
    assert await storage.locks_elsewhere.take("socket", seconds=10) not in {None, ELSEWHERE}


async def test_who_has_a_right_keeps_it_by_taking_it_again(storage: Storage):
    await storage.locks_elsewhere.take("socket", seconds=10)
    storage.clock.advance(6)
    assert await storage.locks_elsewhere.take("socket", seconds=10) is None
    storage.clock.advance(6)
    assert await storage.locks.take("socket", seconds=10) == ELSEWHERE


async def test_a_right_is_given_back_by_who_has_it(storage: Storage):
    await storage.locks_elsewhere.take("socket", seconds=10)
    await storage.locks.release("socket")
    assert await storage.locks.take("socket", seconds=10) == ELSEWHERE
    await storage.locks_elsewhere.release("socket")
    assert await storage.locks.take("socket", seconds=10) is None


async def test_rights_of_other_names_are_others(storage: Storage):
    await storage.locks_elsewhere.take("socket", seconds=10)
    assert await storage.locks.take("shard", seconds=10) is None


async def test_a_dispute_is_told_as_long_as_it_lasts(storage: Storage):
    await storage.locks_elsewhere.take("socket", seconds=10)
    assert await storage.locks.disputes() == []
    await storage.locks.dispute("socket", "a stranger", seconds=5)
    await storage.locks.dispute("nobody has it", "a stranger", seconds=5)
    (dispute,) = await storage.locks.disputes()
    assert (dispute.name, dispute.holder, dispute.rival) == ("socket", ELSEWHERE, "a stranger")
    storage.clock.advance(5)
    assert await storage.locks.disputes() == []
