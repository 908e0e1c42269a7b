"""Jobs in SQL: see `bot.domain.jobs` for their life, lanes and leases."""

import asyncio
from collections.abc import Collection, Mapping, Sequence

from typing_extensions import override

from adapters.storage.codec import message_from_json, message_to_json
from adapters.storage.database import Database
from adapters.storage.sql import Parameter, Row, Statement, load
from adapters.storage.workers import Worker
from bot.domain.budgets import user_scope
from bot.domain.errors import LeaseLost
from bot.domain.jobs import Job, JobStatus, Lease
from bot.domain.messages import JobId, Message, Place
from bot.ports import Clock, Jobs

LEASE_SECONDS = 15.0
"""How long a process counts as alive after its last heartbeat."""

POLL_SECONDS = 1.0
"""How soon is noticed what another process did, which rings no bell here."""

SQL = load("jobs")


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

    @override
    async def submit(self, message: Message) -> bool:
        place = message.place
        stored = await self._database.write(
            SQL["advance_mark"](**_place(place), direct=int(place.direct), key=message.key),
            SQL["submit"](
                id=message.job_id,
                lane=place.conversation,
                channel=_channel(place),
                platform=place.platform,
                author=user_scope(place, message.author),
                refused=int(bool(message.refusal)),
                message=message_to_json(message),
                now=self._clock.now(),
            ),
        )
        return self._ring(changed=bool(stored))

    @override
    async def claim(self, limit: int, platforms: Collection[str]) -> Sequence[Job]:
        if limit <= 0 or not platforms:
            return []
        # Who claims must count as alive, or the next sweep would take the jobs away again.
        rows = await self._database.write(
            self._live(),
            SQL["claim"](
                owner=str(self._worker), now=self._clock.now(), platforms=f",{','.join(platforms)},", limit=limit
            ),
        )
        return [_job(row) for row in sorted(rows, key=lambda row: (row["run_at"], row["seq"]))]

    @override
    async def wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(min(seconds, POLL_SECONDS)):
                await self._bell.wait()
        except TimeoutError:
            return
        finally:
            self._bell.clear()

    @override
    async def heartbeat(self) -> None:
        others = [Worker.parse(row["id"]) for row in await self._database.read(SQL["workers"]())]
        dead = [other for other in others if other.is_dead(self._worker)]
        requeued = await self._database.write(
            self._live(),
            *(SQL["forget"](worker=str(other)) for other in dead),
            SQL["forget_expired"](now=self._clock.now()),
            SQL["requeue"](),
        )
        self._ring(changed=bool(requeued))

    @override
    async def is_served(self) -> bool:
        return bool(await self._database.read(SQL["served"](now=self._clock.now())))

    @override
    async def finish(self, lease: Lease) -> None:
        await self._leave(lease, "finish", now=self._clock.now())

    @override
    async def retry(self, lease: Lease, *, delay_seconds: float, reason: str) -> None:
        await self._leave(lease, "retry", run_at=self._clock.now() + int(delay_seconds * 1000), reason=reason)

    @override
    async def bury(self, lease: Lease, *, reason: str) -> None:
        await self._leave(lease, "bury", now=self._clock.now(), reason=reason)

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
    async def get(self, job: JobId) -> Job | None:
        rows = await self._database.read(SQL["get"](job=job))
        return _job(rows[0]) if rows else None

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
    async def takes_part(self, place: Place) -> bool:
        return bool(await self._database.read(SQL["takes_part"](**_place(place))))

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

    async def _leave(self, lease: Lease, query: str, **parameters: Parameter) -> None:
        """Take a running job out of its lane, if the lease still holds."""
        statement = SQL[query](job=lease.job, owner=lease.owner, epoch=lease.epoch, **parameters)
        await self._database.write(
            statement.required(lambda: LeaseLost(f"{lease.job} is no longer ours, epoch {lease.epoch} is over"))
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


def _job(row: Row) -> Job:
    return Job(
        id=JobId(row["id"]),
        lane=row["lane"],
        status=JobStatus(row["state"]),
        message=message_from_json(row["message"]),
        tries=row["tries"],
        epoch=row["epoch"],
        owner=row["owner"],
        run_at=row["run_at"],
        created_at=row["created_at"],
        ended_at=row["ended_at"],
        error=row["error"],
    )
