"""A Laboratory runs cases where it was told to, and writes each answer down at once.

    cases ─► those not in the ledger ─► executor ─► ledger ─► answers, in the order of the cases

    replications.jsonl    {"key": "9f…", "values": {"delivery_p99": 0.0312, …}}     one line a case

A run that is killed keeps what was finished: the next one with the same ledger goes on from there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from sim.errors import UsageError
from sim.experiments.case import Case, Values, observe
from sim.experiments.executor import Executor, InProcess

LEDGER = "replications.jsonl"


class Laboratory:
    """`ledger` is a file that need not exist, or None to write nothing down; `told` hears done and total of a batch."""

    def __init__(
        self,
        executor: Executor | None = None,
        ledger: Path | None = None,
        told: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        self._executor = executor or InProcess()
        self._ledger = ledger
        self._told = told
        self._known: dict[str, Values] = {} if ledger is None else _read(ledger)

    def observe(self, cases: Sequence[Case]) -> list[Values]:
        """The answer to every case, computed unless it is known."""
        keys = [case.key for case in cases]
        missing = {key: case for key, case in zip(keys, cases, strict=True) if key not in self._known}
        answers = self._executor.map(observe, list(missing.values()))
        for done, (key, values) in enumerate(zip(missing, answers, strict=True), 1):
            self._write_down(key, values)
            self._told(done, len(missing))
        return [self._known[key] for key in keys]

    def _write_down(self, key: str, values: Values) -> None:
        self._known[key] = values
        if self._ledger is not None:
            with self._ledger.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"key": key, "values": dict(values)}) + "\n")


def _read(ledger: Path) -> dict[str, Values]:
    """What is in a ledger. A last line that a kill cut short is removed, lest the next one grow onto it."""
    if not ledger.is_file():
        return {}
    text = ledger.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    try:
        lines = [json.loads(line) for line in whole.splitlines()]
        known = {line["key"]: line["values"] for line in lines}
    except (ValueError, TypeError, KeyError) as error:
        raise UsageError(f"{ledger} is not a ledger of replications ({error}); choose another --out") from error
    if whole != text:
        ledger.write_text(whole, encoding="utf-8")
    return known
