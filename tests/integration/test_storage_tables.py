"""What the ports do not show: the tables behind them."""

import re
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from adapters.storage.channels import SqlChannels
from adapters.storage.codec import message_from_json, message_to_json
from adapters.storage.database import Database, open_database
from adapters.storage.jobs import SqlJobs
from adapters.storage.journal import SqlJournal
from adapters.storage.ledger import SqlLedger
from adapters.storage.records import SqlRecords
from adapters.storage.sql import ROOM, Query, load
from adapters.storage.workers import Worker
from bot.domain.budgets import Period
from bot.domain.channels import DEFAULT_ORIGIN, ReplyAs
from bot.domain.errors import SettingInvalid, StorageUnavailable
from bot.domain.messages import Author, Message
from bot.domain.money import Nanodollars, Usage
from tests.contracts.samples import PLACE, PLATFORMS, SCOPES, hold, message, record
from tests.contracts.sums import stored_sums, sums_of_rows
from tests.doubles.clock import ManualClock

CHANNEL = PLACE.scopes[1]
QUERIES = {
    f"{file.stem}/{name}": query
    for file in sorted((ROOM / "queries").glob("*.sql"))
    for name, query in load(file.stem).items()
}
SCANNED = {
    "jobs/recent": "the newest rows, backwards, as many as are asked for",
    "jobs/recent_in_state": "the newest rows, backwards, as many as are asked for",
    "jobs/requeue": "the few rows of the index of running jobs",
    "jobs/workers": "a row for each process",
    "jobs/served": "a row for each process",
    "jobs/forget_expired": "a row for each process",
    "audit/newest": "the newest rows, backwards, as many as are asked for",
    "pairings/all": "an admin is shown all of them",
    "channels/layers": "the copy in memory is read whole",
    "channels/erase_history": "once, when a workspace sends us away",
    "conversations/recall": "the rows of one conversation that an index found, once more in memory",
}

GATHERED = {"held", "hold_part", "holding", "loose", "quoting"}
"""No tables, but the few rows that a query found by an index before."""


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/mynah.db"


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    async with open_database(url) as opened:
        yield opened


async def rows(database: Database, sql: str) -> list[Mapping[str, object]]:
    return [dict(row) for row in await database.read(Query(sql=sql)())]


async def test_the_history_says_who_changed_what_when(database: Database):
    clock = ManualClock()
    channels = SqlChannels(database, clock, {})
    await channels.set(CHANNEL, "reply", "voice", by="U1")
    clock.advance(1)
    await channels.set(CHANNEL, "reply", "both", by="U2")
    clock.advance(1)
    await channels.unset(CHANNEL, "reply", by="U3")
    await channels.unset(CHANNEL, "reply", by="U4")
    with pytest.raises(SettingInvalid):
        await channels.set(CHANNEL, "reply", "sung", by="U5")
    history = await rows(
        database, "SELECT at, author, scope, name, old_value, new_value FROM setting_change ORDER BY id"
    )
    start = clock.now() - 2000
    assert [tuple(change.values()) for change in history] == [
        (start, "U1", CHANNEL, "reply", None, "voice"),
        (start + 1000, "U2", CHANNEL, "reply", "voice", "both"),
        (start + 2000, "U3", CHANNEL, "reply", "both", None),
    ]


async def test_settings_are_read_from_memory(url: str):
    clock = ManualClock()
    async with open_database(url) as database:
        channels = SqlChannels(database, clock, {})
        await channels.set(CHANNEL, "reply", "voice", by="U1")
    clock.advance(0.999)
    assert (await channels.config(PLACE)).config.reply is ReplyAs.VOICE, "although the database is closed"


async def test_a_setting_that_is_none_any_more_is_left_out(database: Database):
    await database.write(Query(sql="INSERT INTO setting VALUES (:scope, 'mood', 'sunny')")(scope=CHANNEL))
    await database.write(Query(sql="INSERT INTO setting VALUES (:scope, 'reply', 'sung')")(scope=CHANNEL))
    channels = SqlChannels(database, ManualClock(), {})
    with capture_logs() as logs:
        await channels.set(CHANNEL, "max_tokens", "50", by="U1")
        settled = await channels.config(PLACE)
    assert (settled.config.max_tokens, settled.origins["reply"]) == (50, DEFAULT_ORIGIN)
    assert len(logs) == 2


