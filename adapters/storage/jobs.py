"""Jobs in SQL: see `bot.domain.jobs` for their life, lanes and leases."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from heapq import heappop, heappush

from typing_extensions import override

from adapters.storage.codec import message_from_json, message_to_json
from adapters.storage.database import Database
from adapters.storage.sql import Parameter, Row, Statement, load
from adapters.storage.workers import Worker
from bot.domain.budgets import user_scope
from bot.domain.errors import LeaseLost
from bot.domain.gathering import LONGEST, gathers, stream_of
from bot.domain.jobs import Job, JobStatus, Lease
from bot.domain.messages import Errand, JobId, Message, Place
from bot.ports import Clock, Jobs

LEASE_SECONDS = 15.0
"""How long a process counts as alive after its last heartbeat."""

POLL_SECONDS = 1.0
"""How soon is noticed what another process did, which rings no bell here."""

SQL = load("jobs")


class _OvertakenError(Exception):
    """What a job was to be made of is not there any more."""


class SqlJobs(Jobs):
    """The jobs of a database, and this process as one that runs some of them."""

    def __init__(
        self, database: Database, clock: Clock, *, worker: Worker | None = None, lease_seconds: float = LEASE_SECONDS
    ) -> None:
        """Prepare.

        Args:
            database: where they are.
            clock: tells when a job is due and a lease is over.
            worker: the name of this process; None makes one.
            lease_seconds: how long this process counts as alive after a heartbeat.
        """
        self._database = database
        self._clock = clock
        self._worker = worker or Worker.this_process()
        self._lease_ms = int(lease_seconds * 1000)
        self._bell = asyncio.Event()
        self._due: list[int] = []
        """When jobs that wait for more are due; a heap."""

    @override
    async def submit(self, message: Message, *, pause: float = 0.0) -> bool:
        insert = insertion(message, self._clock.now(), pause)
        if message.aside:
            return await self._store(insert, repeats=message.repeats)
        hold_on = SQL["hold_on"](**insert.parameters)
        waits = insert.parameters["pause"]
        stored = await self._store(*([hold_on] if waits else []), marking(message), insert, repeats=message.repeats)
        if waits and stored:
            heappush(self._due, self._clock.now() + int(pause * 1000))
        return stored

    @override
    async def follow(
        self,
        message: Message,
        *,
        member: Message | None = None,
        without: JobId | None = None,
        repeats: JobId | None = None,
    ) -> bool:
        now = self._clock.now()
        new = message.job_id
        stop = SQL["stop_before"](id=new, subject=message.subject, revision=message.revision, now=now)
        # Who takes their last message back still wants an answer to those before it.
        freed = [SQL["set_free"](id=new, subject=message.subject)] if message.errand is Errand.REMOVE else []
        rewritten = [self._rewritten(message, member)] if member else []
        part = SQL["part"](id=without, lead=message.subject, next=new)
        parted = [part.required(_OvertakenError)] if without else []
        return await self._store(stop, *freed, *rewritten, *parted, insertion(message, now), repeats=repeats)

    async def _store(self, *statements: Statement, repeats: JobId | None) -> bool:
        """Store a job by the last of several statements; nothing where the words that it repeats were erased."""
        held = [SQL["holds"](job=repeats).required(_OvertakenError)] if repeats else []
        try:
            return self._ring(changed=bool(await self._database.write(*held, *statements)))
        except _OvertakenError:
            return False

    def _rewritten(self, lead: Message, member: Message) -> Statement:
        return SQL["rewrite"](id=member.subject, lead=lead.subject, next=lead.job_id, message=message_to_json(member))

    @override
    async def revise(self, message: Message, *, was: Message) -> bool:
        revised = SQL["revise"](
            id=message.job_id, message=message_to_json(message), was=message_to_json(was), **_kind(message)
        )
        return bool(await self._database.write(revised))

    @override
    async def claim(self, limit: int, platforms: Collection[str], *, only: str | None = None) -> Sequence[Job]:
        if limit <= 0 or not platforms:
            return []
        now = self._clock.now()
        # Who claims must count as alive, or the next sweep would take the jobs away again.
        rows = await self._database.write(
            self._live(),
            SQL["gather"](now=now),
            SQL["gather_on"](),
            SQL["claim"](
                owner=str(self._worker), now=now, platforms=f",{','.join(platforms)},", only=only, limit=limit
            ),
        )
        gathered = await self._gathered(tuple(row["subject"] for row in rows if row["leads"]))
        claimed = sorted(rows, key=lambda row: (row["run_at"], row["seq"]))
        return [_job(row, gathered.get(row["subject"], [])) for row in claimed]

    async def _gathered(self, leads: tuple[str, ...]) -> Mapping[str, Sequence[Message]]:
        """Return what is answered together with messages, by the message that leads."""
        found: dict[str, list[Message]] = {}
        for row in await self._database.read(SQL["gathered"](subjects=leads)) if leads else ():
            found.setdefault(row["lead"], []).append(message_from_json(row["message"]))
        return found

    @override
    async def wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(min(seconds, POLL_SECONDS, self._seconds_until_due())):
                await self._bell.wait()
        except TimeoutError:
            return
        finally:
            self._bell.clear()

    def _seconds_until_due(self) -> float:
        """Return how soon a job that waited for more is due, as far as this process knows."""
        now = self._clock.now()
        while self._due and self._due[0] <= now:
            heappop(self._due)
        return (self._due[0] - now) / 1000 if self._due else POLL_SECONDS

    @override
    async def heartbeat(self) -> None:
        others = [Worker.parse(row["id"]) for row in await self._database.read(SQL["workers"]())]
        dead = [other for other in others if other.is_dead(self._worker)]
        requeued = await self._database.write(
            self._live(),
            *(SQL["forget"](worker=str(other)) for other in dead),
            SQL["forget_expired"](now=self._clock.now()),
            SQL["end_gathered"](now=self._clock.now()),
            SQL["requeue"](),
        )
        self._ring(changed=bool(requeued))

    @override
    async def is_served(self) -> bool:
        return bool(await self._database.read(SQL["served"](now=self._clock.now())))

    @override
    async def finish(self, lease: Lease) -> None:
        await self._leave(lease, "finish", SQL["forget_summary"](job=lease.job), now=self._clock.now())

    @override
    async def retry(self, lease: Lease, *, delay_seconds: float, reason: str) -> None:
        await self._leave(lease, "retry", run_at=self._clock.now() + int(delay_seconds * 1000), reason=reason)

    @override
    async def bury(self, lease: Lease, *, reason: str) -> None:
        forgotten = SQL["forget_summary"](job=lease.job)
        await self._leave(lease, "bury", forgotten, now=self._clock.now(), reason=reason)

    @override
    async def ask(self, lease: Lease, *, reason: str) -> None:
        await self._leave(lease, "ask", reason=reason)

    @override
    async def release(self, lease: Lease) -> None:
        await self._leave(lease, "release")

    @override
    async def decide(self, job: JobId, *, repeat: bool) -> bool:
        now = self._clock.now()
        if not repeat:
            return self._ring(changed=bool(await self._database.write(SQL["drop"](job=job, now=now))))
        decided = await self._database.write(SQL["settle_doubt"](job=job, now=now), SQL["repeat"](job=job, now=now))
        return self._ring(changed=bool(decided))

    @override
    async def cancel(self, job: JobId) -> bool:
        cancelled = await self._database.write(SQL["cancel"](job=job, now=self._clock.now()))
        return self._ring(changed=bool(cancelled))

    @override
    async def held(self) -> Collection[Lease]:
        rows = await self._database.read(SQL["held"](owner=str(self._worker)))
        return {Lease(job=JobId(row["id"]), owner=row["owner"], epoch=row["epoch"]) for row in rows}

    @override
    async def get(self, job: JobId) -> Job | None:
        rows = await self._database.read(SQL["get"](job=job))
        return _job(rows[0]) if rows else None

    @override
    async def of_message(self, subject: JobId) -> Sequence[Job]:
        return [_job(row) for row in await self._database.read(SQL["of_message"](subject=subject))]

    @override
    async def under_way(self, within: str) -> Sequence[Job]:
        return [_job(row) for row in await self._database.read(SQL["under_way"](within=within))]

    @override
    async def recent(self, limit: int, status: JobStatus | None = None) -> Sequence[Job]:
        query = SQL["recent"](limit=limit) if status is None else SQL["recent_in_state"](limit=limit, state=status)
        return [_job(row) for row in await self._database.read(query)]

    @override
    async def newest(self, place: Place, status: JobStatus | None = None) -> Job | None:
        lane = None if place.thread is None else place.conversation
        rows = await self._database.read(SQL["newest"](channel=_channel(place), lane=lane, state=status))
        return _job(rows[0]) if rows else None

    @override
    async def takes_part(self, message: Message) -> bool:
        query = SQL["takes_part"](**_place(message.place), position=message.position)
        return bool(await self._database.read(query))

    @override
    async def sent(self, person: str, within: str, *, since: int, limit: int, refused: bool = False) -> Sequence[int]:
        workspace, _, _ = person.rpartition(":@")
        query = SQL["sent"](
            author=person, within=within, workspace=workspace, since=since, refused=int(refused), limit=limit
        )
        return [row["created_at"] for row in await self._database.read(query)]

    @override
    async def marks(self, platform: str) -> Mapping[Place, str]:
        return {_marked(row): row["key"] for row in await self._database.read(SQL["marks"](platform=platform))}

    @override
    async def caught_up(self, marks: Mapping[Place, str]) -> None:
        await self._database.write(*(SQL["caught_up"](**_place(place), key=key) for place, key in marks.items()))

    async def _leave(self, lease: Lease, query: str, *besides: Statement, **parameters: Parameter) -> None:
        """Take a running job out of its lane, if the lease still holds, and do what belongs to that."""
        statement = SQL[query](job=lease.job, owner=lease.owner, epoch=lease.epoch, **parameters)
        await self._database.write(
            statement.required(lambda: LeaseLost(f"{lease.job} is no longer ours, epoch {lease.epoch} is over")),
            *besides,
            SQL["end_gathered"](now=self._clock.now()),
        )
        self._bell.set()

    def _live(self) -> Statement:
        """Say that this process lives, when a third of its lease is over."""
        alive_until = self._clock.now() + self._lease_ms
        return SQL["live"](
            owner=str(self._worker), alive_until=alive_until, renew_before=alive_until - self._lease_ms // 3
        )

    def _ring(self, *, changed: bool) -> bool:
        if changed:
            self._bell.set()
        return changed


def marking(message: Message) -> Statement:
    """Return what advances the mark of a message's place, or notes only that we take part there."""
    place, key = message.place, message.key if message.moves_mark else ""
    return SQL["advance_mark"](**_place(place), direct=int(place.direct), key=key, joined=message.position)


