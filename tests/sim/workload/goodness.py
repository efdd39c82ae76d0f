"""Goodness of fit without scipy."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from sim.workload.samplers import FloatArray


def chi_square_z(observed: Sequence[float], expected: Sequence[float]) -> float:
    """Pearson's chi-square as a standard normal deviate (Wilson and Hilferty, 1931): a true fit exceeds 3 once in 740.

    `expected` needs the same sum as `observed`, and at least 5 in every bin.
    """
    assert min(expected) >= 5, expected
    statistic = sum((seen - want) ** 2 / want for seen, want in zip(observed, expected, strict=True))
    freedom = len(observed) - 1
    cubic = 2 / (9 * freedom)
    return float(((statistic / freedom) ** (1 / 3) - (1 - cubic)) / cubic**0.5)


def two_sample_ks(first: FloatArray, second: FloatArray) -> float:
    """Kolmogorov and Smirnov's distance of two samples in units of its spread: above 1.95 once in a thousand."""
    both = np.sort(np.concatenate([first, second]))
    steps = [np.searchsorted(np.sort(sample), both, side="right") / len(sample) for sample in (first, second)]
    distance = float(np.abs(steps[0] - steps[1]).max())
    return distance * float(np.sqrt(len(first) * len(second) / (len(first) + len(second))))


def ks(sample: FloatArray, distribution: Callable[[FloatArray], FloatArray]) -> float:
    """The distance from a continuous distribution function in the same units: above 1.95 once in a thousand."""
    ordered = np.sort(sample)
    below = distribution(ordered)
    steps = np.arange(len(ordered) + 1) / len(ordered)
    distance = max(float((steps[1:] - below).max()), float((below - steps[:-1]).max()))
    return distance * float(np.sqrt(len(ordered)))


def anderson_darling(sample: FloatArray, distribution: Callable[[FloatArray], FloatArray]) -> float:
    """Anderson and Darling's A², which looks at the tails: above 6.0 once in a thousand for a known distribution."""
    below = np.clip(distribution(np.sort(sample)), 1e-15, 1 - 1e-15)
    count = len(below)
    weights = 2 * np.arange(1, count + 1) - 1
    return float(-count - (weights * (np.log(below) + np.log1p(-below[::-1]))).mean())
