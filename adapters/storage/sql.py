"""Named queries: SQL lives in `.sql` files, and a statement is a query with its parameters bound.

A file `queries/<type>.sql` holds many queries, each after a line `-- name: <name>`. Parameters are written `:name`, a
list of them `IN (:names)`, and the dialect is what SQLite and PostgreSQL share (`ON CONFLICT`, `RETURNING`,
`UPDATE … FROM`, partial indexes), so that the same files can serve both.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

Parameter = str | int | float | None
"""What both databases take as it is."""

ROOM = Path(__file__).parent


class Row(Protocol):
    """A row that came back."""

    def __getitem__(self, column: str, /) -> Any:
        """Return the value of a column."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """One SQL statement, ready to run."""

    sql: str
    """With `:name` parameters."""
    parameters: Mapping[str, Parameter]
    """By name."""
    check: Callable[[Sequence[Row]], Exception | None] | None = None
    """Looks at the rows that come back; what it returns is raised, after the whole unit was undone."""

    def checked(self, check: Callable[[Sequence[Row]], Exception | None]) -> "Statement":
        """Return the same statement, whose rows are now looked at."""
        return replace(self, check=check)

    def required(self, otherwise: Callable[[], Exception]) -> "Statement":
        """Return the same statement, which now has to return a row."""
        return self.checked(lambda rows: None if rows else otherwise())


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """One named query of a file."""

    sql: str
    """With `:name` parameters."""

    def __call__(self, **parameters: Parameter | tuple[str, ...]) -> Statement:
        """Bind the parameters; a tuple of them is written `:names_0, :names_1, …`."""
        sql, bound = self.sql, dict[str, Parameter]()
        for name, value in parameters.items():
            if isinstance(value, tuple):
                items = {f"{name}_{number}": item for number, item in enumerate(value)}
                sql = re.sub(rf":{name}\b", ", ".join(f":{item}" for item in items), sql)
                bound.update(items)
            else:
                bound[name] = value
        return Statement(sql=sql, parameters=bound)


def load(type_: str) -> Mapping[str, Query]:
    """Read the queries of one type, by name."""
    text = (ROOM / "queries" / f"{type_}.sql").read_text(encoding="utf-8")
    _, *parts = re.split(r"^-- name: (\w+)$", text, flags=re.MULTILINE)
    return {name: Query(sql=sql.strip()) for name, sql in zip(parts[::2], parts[1::2], strict=True)}
