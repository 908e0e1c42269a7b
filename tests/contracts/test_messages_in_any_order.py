"""Whatever people do to their messages while two processes answer them: each is answered once, as it reads last, or is gone."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from bot.domain.jobs import Job, JobStatus
from bot.domain.messages import Action, Addressed, Author, Errand, JobId, Message
from bot.pipeline.house import House
from bot.pipeline.intake import StoredIntake
from bot.ports import Jobs
from tests.contracts.samples import PLACE, PLATFORMS, message
from tests.contracts.storage import Storage, in_memory, in_sqlite
from tests.contracts.test_jobs_in_any_order import QUICK_DISK
from tests.doubles.house import LIMITS
from tests.doubles.media import MemoryMedia
from tests.doubles.platform import MemoryPlatform

PEOPLE = st.sampled_from(["U1", "U1", "U2"])
LANES = st.sampled_from(["", "", "7", "8"])
PROCESSES = st.integers(0, 1)
PICKS = st.integers(0, 1000)
DRAFT = "post:text:0"
OVER = {JobStatus.DONE, JobStatus.FAILED, JobStatus.CANCELLED}

Covered = frozenset[tuple[JobId, str]]
"""Messages with the words that they had."""


@dataclass(eq=False, kw_only=True)
class Said:
    """A message, as it should be."""

    message: Message
    gone: bool = False
    """Whether it was deleted."""
    given_up: bool = False
    """Whether it needs no answer: somebody stopped it, or it was buried."""
    answered: str = ""
    """The words that were answered last."""


class Interrupted:
    """The jobs of a process to which another one does something between what it reads and what it writes."""

    def __init__(self, jobs: Jobs, happens: Callable[[], Awaitable[None]]) -> None:
        self._jobs = jobs
        self._happens: Callable[[], Awaitable[None]] | None = happens

    def __getattr__(self, name: str) -> Any:
        return getattr(self._jobs, name)

    async def of_message(self, subject: JobId) -> list[Job]:
        found = list(await self._jobs.of_message(subject))
        happens, self._happens = self._happens, None
        if happens is not None:
            await happens()
        return found


class MessagesInAnyOrder(RuleBasedStateMachine):
    """Two people speak in two threads and at the top of a channel; they edit, delete, stop and press; processes die."""

    open_storage: Callable[[Path], AbstractAsyncContextManager[Storage]]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        folder = self.stack.enter_context(tempfile.TemporaryDirectory(dir=QUICK_DISK))
        self.storage = self.runner.run(self.stack.enter_async_context(type(self).open_storage(Path(folder))))
        self.processes = (self.storage.jobs, self.storage.rival)
        self.count = 0
        self.said: dict[JobId, Said] = {}
        self.held: tuple[dict[JobId, Job], dict[JobId, Job]] = ({}, {})
        self.shown: dict[JobId, Covered] = {}
        """What the replies that stand there answer, by the message that they stand under."""

    def teardown(self) -> None:
        try:
            self.runner.run(self.work_off())
        finally:
            self.runner.run(self.stack.aclose())
            self.runner.close()

    def intake(self, process: int, happens: Callable[[], Awaitable[None]] | None = None) -> StoredIntake:
        platform, jobs, storage = MemoryPlatform(name="slack"), self.processes[process], self.storage
        return StoredIntake(
            House(
                clock=storage.clock,
                jobs=cast("Jobs", Interrupted(jobs, happens)) if happens else jobs,
                journal=storage.journal,
                ledger=storage.ledger,
                channels=storage.channels,
                conversations=storage.conversations,
                records=storage.records,
                reviews=storage.reviews,
                people=storage.people,
                pairings=storage.pairings,
                audit=storage.audit,
                locks=storage.locks,
                blobs=storage.blobs,
                media=MemoryMedia(),
                platforms={"slack": platform},
                limits=LIMITS,
            )
        )

    # --- what people do ----------------------------------------------------------

    @rule(lane=LANES, person=PEOPLE, process=PROCESSES)
    def say(self, lane: str, person: str, process: int) -> None:
        self.store(self.spoken(lane, person), process)

    def spoken(self, lane: str, person: str) -> Message:
        self.count += 1
        place = replace(PLACE, thread=lane or str(self.count))
        new = message(str(self.count), place, text=f"<{self.count}>", addressed=Addressed.MENTION)
        return replace(new, author=Author(id=person), said_at=self.storage.clock.now())

    def store(self, new: Message, process: int) -> None:
        assert self.runner.run(self.intake(process).accept(new))
        self.said[new.subject] = Said(message=new)

    @rule(
        lane=LANES,
        person=PEOPLE,
        process=PROCESSES,
        arrive=st.sampled_from([(0,), (0, 1), (1, 0), (0, 1, 2), (1, 2, 0), (2, 1, 0)]),
        claimed=st.booleans(),
    )
    def say_in_a_row(self, lane: str, person: str, process: int, arrive: Sequence[int], *, claimed: bool) -> None:
        """Say things that are answered together, in whichever order they arrive; mostly somebody begins with that."""
        new = [self.spoken(lane, person) for _ in arrive]
        for index in arrive:
            self.store(new[index], process)
        self.storage.clock.advance(1)
        if claimed:
            self.claim(process, 9)

    @precondition(lambda self: self.said)
    @rule(pick=PICKS, process=PROCESSES)
    def deliver_again(self, pick: int, process: int) -> None:
        """The message as it was first, long after it may have been edited or deleted."""
        said = self.pick(pick)
        first = replace(said.message, text=f"<{said.message.key}>", edited="")
        assert not self.runner.run(self.intake(process).accept(first))

    @precondition(lambda self: self.said)
    @rule(pick=PICKS, process=PROCESSES, at_once=st.sampled_from(["", "", "claim", "edit", "delete", "press"]))
    def edit(self, pick: int, process: int, at_once: str) -> None:
        said = self.pick(pick)
        self.count += 1
        now = self.storage.clock.now()
        new = replace(said.message, text=f"<{self.count}>", edited=f"e{self.count:06}")
        intake = self.intake(process, self.meanwhile(at_once, said, process))
        if self.runner.run(intake.edited(new, said_at=now)):
            assert not said.gone
            if said.message.edited < new.edited:
                said.message, said.given_up = new, False
        self.look_at_what_was_stopped()

    @precondition(lambda self: self.said)
    @rule(pick=PICKS, process=PROCESSES)
    def edit_late(self, pick: int, process: int) -> None:
        """An edit that was delivered already, or is older than that, comes again."""
        said = self.pick(pick)
        if said.message.edited:
            older = replace(said.message, text="<old>", edited="e000000")
            assert not self.runner.run(self.intake(process).edited(older, said_at=self.storage.clock.now()))
            assert not self.runner.run(self.intake(process).edited(said.message, said_at=self.storage.clock.now()))

    @precondition(lambda self: self.said)
    @rule(pick=PICKS, process=PROCESSES, at_once=st.sampled_from(["", "", "claim", "edit", "delete", "press"]))
    def delete(self, pick: int, process: int, at_once: str) -> None:
        said = self.pick(pick)
        place, key = said.message.place, said.message.key
        self.runner.run(self.intake(process, self.meanwhile(at_once, said, process)).deleted(place, key))
        said.gone = True
        self.look_at_what_was_stopped()

    @precondition(lambda self: self.said)
    @rule(pick=PICKS, process=PROCESSES)
    def stop(self, pick: int, process: int) -> None:
        said = self.pick(pick)
        place, person = said.message.place, said.message.author.id
        before = {id_ for id_, each in self.said.items() if each.message.place.conversation == place.conversation}
        self.runner.run(self.intake(process).stop(place, by=person))
        for job in [*self.jobs()]:
            if job.message.subject in before and job.message.author.id == person and job.status is not JobStatus.DONE:
                self.give_up(job)
        self.look_at_what_was_stopped()

    def meanwhile(self, what: str, said: Said, process: int) -> Callable[[], Awaitable[None]] | None:
        """Return what another process does right in the middle of something."""

        async def claim() -> None:
            self.took(1 - process, list(await self.processes[1 - process].claim(9, PLATFORMS)))

        async def edit() -> None:
            self.count += 1
            new = replace(said.message, text=f"<{self.count}>", edited=f"e{self.count:06}")
            if await self.intake(1 - process).edited(new, said_at=self.storage.clock.now()):
                said.message, said.given_up = new, False

        async def delete() -> None:
            if await self.intake(1 - process).deleted(said.message.place, said.message.key):
                said.gone = True

        async def press() -> None:
            known = await self.storage.jobs.of_message(said.message.subject)
            newest = known[-1].message
            pressed = replace(newest, revision=newest.revision + 1, errand=Errand.CORRECT, pressed=Action.CORRECT)
            await self.processes[1 - process].submit(replace(pressed.emptied, regarding=newest.revision))

        return {"claim": claim, "edit": edit, "delete": delete, "press": press}.get(what)

    # --- what processes do -------------------------------------------------------

    @rule(process=PROCESSES, limit=st.sampled_from([1, 2, 9]))
    def claim(self, process: int, limit: int) -> None:
        self.took(process, list(self.runner.run(self.processes[process].claim(limit, PLATFORMS))))

    @precondition(lambda self: any(self.held))
    @rule(pick=PICKS)
    def show(self, pick: int) -> None:
        """Begin the post of a reply, which then grows."""
        process, job = self.pick_held(pick)
        self.runner.run(self.post(process, job))

    async def post(self, process: int, job: Job) -> None:
        journal = (self.storage.journal, self.storage.journal_elsewhere)[process]
        if job.message.errand is Errand.ANSWER and DRAFT not in await journal.steps(job.id):
            await journal.begin(job.lease, DRAFT)
            await journal.done(job.lease, DRAFT, {"post": "p"})

    @precondition(lambda self: any(self.held))
    @rule(pick=PICKS, how=st.sampled_from(["finish", "finish", "retry", "bury", "ask", "release", "release"]))
    def leave(self, pick: int, how: str) -> None:
        process, job = self.pick_held(pick)
        del self.held[process][job.id]
        if how == "finish":
            self.runner.run(self.finish(process, job))
            return
        details: dict[str, dict[str, Any]] = {
            "retry": {"delay_seconds": 2, "reason": "busy"},
            "bury": {"reason": "no"},
            "ask": {"reason": "?"},
        }
        if how == "bury" and job.message.errand is Errand.REMOVE:
            how = "release"  # it is tried for more than an hour
        if how == "ask" and job.message.errand is not Errand.ANSWER:
            how = "release"  # nothing else asks a model
        self.runner.run(getattr(self.processes[process], how)(job.lease, **details.get(how, {})))
        if how in {"bury", "ask"}:
            self.give_up(job)

    async def finish(self, process: int, job: Job) -> None:
        await self.post(process, job)
        await self.processes[process].finish(job.lease)
        errand, subject = job.message.errand, job.message.subject
        if errand is Errand.ANSWER:
            self.shown[subject] = covered(job)
            for each, text in covered(job):
                self.said[each].answered = text
        elif errand in {Errand.REMOVE, Errand.STOP}:
            self.shown.pop(subject, None)

    @rule(process=PROCESSES)
    def die(self, process: int) -> None:
        """One process sleeps through its lease; the other lives and looks after its jobs."""
        for _ in range(2):
            self.storage.clock.advance(10)
            self.runner.run(self.processes[1 - process].heartbeat())
        self.held[process].clear()

    @precondition(lambda self: self.said)
    @rule(pick=PICKS, repeat=st.booleans())
    def decide(self, pick: int, *, repeat: bool) -> None:
        asked = [job for job in self.jobs() if job.status is JobStatus.ASKED]
        if asked:
            job = asked[pick % len(asked)]
            assert self.runner.run(self.storage.jobs.decide(job.id, repeat=repeat))
            if repeat:
                for each in (job, *self.led_by(job)):
                    self.said[each.message.subject].given_up = False

    @rule(seconds=st.sampled_from([0.5, 2, 2, -1]))
    def pass_time(self, seconds: float) -> None:
        self.storage.clock.advance(seconds)

    # --- what must hold ----------------------------------------------------------

    def took(self, process: int, jobs: list[Job]) -> None:
        for job in jobs:
            for held in self.held:
                others = [other for other in held.values() if other.id != job.id]
                assert all(other.lane != job.lane for other in others), "two at once in one conversation"
                assert not any(answers(other) & answers(job) for other in others), "a message in two turns at once"
            self.held[process][job.id] = job
            if job.message.errand is Errand.ANSWER:
                assert self.shown.get(job.message.subject) != covered(job), "answered and paid twice"
                assert {each.author.id for each in job.gathered} <= {job.message.author.id}
                keys = [int(each.key) for each in (*job.gathered, job.message)]
                assert keys == sorted(keys), "out of order"

    @invariant()
    def what_runs_reads_as_it_was_said_last_and_is_not_gone(self) -> None:
        for job in [job for held in self.held for job in held.values() if job.message.errand is Errand.ANSWER]:
            for subject, text in covered(job):
                assert not self.said[subject].gone
                assert text == self.said[subject].message.text

    @invariant()
    def who_is_led_was_never_begun(self) -> None:
        assert all(job.epoch == 0 for job in self.jobs() if job.lead is not None)

    @invariant()
    def of_what_is_gone_no_words_are_held(self) -> None:
        for job in self.jobs():
            if self.said[job.message.subject].gone:
                assert not job.message.text

    async def work_off(self) -> None:
        for process, held in enumerate(self.held):
            for job in list(held.values()):
                await self.finish(process, job)
            held.clear()
        for _ in range(100):
            self.storage.clock.advance(60)
            jobs = list(await self.storage.jobs.claim(10, PLATFORMS))
            self.took(0, jobs)
            for job in jobs:
                del self.held[0][job.id]
                await self.finish(0, job)
            if not jobs:
                break
        self.every_message_is_answered_once_or_gone(await self.storage.jobs.recent(10_000))

    def every_message_is_answered_once_or_gone(self, jobs: Sequence[Job]) -> None:
        asked = {job.message.subject for job in jobs if job.status is JobStatus.ASKED}
        assert all(job.status in {*OVER, JobStatus.ASKED} or job.lead in asked for job in jobs)
        for subject, said in self.said.items():
            if not (said.gone or said.given_up):
                assert said.answered == said.message.text, f"{subject} is lost"
            stands = [lead for lead, shown in self.shown.items() if (subject, said.message.text) in shown]
            assert len(stands) <= 1, "answered twice"
            assert not (said.gone and subject in self.shown), "a reply to what is gone"

    # --- as it should be ---------------------------------------------------------

    def jobs(self) -> list[Job]:
        return list(self.runner.run(self.storage.jobs.recent(10_000)))

    def led_by(self, job: Job) -> list[Job]:
        led = [each for each in self.jobs() if each.lead == job.message.subject]
        return [each for each in led if each.status is not JobStatus.CANCELLED]

    def give_up(self, job: Job) -> None:
        for each in (job, *self.led_by(job)):
            self.said[each.message.subject].given_up = True

    def look_at_what_was_stopped(self) -> None:
        """Forget what processes run that is not theirs any more, as they do within half a second."""
        for process, held in zip(self.processes, self.held, strict=True):
            leases = set(self.runner.run(process.held()))
            for job in [job for job in held.values() if job.lease not in leases]:
                del held[job.id]

    def pick(self, pick: int) -> Said:
        return list(self.said.values())[-1 - pick % min(len(self.said), 6)]

    def pick_held(self, pick: int) -> tuple[int, Job]:
        jobs = [(process, job) for process, held in enumerate(self.held) for job in held.values()]
        return jobs[pick % len(jobs)]


def covered(job: Job) -> Covered:
    """Return what a turn answers."""
    return frozenset((each.subject, each.text) for each in (*job.gathered, job.message))


def answers(job: Job) -> set[JobId]:
    """Return the messages that a turn answers, if it answers."""
    return {subject for subject, _ in covered(job)} if job.message.errand is Errand.ANSWER else set()


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("opened", [in_memory, in_sqlite], ids=["memory", "sqlite"])
def test_messages_in_any_order(opened: Callable[[Path], AbstractAsyncContextManager[Storage]]):
    machine = type("Machine", (MessagesInAnyOrder,), {"open_storage": staticmethod(opened)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