def insertion(message: Message, now: int, pause: float = 0.0) -> Statement:
    """Return what stores a message as a job; `now` in milliseconds since 1970, `pause` in seconds as for `submit`."""
    place = message.place
    together = bool(pause) and gathers(message)
    waits = int(pause * 1000) if together else 0
    return SQL["submit"](
        id=message.job_id,
        subject=message.subject,
        revision=message.revision,
        position=message.position,
        **_kind(message),
        lane=place.conversation,
        channel=_channel(place),
        platform=place.platform,
        author=user_scope(place, message.author),
        gathers=int(together),
        stream=stream_of(message, now, pause) if together else place.conversation,
        pause=waits,
        longest=waits * LONGEST,
        message=message_to_json(message),
        now=now,
    )


def _kind(message: Message) -> Mapping[str, str | int]:
    """Return what a job does, and whether words are held in it: who is only to be told holds none that matter."""
    return {
        "errand": message.errand,
        "refused": int(bool(message.refusal)),
        "words": int(message.errand is Errand.ANSWER),
    }


def _channel(place: Place) -> str:
    return place.scopes[1]


def _place(place: Place) -> Mapping[str, str]:
    return {
        "platform": place.platform,
        "workspace": place.workspace,
        "channel": place.channel,
        "thread": place.thread or "",
    }


def _marked(row: Row) -> Place:
    return Place(
        platform=row["platform"],
        workspace=row["workspace"],
        channel=row["channel"],
        thread=row["thread"] or None,
        direct=bool(row["direct"]),
    )


def _job(row: Row, gathered: Sequence[Message] = ()) -> Job:
    return Job(
        id=JobId(row["id"]),
        lane=row["lane"],
        status=JobStatus(row["state"]),
        message=message_from_json(row["message"]),
        gathered=tuple(gathered),
        lead=row["lead"],
        tries=row["tries"],
        epoch=row["epoch"],
        owner=row["owner"],
        run_at=row["run_at"],
        created_at=row["created_at"],
        ended_at=row["ended_at"],
        error=row["error"],
    )
