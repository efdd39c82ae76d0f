"""The table of the document's flaws, a line as soon as it is complete: flaw, design, check, and a verdict a world."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from chatscale.console import stdout_console
from chatscale.flaws import PRESETS, Flaw, Preset, Row
from chatscale.show import json_document
from sim.verdict import Outcome

_SIGNS = {Outcome.PASS: "✓", Outcome.FAIL: "✗"}
_HEADS = ("flaw", "design", "check", "model", "real servers")
_WIDTHS = (17, 10, 20, 16, 0)


class Table:
    """Collects rows; `quiet` tells nothing before the end, and then JSON."""

    def __init__(self, flaws: Sequence[Flaw], *, with_real: bool, quiet: bool) -> None:
        self._due: list[tuple[Flaw, Preset]] = [(flaw, preset) for flaw in flaws for preset in PRESETS]
        self._with_real = with_real
        self._quiet = quiet
        self._rows: dict[tuple[str, Preset, str], Row] = {}
        self._print(_HEADS if with_real else _HEADS[:-1])

    def add(self, rows: Iterable[Row]) -> None:
        """Take rows as they come."""
        for row in rows:
            self._rows[row.flaw, row.preset, row.world] = row
            self._print_complete()

    def end(self) -> int:
        """Tell what is left, and the total; the exit code of the command."""
        rows = list(self._rows.values())
        good = sum(row.as_expected for row in rows)
        holds = bool(rows) and good == len(rows)
        if self._quiet:
            told = [{**asdict(row), "as_expected": row.as_expected} for row in rows]
            json_document({"holds": holds, "as_expected": good, "rows": told})
        else:
            stdout_console().print(f"{good} of {len(rows)} verdicts as expected: seed convicted, hardened clean")
        return 0 if holds else 1

    def _print_complete(self) -> None:
        while self._due and self._is_complete(*self._due[0]):
            flaw, preset = self._due.pop(0)
            worlds = ("model", "real") if self._with_real else ("model",)
            cells = (self._cell(flaw, preset, world) for world in worlds)
            self._print((flaw.name, preset, flaw.anomaly, *cells))

    def _is_complete(self, flaw: Flaw, preset: Preset) -> bool:
        last = "real" if self._with_real else "model"
        return (flaw.name, preset, last) in self._rows or (last == "model" and bool(flaw.mutant))

    def _cell(self, flaw: Flaw, preset: Preset, world: str) -> str:
        row = self._rows.get((flaw.name, preset, world))
        if row is None:
            return "–"
        told = f"{_SIGNS.get(row.outcome, '?')} {row.count:,} of {row.checked:,}"
        return told if row.as_expected else f"{told} UNEXPECTED {' '.join(row.besides)}".rstrip()

    def _print(self, cells: Sequence[str]) -> None:
        if not self._quiet:
            line = "".join(f"{cell:<{width}}" for cell, width in zip(cells, _WIDTHS, strict=False))
            stdout_console().print(line.rstrip())
