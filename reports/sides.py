"""Two runs side by side: the judged world of each, quantity by quantity and check by check."""

from __future__ import annotations

from dataclasses import dataclass

from reports.compare import Row, compare
from reports.result import Result
from sim.verdict import Outcome


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One check in both runs: outcome and anomalies."""

    check: str
    first: Outcome
    second: Outcome
    first_count: int
    second_count: int


@dataclass(frozen=True, slots=True)
class Sides:
    """In each row, `measured` is the first run and `predicted` the second, so `error` is what the second has more."""

    first: Result
    second: Result
    rows: tuple[Row, ...]
    checks: tuple[CheckRow, ...]


def side_by_side(first: Result, second: Result) -> Sides:
    """Hold two judged runs against each other."""
    rows = compare(second.world, first.world).rows
    ours, theirs = (
        {found.verdict.check: found.verdict for found in result.world.findings} for result in (first, second)
    )
    checks = tuple(
        CheckRow(name, ours[name].outcome, theirs[name].outcome, ours[name].count, theirs[name].count)
        for name in ours
        if name in theirs
    )
    return Sides(first, second, rows, checks)
