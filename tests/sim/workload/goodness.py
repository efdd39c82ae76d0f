"""Goodness of fit without scipy."""

from __future__ import annotations

from collections.abc import Sequence


def chi_square_z(observed: Sequence[float], expected: Sequence[float]) -> float:
    """Pearson's chi-square as a standard normal deviate (Wilson and Hilferty, 1931): a true fit exceeds 3 once in 740.

    `expected` needs the same sum as `observed`, and at least 5 in every bin.
    """
    assert min(expected) >= 5, expected
    statistic = sum((seen - want) ** 2 / want for seen, want in zip(observed, expected, strict=True))
    freedom = len(observed) - 1
    cubic = 2 / (9 * freedom)
    return float(((statistic / freedom) ** (1 / 3) - (1 - cubic)) / cubic**0.5)
