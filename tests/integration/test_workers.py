import asyncio
import os
import signal
import sys
import time
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from adapters.workers.pool import WorkerCrashed, WorkerError, WorkerPool, WorkerTimeout
from bot.words import say, speaking, teaching
from tests.doubles.catalogue import MARKED, Marks

MODULE = "tests.integration.worker_module"
ROOT = Path(__file__).resolve().parents[2]


def pool(size: int = 1, **options: Any) -> WorkerPool:
    return WorkerPool(MODULE, size=size, **options)


async def pid_of(workers: WorkerPool) -> int:
    answer: Any = await workers.call("echo", {"value": None}, timeout=10)
    return answer["pid"]


def ended(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z"


async def gone(pid: int) -> bool:
    """Whether a process has ended, or does so within two seconds."""
    for _ in range(200):
        if ended(pid):
            return True
        await asyncio.sleep(0.01)
    return False


async def test_runs_a_handler_in_another_process_that_was_set_up_once() -> None:
    async with pool(arguments={"voice": "joe"}) as workers:
        answer: Any = await workers.call("echo", {"value": ["é", 1.5, None]}, timeout=10)
        assert answer == {"pid": answer["pid"], "got": ["é", 1.5, None], "setup": {"voice": "joe"}}
        assert answer["pid"] != os.getpid()
        assert await pid_of(workers) == answer["pid"]
        assert workers.pids == {answer["pid"]}


async def test_yields_values_while_the_handler_still_works() -> None:
    async with pool() as workers:
        await workers.warm()
        stamps = [time.monotonic() async for _ in workers.stream("count", {"to": 3, "pause": 0.1}, timeout=10)]
        assert stamps[-1] - stamps[0] > 0.15


async def test_yields_more_bytes_than_a_pipe_holds() -> None:
    async with pool() as workers:
        values = [value async for value in workers.stream("blob", {"size": 8_000_000}, timeout=10)]
    assert [type(value) for value in values] == [bytes, bytes]
    assert isinstance(values[0], bytes)
    assert len(values[0]) == 8_000_000
    assert values[1] == b"view"


async def test_a_handler_that_yields_nothing_returns_none() -> None:
    async with pool() as workers:
        assert await workers.call("nothing", {}, timeout=10) is None


async def test_an_exception_is_reported_and_the_process_goes_on() -> None:
    async with pool() as workers:
        before = await pid_of(workers)
        with pytest.raises(WorkerError) as caught:
            await workers.call("fail", {"key": "tone"}, timeout=10)
        assert (caught.value.kind, caught.value.message) == ("KeyError", "'tone'")
        assert await pid_of(workers) == before


async def test_a_phrase_is_a_phrase_again_and_can_be_said_in_any_language() -> None:
    async with pool() as workers:
        with pytest.raises(WorkerError) as caught:
            await workers.call("refuse", {"amount": 5}, timeout=10)
    assert caught.value.message == "5 left"
    with teaching(MARKED, Marks()), speaking(MARKED):
        assert say(caught.value.message) == "5⟦ left⟧"


async def test_an_unknown_handler_is_an_error_of_that_call_alone() -> None:
    async with pool() as workers:
        with pytest.raises(WorkerError, match="KeyError"):
            await workers.call("dance", {}, timeout=10)
        assert await pid_of(workers)


async def test_a_crash_fails_one_call_and_the_next_gets_a_new_process() -> None:
    async with pool() as workers:
        before = await pid_of(workers)
        with pytest.raises(WorkerCrashed, match=r"SIGSEGV: Fatal Python error"):
            await workers.call("segfault", {}, timeout=10)
        assert await pid_of(workers) != before


async def test_a_crash_says_how_it_ended_and_what_was_printed_last() -> None:
    async with pool() as workers:
        with pytest.raises(WorkerCrashed, match=r"ended with status 3: the engine gave up"):
            await workers.call("leave", {"status": 3}, timeout=10)


async def test_a_crash_does_not_disturb_the_calls_beside_it() -> None:
    async with pool(size=2) as workers:

        async def crash() -> None:
            with pytest.raises(WorkerCrashed):
                await workers.call("segfault", {}, timeout=10)

        async with asyncio.TaskGroup() as group:
            counted = [group.create_task(workers.call("count", {"to": 5, "pause": 0.02}, timeout=10)) for _ in "abcd"]
            group.create_task(crash())
        assert [task.result() for task in counted] == [4] * 4


async def test_a_process_that_died_between_calls_is_replaced() -> None:
    async with pool() as workers:
        before = await pid_of(workers)
        os.kill(before, signal.SIGKILL)
        assert await gone(before)
        await asyncio.sleep(0.1)
        assert await pid_of(workers) != before


async def test_a_call_past_its_time_is_killed_with_the_programs_it_started() -> None:
    async with pool() as workers:
        await workers.warm()
        values = workers.stream("sleep", {"seconds": 30}, timeout=0.5)
        seen: Any = await anext(values)
        began = time.monotonic()
        with pytest.raises(WorkerTimeout, match=r"0\.5 s"):
            await anext(values)
        assert time.monotonic() - began < 5
        assert await gone(seen["pid"])
        assert await gone(seen["child"])
        assert await pid_of(workers) != seen["pid"]


async def test_the_time_of_the_caller_between_two_values_does_not_count() -> None:
    async with pool() as workers:
        await workers.warm()
        async for _ in workers.stream("count", {"to": 4}, timeout=0.3):
            await asyncio.sleep(0.15)


async def test_leaving_early_kills_the_work_and_frees_the_slot() -> None:
    async with pool() as workers:
        async with aclosing(workers.stream("sleep", {"seconds": 30}, timeout=60)) as values:
            seen: Any = await anext(values)
        assert await gone(seen["pid"])
        assert await gone(seen["child"])
        assert await pid_of(workers) != seen["pid"]


async def test_a_cancelled_call_never_blocks_a_slot() -> None:
    async with pool() as workers:
        before = await pid_of(workers)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await workers.call("sleep", {"seconds": 30}, timeout=60)
        assert await gone(before)
        assert await pid_of(workers) != before


async def test_more_calls_than_processes_wait_their_turn() -> None:
    async with pool(size=2) as workers:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(pid_of(workers)) for _ in range(8)]
        assert len({task.result() for task in tasks}) <= 2


