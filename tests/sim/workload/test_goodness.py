"""The measures of fit themselves: they accept what was drawn from the law and reject what was not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sim.workload.samplers import FloatArray
from tests.sim.workload.goodness import anderson_darling, ks, two_sample_ks

TIMES = 300
# Where a true fit lies above once in twenty, once in a hundred (Stephens 1974; Anderson and Darling 1954).
CRITICAL = [(ks, 1.358, 0.05), (ks, 1.628, 0.01), (anderson_darling, 2.492, 0.05), (anderson_darling, 3.857, 0.01)]


def exponential(x: FloatArray) -> FloatArray:
    return -np.expm1(-x)


@pytest.mark.parametrize(("measure", "critical", "chance"), CRITICAL)
def test_a_true_fit_exceeds_the_critical_value_as_often_as_the_table_says(
    measure: Callable[[FloatArray, Callable[[FloatArray], FloatArray]], float], critical: float, chance: float
) -> None:
    rng = np.random.default_rng(3)
    exceeded = sum(measure(rng.exponential(1, 500), exponential) > critical for _ in range(TIMES))
    assert exceeded == pytest.approx(TIMES * chance, abs=4 * (TIMES * chance) ** 0.5)


def test_another_mean_is_rejected() -> None:
    wrong = np.random.default_rng(3).exponential(1.1, 5000)
    assert ks(wrong, exponential) > 1.95
    assert anderson_darling(wrong, exponential) > 6


def test_anderson_and_darling_see_a_tail_that_is_cut() -> None:
    cut = np.minimum(np.random.default_rng(3).exponential(1, 5000), 3.0)
    assert anderson_darling(cut, exponential) > 6


def test_two_samples_are_told_apart_by_their_laws_alone() -> None:
    rng = np.random.default_rng(3)
    assert two_sample_ks(rng.exponential(1, 3000), rng.exponential(1, 2000)) < 1.95
    assert two_sample_ks(rng.exponential(1, 3000), rng.exponential(1.2, 2000)) > 1.95
