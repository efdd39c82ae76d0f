"""How sure is a mean? Student's interval over independent replications.

Values of one run are not independent (a long queue stays long), so each replication counts as one value: its own mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import NormalDist, fmean, stdev
from typing import NamedTuple


class Interval(NamedTuple):
    """Mean and half-width of its confidence interval."""

    mean: float
    half_width: float

    def holds(self, value: float) -> bool:
        """Whether `value` lies inside."""
        return abs(value - self.mean) <= self.half_width


def mean_interval(replications: Sequence[float], confidence: float = 0.95) -> Interval:
    """The mean of independent values with its interval. Raises ValueError for fewer than 4 values."""
    number = len(replications)
    if number < 4:
        raise ValueError(f"{number} replications are too few, at least 4 are needed")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence={confidence} must lie between 0 and 1")
    quantile = _student_quantile((1 + confidence) / 2, number - 1)
    return Interval(fmean(replications), quantile * stdev(replications) / sqrt(number))


def _student_quantile(probability: float, degrees: int) -> float:
    """Quantile of Student's t from the normal one (Abramowitz and Stegun 1964, 26.7.5), within 1 %."""
    x = NormalDist().inv_cdf(probability)
    terms = (
        (x**3 + x) / 4,
        (5 * x**5 + 16 * x**3 + 3 * x) / 96,
        (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384,
        (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / 92_160,
    )
    return x + sum(term / float(degrees) ** power for power, term in enumerate(terms, 1))
