"""What a check is, and how it says what it found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from sim.history import History
from sim.verdict import Example, Outcome, Verdict


@dataclass(frozen=True, slots=True)
class Check:
    """One anomaly and the function that looks for it.

    A safety check convicts on one bad event; a liveness check needs a bound in time, or an end that was quiet.
    `definition` is one sentence for the reader of a report.
    """

    name: str
    kind: Literal["safety", "liveness"]
    definition: str
    run: Callable[[History], Verdict]


def judge(
    check: str,
    *,
    count: int,
    checked: int,
    found: str,
    candidates: str,
    too_little: str | None = None,
    absent: str | None = None,
    allowed: str = "",
    examples: Iterable[Example] = (),
    values: Mapping[str, float | int | str] | None = None,
) -> Verdict:
    """Fail if anything was found; else unknown with the reason `too_little`, or when nothing was checked; else pass.

    `found` and `candidates` are the nouns of the summary: 3 *lost* among 1,000 *deliveries owed*. `allowed` is why the
    contract of this run permits what was found. `absent` makes nothing to check no matter: it says what the history
    does not record.
    """
    if count and allowed:
        outcome, summary = Outcome.PASS, f"{count:,} {found} among {checked:,} {candidates}, allowed: {allowed}"
    elif count:
        outcome, summary = Outcome.FAIL, f"{count:,} {found} among {checked:,} {candidates}"
    elif absent and not checked and not too_little:
        return Verdict(check, Outcome.NOT_APPLICABLE, 0, 0, absent)
    elif too_little or not checked:
        outcome, summary = Outcome.UNKNOWN, too_little or f"there were no {candidates} to judge"
    else:
        outcome, summary = Outcome.PASS, f"none {found} among {checked:,} {candidates}"
    permitted = allowed if count else ""
    return Verdict(check, outcome, count, checked, summary, tuple(examples), values or {}, permitted)


def unknown(check: str, why: str, values: Mapping[str, float | int | str] | None = None) -> Verdict:
    """Nothing can be said, for the reason given."""
    return Verdict(check, Outcome.UNKNOWN, 0, 0, why, values=values or {})


def example(events: Iterable[int], note: str) -> Example:
    """An example from event numbers in any order; negative ones stand for events that never happened."""
    return Example(tuple(sorted({int(event) for event in events if event >= 0})), note)


def records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as dictionaries, their event numbers as `event`."""
    columns = {"event": rows.index.tolist(), **{str(name): rows[name].tolist() for name in rows}}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