async def test_a_wrong_setting_of_the_service_is_refused_at_the_start(database: Database):
    with pytest.raises(SettingInvalid, match="reply"):
        SqlChannels(database, ManualClock(), {"reply": "sung"})


async def test_the_history_says_who_changed_which_budget(database: Database):
    clock = ManualClock()
    ledger = SqlLedger(database, clock)
    await ledger.set_budget(CHANNEL, Period.DAY, Nanodollars(5_000_000_000), by="U1")
    clock.advance(1)
    await ledger.set_budget(CHANNEL, Period.DAY, Nanodollars(7_000_000_000), by="U2")
    await ledger.set_budget(CHANNEL, Period.DAY, None, by="U3")
    await ledger.set_budget(CHANNEL, Period.DAY, None, by="U4")
    history = await rows(
        database, "SELECT at, author, scope, name, old_value, new_value FROM setting_change ORDER BY id"
    )
    start = clock.now() - 1000
    assert [tuple(change.values()) for change in history] == [
        (start, "U1", CHANNEL, "budget a day", None, "5000000000"),
        (start + 1000, "U2", CHANNEL, "budget a day", "5000000000", "7000000000"),
        (start + 1000, "U3", CHANNEL, "budget a day", "7000000000", None),
    ]


async def test_the_history_says_who_wrote_off_what(database: Database):
    clock = ManualClock()
    jobs, journal, ledger = SqlJobs(database, clock), SqlJournal(database, clock), SqlLedger(database, clock)
    await jobs.submit(message("1"))
    (job,) = await jobs.claim(1, PLATFORMS)
    await journal.begin(job.lease, "answer", hold(1000, clock.now()))
    await ledger.write_off(job.id, Nanodollars(5), by="U1")
    await jobs.cancel(job.id)
    clock.advance(1)
    await ledger.write_off(job.id, Nanodollars(7), by="U2")
    await ledger.write_off(job.id, Nanodollars(8), by="U3")
    history = await rows(
        database, "SELECT at, author, scope, name, old_value, new_value FROM setting_change ORDER BY id"
    )
    assert [tuple(change.values()) for change in history] == [
        (clock.now(), "U2", job.id, "cost written off", None, "7")
    ]
    assert await rows(database, "SELECT * FROM hold_scope") == []


async def test_the_database_forbids_that_a_call_is_counted_twice(database: Database):
    clock = ManualClock()
    jobs, journal = SqlJobs(database, clock), SqlJournal(database, clock)
    await jobs.submit(message("1"))
    (job,) = await jobs.claim(1, PLATFORMS)
    await journal.begin(job.lease, "answer")
    await journal.done(job.lease, "answer", {}, record(job.id, "answer", clock.now(), call="gen-1"))
    columns = "job, step, at, day, platform, workspace, channel, author, gateway, model, kind, call, duration_ms"
    with pytest.raises(StorageUnavailable, match="UNIQUE constraint failed: usage"):
        await database.write(Query(sql=f"INSERT INTO usage ({columns}) SELECT {columns} FROM usage")())  # noqa: S608


async def test_sums_are_kept_with_their_rows_and_holds_only_while_they_are_open(database: Database, url: str):
    clock = ManualClock()
    jobs, journal = SqlJobs(database, clock), SqlJournal(database, clock)
    await jobs.submit(message("1"))
    (job,) = await jobs.claim(1, PLATFORMS)
    november = clock.now() + 30 * 86_400_000
    calls: list[dict[str, Any]] = [{}, {"usage": Usage(tokens_in=1)}, {"model": "other"}, {"at": november}]
    for number, fields in enumerate(calls):
        used = record(job.id, str(number), **{"at": clock.now(), **fields})
        await journal.begin(job.lease, used.step, hold(2_000_000, used.at))
        await journal.done(job.lease, used.step, {}, used)
    sums = await rows(database, "SELECT period, spent_nano, held_nano FROM spending WHERE scope = 'service'")
    assert sorted(tuple(line.values()) for line in sums) == [
        ("2025-10", 1_900_000, 2_000_000),
        ("2025-10-09", 1_900_000, 2_000_000),
        ("2025-11", 950_000, 0),
        ("2025-11-08", 950_000, 0),
    ]
    path = Path(url.removeprefix("sqlite:///"))
    assert stored_sums(path) == sums_of_rows(path)
    assert len(stored_sums(path)) == len(SCOPES) * 4
    assert len(await rows(database, "SELECT * FROM hold")) == 1
    assert len(await rows(database, "SELECT * FROM hold_scope")) == len(SCOPES)


