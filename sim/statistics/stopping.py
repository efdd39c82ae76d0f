"""When are there enough replications? When the interval is narrow against the mean, and stays so.

    half-width / |mean|   ▇ ▆ ▅ ▃ ▂ ▂ ▁ ▁ ▁ ▁       ── γ / (1 + γ)
                                  └── look-ahead ──┘

An interval that is at most γ/(1 + γ) of the *estimated* mean is within γ of the true one (Law, Simulation Modeling and
Analysis, 5th ed., 9.4.1). An interval can be narrow by chance, so it must stay narrow for a few more replications
(Hoad, Robinson and Davies, "Automated selection of the number of replications", JORS 61, 2010).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sim.statistics.intervals import LEAST, Interval, mean_interval


@dataclass(frozen=True, slots=True)
class Precision:
    """Stop when the mean is known to `relative` (γ), having stayed so for `look_ahead` more; give up at `most`."""

    relative: float = 0.10
    confidence: float = 0.95
    look_ahead: int = 5
    most: int = 40

    def __post_init__(self) -> None:
        if not 0 < self.relative < 1:
            raise ValueError(f"relative={self.relative} must lie between 0 and 1, such as 0.1")
        if self.most < LEAST + self.look_ahead:
            raise ValueError(f"most={self.most} must be at least {LEAST + self.look_ahead}")

    def holds(self, values: Sequence[float]) -> bool:
        """Whether the mean of so many values is known well enough."""
        return mean_interval(values, self.confidence).relative <= self.relative / (1 + self.relative)

    def missed(self, found: Interval | None, what: str) -> str:
        """That the mean is not known well enough, in words; empty when it is."""
        if found is not None and found.relative <= self.relative / (1 + self.relative):
            return ""
        known = "not known" if found is None else f"known to {found.relative:.1%}"
        return f"{what} is {known} after {self.most} replications, {self.relative:.1%} was asked for"

    def reached_at(self, values: Sequence[float]) -> int | None:
        """The number of values after which the mean was known and stayed so; None while it is not, or not yet sure."""
        steady_from: int | None = None
        for number in range(LEAST, len(values) + 1):
            if not self.holds(values[:number]):
                steady_from = None
            elif steady_from is None:
                steady_from = number
            if steady_from is not None and number - steady_from >= self.look_ahead:
                return steady_from
        return None
