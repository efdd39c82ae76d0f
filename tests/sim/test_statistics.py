from __future__ import annotations

import numpy as np
import pytest

from sim.statistics import mean_interval


# Two-sided Student quantiles of published tables, for values whose mean is 0 and whose standard deviation is 1.
@pytest.mark.parametrize(
    ("number", "confidence", "quantile"),
    [(4, 0.95, 3.182), (5, 0.99, 4.604), (10, 0.95, 2.262), (10, 0.99, 3.250), (20, 0.99, 2.861)],
)
def test_the_half_width_uses_students_quantile(number: int, confidence: float, quantile: float) -> None:
    values = np.linspace(-1, 1, number)
    values /= values.std(ddof=1)
    assert mean_interval(values.tolist(), confidence).half_width * number**0.5 == pytest.approx(quantile, rel=0.005)


def test_nineteen_of_twenty_intervals_hold_the_true_mean() -> None:
    rng = np.random.default_rng(1)
    held = [mean_interval(rng.normal(3.0, 2.0, 8).tolist()).holds(3.0) for _ in range(2_000)]
    assert np.mean(held) == pytest.approx(0.95, abs=0.015)


def test_too_few_replications_are_refused() -> None:
    with pytest.raises(ValueError, match="3 replications are too few"):
        mean_interval([1.0, 2.0, 3.0])


def test_a_confidence_outside_0_and_1_is_refused() -> None:
    with pytest.raises(ValueError, match="confidence=95"):
        mean_interval([1.0, 2.0, 3.0, 4.0], confidence=95)
