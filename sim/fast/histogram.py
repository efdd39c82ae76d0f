"""Latencies without keeping them: counts in bins that grow with the value, which can be added up.

    2^-20 s ├┬┬┬┬┤ 2^-19 ├┬┬┬┬┤ … ├┬┬┬┬┤ 2^8 s        64 equal bins an octave, about 1 µs to 4 min

The bin is read from the bits of the number: the exponent and the first six bits behind it. A bin is at most 1/64 of
its value wide, so a quantile is off by less than 0.8 % when taken in its middle. The mean is exact: the sum is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.fast.compiled import compiled
from sim.workload.samplers import FloatArray, IntArray

_PER_OCTAVE_BITS = 6
_LOWEST, _HIGHEST = -20, 8
_SHIFT = 52 - _PER_OCTAVE_BITS
_OFFSET = (1023 + _LOWEST) << _PER_OCTAVE_BITS
BINS = (_HIGHEST - _LOWEST) << _PER_OCTAVE_BITS


@compiled
def bin_of(value_s: float) -> int:
    """The bin of a value ≥ 0; what is smaller or larger than all bins goes to the first or last."""
    number = (int(np.float64(value_s).view(np.int64)) >> _SHIFT) - _OFFSET
    return min(max(number, 0), BINS - 1)


def edges_s() -> FloatArray:
    """The BINS + 1 borders of the bins, ascending; the first bin begins at 0."""
    numbers = np.arange(BINS + 1)
    within = (numbers & ((1 << _PER_OCTAVE_BITS) - 1)) / (1 << _PER_OCTAVE_BITS)
    edges: FloatArray = np.ldexp(1.0 + within, (numbers >> _PER_OCTAVE_BITS) + _LOWEST)
    edges[0] = 0.0
    return edges


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """Counts, shape (BINS,), and the sum of all values in seconds."""

    counts: IntArray
    total_s: float

    @classmethod
    def of(cls, values_s: FloatArray) -> Histogram:
        """Of values ≥ 0 in seconds."""
        numbers = (np.ascontiguousarray(values_s, np.float64).view(np.int64) >> _SHIFT) - _OFFSET
        counts = np.bincount(np.clip(numbers, 0, BINS - 1), minlength=BINS)
        return cls(counts.astype(np.int64), float(values_s.sum()))

    @classmethod
    def empty(cls) -> Histogram:
        """Of nothing."""
        return cls(np.zeros(BINS, np.int64), 0.0)

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Histogram:
        """Of what `to_dict` gave."""
        counts = np.zeros(BINS, np.int64)
        counts[found["bins"]] = found["counts"]
        return cls(counts, found["total_s"])

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: the bins that are not empty, their counts, and the sum."""
        (bins,) = np.nonzero(self.counts)
        return {"bins": bins.tolist(), "counts": self.counts[bins].tolist(), "total_s": self.total_s}

    def __add__(self, other: Histogram) -> Histogram:
        return Histogram(self.counts + other.counts, self.total_s + other.total_s)

    def times(self, weight: int) -> Histogram:
        """As if every value had come `weight` times."""
        return Histogram(self.counts * weight, self.total_s * weight)

    @property
    def count(self) -> int:
        """How many values."""
        return int(self.counts.sum())

    @property
    def mean_s(self) -> float:
        """Exact up to rounding. Raises ValueError when empty."""
        return self.total_s / self._counted()

    def quantile_s(self, probability: float) -> float:
        """The value that this share does not exceed, linear within its bin. Raises ValueError when empty."""
        if not 0 <= probability <= 1:
            raise ValueError(f"probability={probability} must lie between 0 and 1")
        return float(self.quantiles_s(np.array([probability]))[0])

    def quantiles_s(self, probabilities: FloatArray) -> FloatArray:
        """The same for many at once."""
        ranks = probabilities * self._counted()
        below = np.concatenate([[0], np.cumsum(self.counts)])
        numbers = np.minimum(np.searchsorted(below, ranks, side="left"), BINS)
        numbers = np.maximum(numbers, int(np.argmax(below > 0))) - 1
        shares = np.clip((ranks - below[numbers]) / np.maximum(self.counts[numbers], 1), 0.0, 1.0)
        edges = edges_s()
        found: FloatArray = edges[numbers] + (edges[numbers + 1] - edges[numbers]) * shares
        return found

    def _counted(self) -> int:
        if (count := self.count) == 0:
            raise ValueError("the histogram is empty: nothing was recorded")
        return count
