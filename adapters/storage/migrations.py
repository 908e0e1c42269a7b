"""Numbered migrations: `schema/NNNN_*.sql`, each run once, all that are missing in one transaction."""

import sqlite3
from collections.abc import Iterator

from adapters.storage.sql import ROOM
from bot.domain.errors import StorageUnavailable


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a database to the newest schema. Several processes may do so at once.

    Args:
        connection: with `isolation_level=None`.

    Raises:
        StorageUnavailable: a newer version of this program has written it.
        sqlite3.Error: it cannot be read or written.
    """
    files = sorted((ROOM / "schema").glob("*.sql"))
    newest = int(files[-1].name[:4])
    if _version(connection) == newest:
        return
    connection.execute("BEGIN IMMEDIATE")
    version = _version(connection)
    if version > newest:
        raise StorageUnavailable(
            f"the database has schema {version}, written by a newer Mynah; this one knows {newest}: update Mynah"
        )
    for file in files[version:]:
        for statement in _statements(file.read_text(encoding="utf-8")):
            connection.execute(statement)
    # Part of the transaction, like everything in the file's header: https://www.sqlite.org/pragma.html#pragma_user_version
    connection.execute(f"PRAGMA user_version = {newest}")
    connection.execute("COMMIT")


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _statements(script: str) -> Iterator[str]:
    """Cut a script into statements; `executescript` would commit after each."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