async def test_a_database_of_the_first_version_is_brought_up_to_date(url: str):
    path = Path(url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(path)) as old:
        old.executescript((ROOM / "schema" / "0001_first.sql").read_text(encoding="utf-8"))
        old.execute("PRAGMA user_version = 1")
        for thread, key in (("170.1", "1"), ("", "2")):
            place = replace(PLACE, thread=thread or None)
            old.execute(
                "INSERT INTO job (id, lane, platform, state, message, tries, epoch, run_at, created_at)"
                " VALUES (?, ?, 'slack', 'ready', ?, 0, 0, 0, 0)",
                (message(key).job_id, place.conversation, message_to_json(message(key, place))),
            )
        for at, day, cost in ((ManualClock().now(), "2025-10-09", 300), (1, "2025-10-08", 20), (1, "2025-09-30", 7)):
            for author, known in (("U1", cost), ("U2", None), ("U3", 0)):
                old.execute(
                    "INSERT INTO usage (job, step, at, day, platform, workspace, channel, author, gateway, model, kind,"
                    " cost_nano, duration_ms) VALUES ('j', 's', ?, ?, 'slack', 'T1', 'C1', ?, 'g', 'm', 'chat', ?, 0)",
                    (at, day, author, known),
                )
        old.commit()
    clock = ManualClock()
    async with open_database(url) as database:
        jobs, ledger = SqlJobs(database, clock), SqlLedger(database, clock)
        for period in Period:
            for scope in (*SCOPES, "slack:T1:@U3"):
                await ledger.set_budget(scope, period, Nanodollars(10_000), by="U9")
        sums = {(known.scope, known.period): known.spent for known in await ledger.budgets()}
        theirs = await SqlRecords(database, clock).of_person(SCOPES[-1])
        newest = [await jobs.newest(replace(PLACE, thread=thread)) for thread in ("170.1", None, "170.2")]
    assert sums == {
        **{(scope, Period.DAY): 300 for scope in SCOPES},
        **{(scope, Period.MONTH): 320 for scope in SCOPES},
        **{("slack:T1:@U3", period): 0 for period in Period},
    }
    assert [job and job.message.key for job in newest] == ["1", "2", None]
    assert theirs == [message(key).job_id for key in ("1", "2")]


async def test_a_database_whose_holds_had_no_owners_is_brought_up_to_date(url: str):
    path, clock = Path(url.removeprefix("sqlite:///")), ManualClock()
    job, now = message("1").job_id, clock.now()
    with closing(sqlite3.connect(path)) as old:
        for file in sorted((ROOM / "schema").glob("000[123]_*.sql")):
            old.executescript(file.read_text(encoding="utf-8"))
        old.execute("PRAGMA user_version = 3")
        old.execute(
            "INSERT INTO job (id, lane, channel, platform, state, message, tries, epoch, run_at, created_at, ended_at)"
            " VALUES (?, 'lane', ?, 'slack', 'cancelled', ?, 1, 1, 0, 0, 0)",
            (job, CHANNEL, message_to_json(message("1"))),
        )
        for name, held in (("answer", "h2"), ("speak", "h3")):
            old.execute(
                "INSERT INTO step (job, name, state, epoch, at, hold) VALUES (?, ?, 'began', 1, ?, ?)",
                (job, name, now, held),
            )
        for held in ("h1", "h2", "h3"):
            old.execute("INSERT INTO hold VALUES (?, ?, '2025-10-09', '2025-10', 10)", (held, now))
            old.executemany("INSERT INTO hold_scope VALUES (?, ?)", [(held, scope) for scope in SCOPES])
        for cost, held in ((300, None), (400, None), (None, "h1")):
            call = "gen-1" if cost else None
            old.execute(
                "INSERT INTO usage (job, step, at, day, platform, workspace, channel, author, gateway, model, kind,"
                " cost_nano, duration_ms, call, hold) VALUES (?, 'answer', ?, '2025-10-09', 'slack', 'T1', 'C1', 'U1',"
                " 'g', 'm', 'chat', ?, 0, ?, ?)",
                (job, now, cost, call, held),
            )
        for scope in SCOPES:
            for label in ("2025-10", "2025-10-09"):
                old.execute("INSERT INTO spending VALUES (?, ?, 700, 30)", (scope, label))
        old.commit()
    async with open_database(url) as database:
        ledger = SqlLedger(database, clock)
        assert [(known.call, known.usage.cost) for known in await ledger.of_job(job)] == [
            (None, 300),
            ("gen-1", 400),
            (None, None),
        ]
        assert await ledger.write_off(job, Nanodollars(5), by="U1") is True
        assert [known.step for known in await ledger.of_job(job)] == ["answer", "answer", "answer", "answer", "speak"]
        assert stored_sums(path) == sums_of_rows(path)
        assert set(stored_sums(path).values()) == {(705, 0)}


