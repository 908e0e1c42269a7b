"""worker: claims jobs, keeps them alive, runs their turns side by side, and settles or retries them."""

import asyncio
from collections.abc import Sequence

import structlog

from bot.domain.channels import InDoubt
from bot.domain.errors import BudgetExceeded, LeaseLost, ModelInDoubt, MynahError, PlatformProblem, StorageProblem
from bot.domain.jobs import MAX_TRIES, Job, Lease, decide_retry
from bot.pipeline.deliver import apologise
from bot.pipeline.house import House
from bot.pipeline.retention import end_turn
from bot.pipeline.run import Run
from bot.pipeline.turn import open_run, take_turn
from bot.pipeline.warn import warn_admins

log = structlog.get_logger()

POLL_SECONDS = 1.0
"""The longest that a job waits when its bell was not heard."""

HEARTBEAT_SECONDS = 5.0
"""A third of the lease: two may fail before the jobs are taken over."""


class Worker:
    """Runs the turns of this process until it is told to stop."""

    def __init__(self, house: House, *, turns: int, drain_seconds: float) -> None:
        """Prepare a worker.

        Args:
            house: the ports.
            turns: how many run side by side.
            drain_seconds: how long turns may go on after `stop`.
        """
        self._house = house
        self._turns = turns
        self._drain_seconds = drain_seconds
        self._stopping = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self._ended = asyncio.Event()
        self._stranded: list[Lease] = []
        """Of jobs that nobody works on, and that could not be handed back yet."""

    def stop(self) -> None:
        """Claim nothing more; `run` returns when the running turns are over, or handed back."""
        self._stopping.set()

    async def run(self) -> None:
        """Work until stopped."""
        async with asyncio.TaskGroup() as group:
            beating = group.create_task(self._beat())
            claiming = group.create_task(self._claim(group))
            await self._stopping.wait()
            claiming.cancel()
            await self._drain()
            beating.cancel()

    async def _beat(self) -> None:
        while True:
            try:
                await self._house.jobs.heartbeat()
                await self._hand_back()
            except StorageProblem:
                log.exception("heartbeat failed")
            await self._house.clock.sleep(HEARTBEAT_SECONDS)

    async def _hand_back(self) -> None:
        """Hand back what could not be settled: while this process lives, nobody else would take it up."""
        for lease in tuple(self._stranded):
            try:
                await self._house.jobs.release(lease)
            except LeaseLost:
                log.info("job is somebody else's by now", job=lease.job)
            self._stranded.remove(lease)

    async def _claim(self, group: asyncio.TaskGroup) -> None:
        while True:
            free = await self._room()
            jobs = await self._claimed(free)
            for job in jobs:
                self._start(group, job)
            if len(jobs) < free:  # else more may be waiting
                await self._house.jobs.wait(POLL_SECONDS)

    async def _room(self) -> int:
        """Return how many more turns may run, as soon as one may."""
        while len(self._running) >= self._turns:
            self._ended.clear()
            await self._ended.wait()
        return self._turns - len(self._running)

    async def _claimed(self, limit: int) -> Sequence[Job]:
        try:
            return await self._house.jobs.claim(limit, self._house.platforms)
        except StorageProblem:
            log.exception("claim failed")
            return []

    def _start(self, group: asyncio.TaskGroup, job: Job) -> None:
        task = group.create_task(self._work(job), name=str(job.id))
        self._running.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._ended.set()

    async def _drain(self) -> None:
        if self._running:
            log.info("draining", turns=len(self._running))
            _, late = await asyncio.wait(self._running, timeout=self._drain_seconds)
            for task in late:
                task.cancel()

    async def _work(self, job: Job) -> None:
        """Run one job under supervision: nothing that goes wrong in it reaches another."""
        structlog.contextvars.bind_contextvars(job=job.id)
        run = await self._open(job)
        if run is None:
            return
        log.info("turn begins", tries=job.tries)
        try:
            await take_turn(run)
            await self._end(run)
        except asyncio.CancelledError:
            await self._release(run)
            raise
        except MynahError as error:
            await self._settle(run, error)
        except Exception:
            log.exception("turn failed unexpectedly")
            await self._settle(run, MynahError("unexpected, see the log"))

    async def _open(self, job: Job) -> Run | None:
        try:
            return await open_run(self._house, job)
        except StorageProblem:
            log.exception("job not opened")
            self._stranded.append(job.lease)
            return None

    async def _end(self, run: Run) -> None:
        await self._house.jobs.finish(run.job.lease)
        await end_turn(self._house, run.job)
        log.info("turn done", tries=run.job.tries)

    async def _release(self, run: Run) -> None:
        try:
            await self._house.jobs.release(run.job.lease)
        except LeaseLost as failure:  # it was over already
            log.info("job not handed back", reason=str(failure))
        except StorageProblem as failure:
            log.warning("job not handed back yet", reason=str(failure))
            self._stranded.append(run.job.lease)

    async def _settle(self, run: Run, error: MynahError) -> None:
        """Retry, ask or bury; when that cannot even be stored, the job is handed back as soon as it can be."""
        try:
            if isinstance(error, ModelInDoubt):
                await self._settle_doubt(run, error)
            elif isinstance(error, LeaseLost):
                await self._leave(run)
            else:
                await self._retry_or_bury(run, error)
        except LeaseLost as failure:
            log.info("job is somebody else's by now", reason=str(failure))
        except StorageProblem as failure:
            log.warning("job not settled yet", reason=str(failure))
            self._stranded.append(run.job.lease)

    async def _leave(self, run: Run) -> None:
        """Let go of a turn that somebody stopped; one that another process took over is none of our business."""
        job = await self._house.jobs.get(run.job.id)
        if job is not None and job.ended_at is not None:
            log.info("turn stopped")
            await end_turn(self._house, run.job)

    async def _settle_doubt(self, run: Run, error: ModelInDoubt) -> None:
        config = (await self._house.channels.config(run.message.place)).config
        if config.in_doubt is InDoubt.ASK:
            await self._tell(run, error.sentence)
            await self._house.jobs.ask(run.job.lease, reason=str(error))
            log.warning("turn waits for a decision", reason=str(error))
        elif config.in_doubt is InDoubt.RETRY and run.job.tries < MAX_TRIES:
            await self._house.jobs.retry(run.job.lease, delay_seconds=1.0, reason=str(error))
        else:
            await self._bury(run, error)

    async def _retry_or_bury(self, run: Run, error: MynahError) -> None:
        decision = decide_retry(error, run.job.tries)
        if decision.retry:
            log.warning("turn will be tried again", seconds=decision.delay_seconds, reason=str(error))
            await self._house.jobs.retry(run.job.lease, delay_seconds=decision.delay_seconds, reason=str(error))
        else:
            await self._bury(run, error)

    async def _bury(self, run: Run, error: MynahError) -> None:
        log.error("turn given up", reason=str(error), tries=run.job.tries)
        await self._tell(run, error.sentence)
        if isinstance(error, BudgetExceeded):
            await warn_admins(run)
        await self._house.jobs.bury(run.job.lease, reason=str(error))
        await end_turn(self._house, run.job)

    async def _tell(self, run: Run, sentence: str) -> None:
        try:
            await apologise(run, sentence)
        except PlatformProblem as error:
            log.warning("the author could not be told", reason=error.reason)