async def test_a_process_that_grew_too_large_is_replaced_after_its_call() -> None:
    async with pool(max_rss_bytes=120_000_000) as workers:
        before = await workers.call("hold", {"bytes": 1_000_000}, timeout=10)
        assert await workers.call("hold", {"bytes": 150_000_000}, timeout=10) == before
        assert await pid_of(workers) != before


async def test_the_memory_limit_ends_the_process_not_the_machine() -> None:
    async with pool(memory_limit_bytes=600_000_000) as workers:
        assert await workers.call("hold", {"bytes": 10_000_000}, timeout=10)
        with pytest.raises(WorkerCrashed, match="out of memory"):
            await workers.call("hold", {"bytes": 2_000_000_000}, timeout=10)
        assert await pid_of(workers)


async def test_an_idle_process_ends_after_a_while() -> None:
    async with pool(idle_seconds=0.2) as workers:
        before = await pid_of(workers)
        assert await pid_of(workers) == before
        assert await gone(before)
        await asyncio.sleep(0.1)
        assert workers.pids == frozenset()
        assert await pid_of(workers) != before


async def test_warming_starts_all_processes_once() -> None:
    async with pool(size=2) as workers:
        await workers.warm()
        started = workers.pids
        assert len(started) == 2
        await workers.warm()
        assert await pid_of(workers) in started
        assert workers.pids == started


async def test_a_failing_setup_is_reported_and_leaves_no_process() -> None:
    async with pool(size=2, arguments={"fail": True}) as workers:
        with pytest.raises(WorkerError, match="no such model"):
            await workers.call("echo", {"value": 1}, timeout=10)
        with pytest.raises(WorkerError, match="no such model"):
            await workers.warm()
    assert workers.pids == frozenset()


async def test_prints_and_reads_of_libraries_do_not_touch_the_frames() -> None:
    async with pool() as workers:
        assert await workers.call("chatter", {}, timeout=10) == ""


async def test_a_worker_does_not_see_the_secrets_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-secret")
    async with pool() as workers:
        names: Any = await workers.call("environment", {}, timeout=10)
    assert "SLACK_BOT_TOKEN" not in names
    assert "PATH" in names


async def test_leaving_the_pool_ends_idle_and_busy_processes() -> None:
    async with pool(size=2) as workers:
        idle = await pid_of(workers)
        busy = workers.stream("sleep", {"seconds": 30}, timeout=60)
        seen: Any = await anext(busy)
        await workers.warm()
        pids = workers.pids
    assert idle == seen["pid"]
    for pid in (*pids, seen["child"]):
        assert await gone(pid)
    await busy.aclose()


_PARENT = f"""
import asyncio
from adapters.workers.pool import WorkerPool
async def main():
    async with WorkerPool("{MODULE}", size=1) as workers:
        async for value in workers.stream("sleep", {{"seconds": 60}}, timeout=60):
            print(value["pid"], flush=True)
asyncio.run(main())
"""


async def test_a_worker_dies_with_its_parent() -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _PARENT, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    worker = int(await parent.stdout.readline())
    parent.kill()
    await parent.wait()
    assert await gone(worker)