async def test_the_database_forbids_two_at_once_in_a_conversation(database: Database):
    jobs = SqlJobs(database, ManualClock())
    for key in ("1", "2"):
        await jobs.submit(message(key))
    await jobs.claim(1, PLATFORMS)
    with pytest.raises(StorageUnavailable, match=r"UNIQUE constraint failed: job\.lane"):
        await database.write(Query(sql="UPDATE job SET state = 'running', owner = 'me' WHERE state = 'ready'")())


async def test_messages_of_older_versions_can_be_read():
    old = '{"key":"1","place":{"platform":"slack","workspace":"T1","channel":"C1"},"author":{"id":"U1"},"new":"field"}'
    assert message_from_json(old) == Message(
        key="1", place=type(PLACE)(platform="slack", workspace="T1", channel="C1"), author=Author(id="U1")
    )


@pytest.mark.parametrize("name", sorted(QUERIES.keys() - SCANNED.keys()))
async def test_no_query_reads_a_whole_table(database: Database, name: str):
    scans = [step for step in await plan(database, name) if re.match(r"SCAN (?!CONSTANT ROW|.* USING )", step)]
    assert [scan for scan in scans if scan.removeprefix("SCAN ") not in GATHERED] == []


@pytest.mark.parametrize("name", ["jobs/claim", "jobs/gather", "jobs/gather_on", "jobs/end_gathered"])
async def test_what_is_done_at_every_claim_takes_no_longer_with_the_years(database: Database, name: str):
    steps = await plan(database, name)
    assert not [step for step in steps if step.startswith("SCAN")], "an index, too, is all that there ever was"
    assert not [step for step in steps if "job_lead (lead>?)" in step], "all that was ever led"
    assert "USE TEMP B-TREE FOR ORDER BY" not in steps, "all that waits in a lane"


async def plan(database: Database, name: str) -> Sequence[str]:
    """Return how a query is carried out, step by step."""
    sql = QUERIES[name].sql
    rows = await database.read(Query(sql=f"EXPLAIN QUERY PLAN {sql}")(**dict.fromkeys(re.findall(r":(\w+)", sql))))
    return [row["detail"] for row in rows]


async def test_an_idle_process_writes_nothing(database: Database, url: str):
    clock = ManualClock()
    jobs = SqlJobs(database, clock)
    await jobs.heartbeat()
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as other:
        version = other.execute("PRAGMA data_version").fetchone()
        for _ in range(4):
            clock.advance(1)
            await jobs.heartbeat()
            assert await jobs.claim(8, PLATFORMS) == []
        assert other.execute("PRAGMA data_version").fetchone() == version


@pytest.mark.parametrize(
    ("worker", "dead"),
    [
        (Worker(host="here", pid=1, nonce="a"), False),
        (Worker(host="here", pid=2**22 + 1, nonce="a"), True),
        (Worker(host="there", pid=2**22 + 1, nonce="a"), False),
        (Worker(host="here", pid=77, nonce="me"), False),
        (Worker(host="here", pid=77, nonce="before the restart"), True),
    ],
)
def test_who_is_dead_for_certain(worker: Worker, *, dead: bool):
    me = Worker(host="here", pid=77, nonce="me")
    assert worker.is_dead(me) is dead
    assert Worker.parse(str(worker)) == worker
