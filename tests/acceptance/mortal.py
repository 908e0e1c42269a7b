"""`mynah serve` that dies of a recording at one exact point: `MYNAH_TEST_DEATH=before:done:answer` or `after:submit`.

The process kills itself with SIGKILL, so nothing is flushed, closed or told, as when the power is cut; only the point is
chosen. Everything else is the real service.
"""

import os
import signal
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from typing_extensions import override

import bot.app.opening
from adapters.storage.jobs import SqlJobs
from adapters.storage.journal import SqlJournal
from bot.cli import main
from bot.domain.budgets import Hold
from bot.domain.jobs import Job, Lease
from bot.domain.messages import JobId, Message
from bot.domain.money import UsageRecord

DEATH = os.environ.get("MYNAH_TEST_DEATH", "")


doomed: set[JobId] = set()
"""Jobs with a recording, and what becomes of messages afterwards: what is only written is survived."""


def die_here(job: JobId, point: str) -> None:
    """Die when this is the point; `before:done:post` stands for every step whose name begins with `post`."""
    if DEATH and job in doomed and point.startswith(DEATH):
        os.kill(os.getpid(), signal.SIGKILL)


class MortalJobs(SqlJobs):
    @override
    async def submit(self, message: Message, *, pause: float = 0.0) -> bool:
        if message.attachments:
            doomed.add(message.job_id)
        die_here(message.job_id, "before:submit")
        stored = await super().submit(message, pause=pause)
        die_here(message.job_id, "after:submit")
        return stored

    @override
    async def claim(self, limit: int, platforms: Collection[str], **rest: Any) -> Sequence[Job]:
        claimed = await super().claim(limit, platforms, **rest)
        for job in claimed:
            die_here(job.id, "after:claim")
        return claimed

    @override
    async def follow(self, message: Message, **rest: Any) -> bool:
        doomed.add(message.job_id)
        die_here(message.job_id, "before:follow")
        stored = await super().follow(message, **rest)
        die_here(message.job_id, "after:follow")
        return stored

    @override
    async def finish(self, lease: Lease) -> None:
        die_here(lease.job, "before:finish")
        await super().finish(lease)
        die_here(lease.job, "after:finish")


class MortalJournal(SqlJournal):
    @override
    async def begin(self, lease: Lease, name: str, hold: Hold | None = None) -> None:
        die_here(lease.job, f"before:begin:{name}")
        await super().begin(lease, name, hold)
        die_here(lease.job, f"after:begin:{name}")

    @override
    async def accepted(
        self, lease: Lease, name: str, vendor_id: str, digest: str = "", usage: UsageRecord | None = None
    ) -> None:
        die_here(lease.job, f"before:accepted:{name}")
        await super().accepted(lease, name, vendor_id, digest, usage)
        die_here(lease.job, f"after:accepted:{name}")

    @override
    async def done(
        self, lease: Lease, name: str, result: Mapping[str, object], usage: UsageRecord | None = None
    ) -> None:
        die_here(lease.job, f"before:done:{name}")
        await super().done(lease, name, result, usage)
        die_here(lease.job, f"after:done:{name}")


if __name__ == "__main__":
    bot.app.opening.SqlJobs = MortalJobs  # type: ignore[misc]
    bot.app.opening.SqlJournal = MortalJournal  # type: ignore[misc]
    main()
