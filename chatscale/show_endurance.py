"""The table of an endurance campaign: a line as each schedule ends, totals behind it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from chatscale.console import stdout_console
from chatscale.show import json_document
from sim.verdict import worst

if TYPE_CHECKING:
    from chatscale.endurance import Finished

SCHEMA_VERSION = 1
_LINE = "{:>8} {:>10} {:>10} {:>7}  {:<7}  {}"
_STYLES = {"pass": "green", "fail": "bold red", "unknown": "yellow"}


class Table:
    """Prints while it grows; as JSON one document at the end."""

    def __init__(self, folder: Path, *, as_json: bool) -> None:
        self.rows: list[Finished] = []
        self._folder = folder
        self._as_json = as_json
        self._console = stdout_console()

    def add(self, row: Finished) -> None:
        """One more schedule has ended."""
        if not self._as_json:
            if not self.rows:
                head = _LINE.format("schedule", "operations", "deliveries", "unknown", "verdict", "faults")
                self._console.print(head, style="dim")
            self._console.print(_line(row), style=_STYLES[row.outcome])
        self.rows.append(row)

    def end(self, asked: int) -> None:
        """No more will come, of so many that were asked for."""
        if self._as_json:
            json_document({"schema": SCHEMA_VERSION, "folder": str(self._folder), "asked": asked, **totals(self.rows)})
            return
        sums = totals(self.rows)
        shown = ", ".join(f"{count} {outcome}" for outcome, count in sums["outcomes"].items())
        self._console.print(
            f"{len(self.rows)} of {asked} schedules: {shown}. {sums['operations']:,} operations, {sums['faults']} "
            f"faults, {sums['deliveries']:,} deliveries, {sums['unknown']:,} sends without an answer. In {self._folder}"
        )


def totals(rows: list[Finished]) -> dict[str, Any]:
    """Sums over the schedules, the worst outcome, and every row."""
    outcome = worst(row.outcome for row in rows)
    return {
        "outcome": outcome,
        "exit_code": outcome.exit_code,
        "outcomes": dict(Counter(str(row.outcome) for row in rows)),
        "operations": sum(row.operations for row in rows),
        "faults": sum(len(row.faults) for row in rows),
        "deliveries": sum(row.deliveries for row in rows),
        "unknown": sum(row.unknown for row in rows),
        "schedules": msgspec.to_builtins(rows),
    }


def _line(row: Finished) -> str:
    why = f" ({', '.join(row.against)})" if row.against else ""
    numbers = (row.seed, f"{row.operations:,}", f"{row.deliveries:,}", row.unknown)
    return _LINE.format(*numbers, row.outcome, "; ".join(row.faults)) + why
