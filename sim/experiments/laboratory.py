"""A Laboratory runs cases where it was told to, and writes each answer down at once.

    cases ─► those not in the ledger ─► executor ─► ledger ─► answers, in the order of the cases

A run that is killed keeps what was finished: the next one with the same ledger goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from sim.experiments.case import Case, Values, observe
from sim.experiments.executor import Executor, InProcess
from sim.experiments.ledger import Ledger


class Laboratory:
    """`ledger` is a file that need not exist, or None to write nothing down; `told` hears done and total of a batch."""

    def __init__(
        self,
        executor: Executor | None = None,
        ledger: Path | None = None,
        told: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        self._executor = executor or InProcess()
        self._ledger = Ledger(ledger)
        self._told = told

    def observe(self, cases: Sequence[Case]) -> list[Values]:
        """The answer to every case, computed unless it is known."""
        return self._ledger.answers(observe, cases, self._executor, self._told)
