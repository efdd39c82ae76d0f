"""Where a number comes from. No figure is shown without one of four marks.

sourced   published by somebody; `source` says by whom and when
measured  by us; `source` says on what
assumed   an estimate; `low` and `high` say how wide
derived   computed from others; `source` shows the formula
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Mark = Literal["sourced", "measured", "assumed", "derived"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number with its unit and its origin. `low ≤ value ≤ high` where a range is known."""

    name: str
    value: float
    unit: str
    mark: Mark
    source: str
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        low = self.value if self.low is None else self.low
        high = self.value if self.high is None else self.high
        if not low <= self.value <= high:
            raise ValueError(f"{self.name}={self.value} lies outside its own range {low}..{high}")


def sourced(
    name: str, value: float, unit: str, source: str, low: float | None = None, high: float | None = None
) -> Parameter:
    """A published figure."""
    return Parameter(name, value, unit, "sourced", source, low, high)


def assumed(name: str, value: float, unit: str, why: str, low: float, high: float) -> Parameter:
    """An estimate; its range is not optional."""
    return Parameter(name, value, unit, "assumed", why, low, high)


def measured(name: str, value: float, unit: str, where: str) -> Parameter:
    """A figure that we measured."""
    return Parameter(name, value, unit, "measured", where)


def derived(
    name: str, value: float, unit: str, formula: str, low: float | None = None, high: float | None = None
) -> Parameter:
    """A figure computed from others; its range is what theirs allow."""
    return Parameter(name, value, unit, "derived", formula, low, high)
