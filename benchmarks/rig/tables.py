"""Markdown tables of what was measured, and of what was aimed at."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Aim:
    """One thing to reach."""

    what: str
    """What is measured."""
    limit: float
    """How much it may be."""
    measured: float
    """How much it was; NaN when it was not measured."""
    unit: str = "x"
    """Of both."""
    at_least: bool = False
    """Whether more is better."""

    @property
    def verdict(self) -> str:
        """Whether it is reached."""
        if math.isnan(self.measured):
            return "not measured"
        return "yes" if (self.measured >= self.limit if self.at_least else self.measured <= self.limit) else "**no**"


def table(columns: Sequence[str], rows: Mapping[str, Sequence[str]] | Sequence[Sequence[str]]) -> str:
    """Return a table; the rows of a mapping begin with their names."""
    named = [(name, *cells) for name, cells in rows.items()] if isinstance(rows, Mapping) else rows
    lines = [columns, ("---",) * len(columns), *named]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def aims(wanted: Sequence[Aim]) -> str:
    """Return the table of aims."""
    return table(("aim", "limit", "measured", "reached"), [_aim_cells(aim) for aim in wanted])


def _aim_cells(aim: Aim) -> Sequence[str]:
    limit = f"{'>=' if aim.at_least else '<='} {_number(aim.limit)}{_unit(aim)}"
    return (aim.what, limit, f"{_number(aim.measured)}{_unit(aim)}", aim.verdict)


def _unit(aim: Aim) -> str:
    return aim.unit if aim.unit == "x" else f" {aim.unit}"


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def spread(values: Sequence[float], form: str = ".1f") -> str:
    """Return the median of some runs, with the lowest and the highest where there are several."""
    if not values:
        return "-"
    middle = format(statistics.median(values), form)
    return f"{middle} ({min(values):{form}} to {max(values):{form}})" if len(values) > 1 else middle


def pair(values: Sequence[float], form: str = ".1f") -> str:
    """Return median and 95th percentile."""
    return f"{percentile(values, 50):{form}} / {percentile(values, 95):{form}}" if values else "-"


def ratio(ours: float, theirs: float) -> str:
    """Return how many times as much."""
    return f"{quotient(ours, theirs):.2f}x" if not math.isnan(quotient(ours, theirs)) else "-"


def quotient(ours: float, theirs: float) -> float:
    """Return how many times as much; NaN without something to compare with."""
    return ours / theirs if theirs else math.nan


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value that so many percent of the values do not exceed; NaN without values."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)] if ordered else math.nan
