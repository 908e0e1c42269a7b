"""Named queries: SQL lives in `.sql` files, and a statement is a query with its parameters bound.

A file `queries/<type>.sql` holds many queries, each after a line `-- name: <name>`. Parameters are written `:name`, and
the dialect is what SQLite and PostgreSQL share (`ON CONFLICT`, `RETURNING`, partial indexes), so that the same files can
serve both.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

Parameter = str | int | float | None
"""What both databases take as it is."""

ROOM = Path(__file__).parent


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """One SQL statement, ready to run."""

    sql: str
    """With `:name` parameters."""
    parameters: Mapping[str, Parameter]
    """By name."""
    otherwise: Callable[[], Exception] | None = None
    """Makes what is raised when no row comes back, after the whole unit was undone; None when that is fine."""

    def required(self, otherwise: Callable[[], Exception]) -> "Statement":
        """Return the same statement, which now has to return a row."""
        return Statement(sql=self.sql, parameters=self.parameters, otherwise=otherwise)


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """One named query of a file."""

    sql: str
    """With `:name` parameters."""

    def __call__(self, **parameters: Parameter) -> Statement:
        """Bind the parameters."""
        return Statement(sql=self.sql, parameters=parameters)


def load(type_: str) -> Mapping[str, Query]:
    """Read the queries of one type, by name."""
    text = (ROOM / "queries" / f"{type_}.sql").read_text(encoding="utf-8")
    _, *parts = re.split(r"^-- name: (\w+)$", text, flags=re.MULTILINE)
    return {name: Query(sql=sql.strip()) for name, sql in zip(parts[::2], parts[1::2], strict=True)}
