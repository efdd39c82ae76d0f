"""Verdicts have three values. Unknown is not pass: what was not seen was not proven.

    pass     looked, and it held
    fail     looked, and here are the events that convict
    unknown  too little was seen, the end was not quiet, or the check itself crashed

The worst wins: fail > unknown > pass. Exit codes 1, 2, 0. A check of something that a history does not record, such as
reads of a registry, is `not-applicable`: it says nothing and weighs nothing, but it is no pass either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from html import escape

CRASHED = "the check itself crashed"


class Outcome(StrEnum):
    """The three values, and the absence of one."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not-applicable"

    @property
    def counts_against(self) -> bool:
        """Whether it keeps a run from passing."""
        return self in (Outcome.FAIL, Outcome.UNKNOWN)

    @property
    def exit_code(self) -> int:
        """What the command line returns for it."""
        return {Outcome.PASS: 0, Outcome.FAIL: 1}.get(self, 2)


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Fail if any fails, else unknown if any is unknown; nothing at all is unknown, and so is what never applied."""
    seen = set(outcomes)
    for outcome in (Outcome.FAIL, Outcome.UNKNOWN, Outcome.PASS):
        if outcome in seen:
            return outcome
    return Outcome.UNKNOWN


@dataclass(frozen=True, slots=True)
class Example:
    """The events (numbers in the history) that convict, and what they show."""

    events: tuple[int, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one check found: `count` anomalies among `checked` candidates, the worst examples first.

    `allowed`: why what was found breaks no promise of this run; such a verdict passes, and is listed apart.
    """

    check: str
    outcome: Outcome
    count: int
    checked: int
    summary: str
    examples: tuple[Example, ...] = ()
    values: Mapping[str, float | int | str] = field(default_factory=dict)
    allowed: str = ""

    @property
    def has_crashed(self) -> bool:
        """The check itself failed; the verdict is unknown for that reason."""
        return self.summary.startswith(CRASHED)


class Verdicts(tuple[Verdict, ...]):
    """What every check found; a notebook shows it as a table."""

    __slots__ = ()

    @property
    def outcome(self) -> Outcome:
        """The worst of them."""
        return worst(verdict.outcome for verdict in self)

    def __repr__(self) -> str:
        return "\n".join(f"{verdict.outcome.value:<8} {verdict.check:<18} {verdict.summary}" for verdict in self)

    def _repr_html_(self) -> str:
        rows = ((verdict.check, verdict.outcome.value, escape(verdict.summary)) for verdict in self)
        cells = "".join(f"<tr><td>{'</td><td>'.join(row)}</td></tr>" for row in rows)
        return f"<table><tr><th>check</th><th>outcome</th><th>found</th></tr>{cells}</table>"
