"""Group commit: all units that wait are written in one transaction, because what a commit costs is waiting for the disk.

A unit is a few statements that happen together or not at all. While one commit is on its way to the disk, units gather;
the next commit takes them all. So a single write is as fast as the disk, and a hundred at once cost hardly more.

A unit that fails is undone alone, back to its savepoint (https://www.sqlite.org/lang_savepoint.html). When the commit
itself fails, every unit of it failed.
"""

import sqlite3
from collections import deque
from collections.abc import Sequence

from typing_extensions import override

from adapters.storage.sql import Row, Statement
from bot.domain.errors import StorageUnavailable


class Unit:
    """Statements that happen together or not at all, and what came of them."""

    def __init__(self, statements: Sequence[Statement]) -> None:
        self._statements = statements
        self._rows: list[Row] = []
        self._error: Exception | None = None
        self.is_settled = False

    def result(self) -> Sequence[Row]:
        """Return the rows of the last statement.

        Raises:
            StorageUnavailable: nothing was stored.
            Exception: what a statement's `check` found; nothing was stored.
        """
        if self._error is not None:
            raise self._error
        return self._rows

    def run(self, connection: sqlite3.Connection) -> None:
        """Run the statements within the transaction that is open; what fails is undone.

        Raises:
            sqlite3.Error: the transaction itself is broken.
        """
        connection.execute("SAVEPOINT unit")
        self._error = self._attempt(connection)
        if self._error is not None:
            connection.execute("ROLLBACK TO unit")
        connection.execute("RELEASE unit")

    def settle(self, failure: Exception | None) -> None:
        """Note what became of the commit: None when it is on the disk."""
        self._error = failure or self._error
        self.is_settled = True

    def _attempt(self, connection: sqlite3.Connection) -> Exception | None:
        try:
            for statement in self._statements:
                self._rows = connection.execute(statement.sql, statement.parameters).fetchall()
                problem = statement.check and statement.check(self._rows)
                if problem is not None:
                    return problem
        except sqlite3.Error as error:
            return unavailable(error)
        except (OverflowError, UnicodeError) as error:
            # A number or a text that no column can hold: https://docs.python.org/3/library/sqlite3.html#sqlite3-adapters
            return error
        return None


class GroupCommit(sqlite3.Connection):
    """A connection whose `commit` writes every unit that waits, in one transaction."""

    def __init__(self, waiting: deque[Unit], path: str, *, timeout: float) -> None:
        """Connect.

        Args:
            waiting: where units are put; `commit` takes them from there.
            path: of the database's file.
            timeout: how many seconds to wait for another process that writes.
        """
        super().__init__(path, timeout=timeout, isolation_level=None)
        self._waiting = waiting
        self.row_factory = sqlite3.Row

    @override
    def commit(self) -> None:
        """Write what waits. Errors are kept in the units."""
        units = self._take()
        if not units:
            return
        failure: Exception | None = StorageUnavailable("the commit was broken off")
        try:
            self._write(units)
            failure = None
        except sqlite3.Error as error:
            failure = unavailable(error)
        finally:
            if self.in_transaction:
                self.rollback()
            for unit in units:
                unit.settle(failure)

    def _take(self) -> Sequence[Unit]:
        return [self._waiting.popleft() for _ in range(len(self._waiting))]

    def _write(self, units: Sequence[Unit]) -> None:
        self.execute("BEGIN IMMEDIATE")
        for unit in units:
            unit.run(self)
        self.execute("COMMIT")


def unavailable(error: sqlite3.Error) -> StorageUnavailable:
    """Translate an error of SQLite."""
    problem = StorageUnavailable(f"the database: {error}")
    problem.__cause__ = error
    return problem
