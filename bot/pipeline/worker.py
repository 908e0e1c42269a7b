"""worker: claims jobs, keeps them alive, runs their turns side by side, and settles or retries them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import structlog

from bot.domain.channels import InDoubt
from bot.domain.errors import (
    BudgetExceeded,
    LeaseLost,
    ModelInDoubt,
    MynahError,
    PlatformProblem,
    PostRefused,
    StorageProblem,
)
from bot.domain.jobs import MAX_TRIES, Job, Lease, decide_retry
from bot.domain.messages import Errand, JobId
from bot.pipeline.afterwards import remove_surplus
from bot.pipeline.card import actions_after
from bot.pipeline.deliver import apologise, tell_alone
from bot.pipeline.house import House
from bot.pipeline.people import language_of
from bot.pipeline.retention import end_turn
from bot.pipeline.run import Run
from bot.pipeline.turn import open_run, take_turn
from bot.pipeline.warn import warn_admins
from bot.words import speaking, spoken

log = structlog.get_logger()

POLL_SECONDS = 1.0
"""The longest that a job waits when its bell was not heard."""

HEARTBEAT_SECONDS = 5.0
"""A third of the lease: two may fail before the jobs are taken over."""

WATCH_SECONDS = 0.5
"""How soon a turn notices that somebody stopped it, here or in another process."""

UNFORESEEN = "unexpected, see the log"

TRIES = {Errand.REMOVE: 20, Errand.PURGE: 20}
"""How often what must not be left undone is tried: for more than an hour."""


class _Unforeseen(MynahError):
    """What nobody foresaw befell a job where its author cannot be told of it: it may go better the next time."""

    transient = True


class Worker:
    """Runs the turns of this process until it is told to stop."""

    def __init__(self, house: House, *, turns: int, drain_seconds: float, only: str | None = None) -> None:
        """Prepare a worker.

        Args:
            house: the ports.
            turns: how many run side by side.
            drain_seconds: how long turns may go on after `stop`.
            only: the conversation (`Place.conversation`) whose turns it runs; None for any.
        """
        self._house = house
        self._turns = turns
        self._drain_seconds = drain_seconds
        self._only = only
        self._stopping = asyncio.Event()
        self._running: dict[asyncio.Task[None], Job] = {}
        self._turning: set[Run] = set()
        self._stopped: dict[JobId, Run] = {}
        """Turns that were stopped because something became of their message, until that is seen to."""
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
            watching = group.create_task(self._watch())
            claiming = group.create_task(self._claim(group))
            await self._stopping.wait()
            claiming.cancel()
            await self._drain()
            watching.cancel()
            beating.cancel()

    async def _beat(self) -> None:
        while True:
            try:
                await self._house.jobs.heartbeat()
                await self._hand_back()
            except StorageProblem:
                log.exception("heartbeat failed")
            await self._house.clock.sleep(HEARTBEAT_SECONDS)

    async def _watch(self) -> None:
        """Stop the turns of jobs that were cancelled, whoever did it."""
        while True:
            await self._house.clock.sleep(WATCH_SECONDS)
            turning = [run for run in self._turning if not run.stopped]
            try:
                held = await self._house.jobs.held() if turning else ()
            except StorageProblem as error:
                log.warning("leases not looked at", reason=str(error))
                continue
            for run in turning:
                if run in self._turning and run.job.lease not in held:
                    log.info("turn is to stop", job=run.job.id)
                    run.stop()

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
            return await self._house.jobs.claim(limit, self._house.platforms, only=self._only)
        except StorageProblem:
            log.exception("claim failed")
            return []

    def _start(self, group: asyncio.TaskGroup, job: Job) -> None:
        task = group.create_task(self._work(job), name=str(job.id))
        self._running[task] = job
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        self._ended.set()

    async def _drain(self) -> None:
        if self._running:
            log.info("draining", turns=len(self._running))
            _, late = await asyncio.wait(self._running, timeout=self._drain_seconds)
            for task in late:
                task.cancel()

    async def _work(self, job: Job) -> None:
        """Do one job under supervision: nothing that goes wrong in it reaches another, or ends the service."""
        structlog.contextvars.bind_contextvars(job=job.id)
        try:
            async with self._settling(job):
                await self._wait_for_earlier(job)
                run = await self._open(job)
                with speaking(await language_of(self._house, run.message.place, run.message.author)):
                    await self._take_turn(run)
        except asyncio.CancelledError:
            async with self._settling(job):
                await self._house.jobs.release(job.lease)
            raise
        except Exception:
            log.exception("job failed unexpectedly")
            async with self._settling(job):
                await self._settle_unforeseen(job)

    @asynccontextmanager
    async def _settling(self, job: Job) -> AsyncIterator[None]:
        """Let a job come to its end; when that cannot be stored, it is handed back as soon as it can be."""
        try:
            yield
        except LeaseLost as failure:
            log.info("job is somebody else's by now", reason=str(failure))
        except StorageProblem as failure:
            log.warning("job not settled yet", reason=str(failure))
            self._stranded.append(job.lease)

    async def _take_turn(self, run: Run) -> None:
        log.info("turn begins", tries=run.job.tries, together=len(run.job.gathered) + 1, language=spoken())
        try:
            async with self._watched(run):
                await take_turn(run)
            await self._end(run)
        except asyncio.CancelledError:
            if not run.is_stopped_alone():
                raise
            await self._settle(run, LeaseLost("somebody stopped it"))
        except MynahError as error:
            await self._settle(run, error)
        except Exception:
            log.exception("turn failed unexpectedly")
            await self._settle(run, MynahError(UNFORESEEN))

    async def _wait_for_earlier(self, job: Job) -> None:
        """Wait until the turn is over that was stopped because of this job: what it posts last must be found."""
        earlier = [
            task
            for task, other in self._running.items()
            if other.message.subject == job.message.subject and other.message.revision < job.message.revision
        ]
        if earlier:
            await asyncio.wait(earlier)

    @asynccontextmanager
    async def _watched(self, run: Run) -> AsyncIterator[None]:
        self._turning.add(run)
        try:
            yield
        finally:
            self._turning.remove(run)

    async def _open(self, job: Job) -> Run:
        run = await open_run(self._house, job)
        run.stopped_before = self._stopped.pop(job.message.subject, None)
        return run

    async def _end(self, run: Run) -> None:
        await self._house.jobs.finish(run.job.lease)
        await end_turn(self._house, run.job)
        log.info("turn done", tries=run.job.tries)

    async def _settle(self, run: Run, error: MynahError) -> None:
        """Retry, ask or bury."""
        if isinstance(error, ModelInDoubt):
            await self._settle_doubt(run, error)
        elif isinstance(error, LeaseLost):
            await self._leave(run)
        elif not await self._is_retried(run.job, error):
            await self._bury(run, error)

    async def _leave(self, run: Run) -> None:
        """Let go of a turn that somebody stopped; one that another process took over is none of our business."""
        job = await self._house.jobs.get(run.job.id)
        if job is not None and job.ended_at is not None:
            log.info("turn stopped")
            await end_turn(self._house, run.job)
            later = await self._house.jobs.of_message(run.message.subject)
            if later and later[-1].message.revision > run.message.revision:
                self._stopped[run.message.subject] = run
                while len(self._stopped) > self._turns:  # another process saw to the oldest
                    del self._stopped[next(iter(self._stopped))]

    async def _settle_doubt(self, run: Run, error: ModelInDoubt) -> None:
        config = (await self._house.channels.config(run.message.place)).config
        if config.in_doubt is InDoubt.ASK:
            await self._tell(run, error)
            await self._house.jobs.ask(run.job.lease, reason=str(error))
            log.warning("turn waits for a decision", reason=str(error))
        elif config.in_doubt is InDoubt.RETRY and run.job.tries < MAX_TRIES:
            await self._house.jobs.retry(run.job.lease, delay_seconds=1.0, reason=str(error))
        else:
            await self._bury(run, error)

    async def _settle_unforeseen(self, job: Job) -> None:
        """Retry as often as any, then bury without a word: to say one may be the very trouble."""
        error = _Unforeseen(UNFORESEEN)
        if not await self._is_retried(job, error):
            log.error("job given up", reason=str(error), tries=job.tries)
            await self._house.jobs.bury(job.lease, reason=str(error))
            try:
                await end_turn(self._house, job)
            except StorageProblem:
                raise
            except Exception:
                log.exception("turn not let go of")

    async def _is_retried(self, job: Job, error: MynahError) -> bool:
        decision = decide_retry(error, job.tries, most=TRIES.get(job.message.errand, MAX_TRIES))
        if decision.retry:
            log.warning("turn will be tried again", seconds=decision.delay_seconds, reason=str(error))
            await self._house.jobs.retry(job.lease, delay_seconds=decision.delay_seconds, reason=str(error))
        return decision.retry

    async def _bury(self, run: Run, error: MynahError) -> None:
        log.error("turn given up", reason=str(error), tries=run.job.tries)
        if run.message.errand is Errand.ANSWER:
            await self._tell(run, error)
            await remove_surplus(run)
        if isinstance(error, BudgetExceeded):
            await warn_admins(run)
        await self._house.jobs.bury(run.job.lease, reason=str(error))
        await end_turn(self._house, run.job)

    async def _tell(self, run: Run, problem: MynahError) -> None:
        try:
            await apologise(run, problem.sentence, await actions_after(run, problem))
        except PostRefused as error:
            log.warning("the author could not be told", reason=error.reason)
            await tell_alone(run, error)
        except PlatformProblem as error:
            log.warning("the author could not be told", reason=error.reason)
