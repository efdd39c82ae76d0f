from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.statistics import Interval, Precision, batch_mean_interval, mean_interval, mser5_cut, paired_interval, trend

Floats = NDArray[np.float64]


def waits(experiments: int, customers: int, load: float, seed: int) -> Floats:
    """Waiting times in M/M/1 queues of mean service 1 that begin in their steady state, one row a queue (Lindley)."""
    rng = np.random.default_rng(seed)
    steps = rng.exponential(1.0, (experiments, customers)) - rng.exponential(1 / load, (experiments, customers))
    steps[:, 0] = np.where(rng.random(experiments) < load, rng.exponential(1 / (1 - load), experiments), 0.0)
    walk = np.cumsum(steps, axis=1)
    found: Floats = walk - np.minimum(np.minimum.accumulate(walk, axis=1), 0.0)
    return found


def coverage_interval(held: list[bool]) -> Interval:
    """The share that held, with the interval of a binomial share (normal approximation) at 99 %."""
    share = float(np.mean(held))
    return Interval(share, 2.576 * float(np.sqrt(0.95 * 0.05 / len(held))))


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


def test_replications_of_a_queue_hold_its_mean_wait_in_nineteen_of_twenty_experiments() -> None:
    load = 0.8
    replications = [waits(experiments=200, customers=4_000, load=load, seed=seed).mean(axis=1) for seed in range(10)]
    held = [mean_interval(values).holds(load / (1 - load)) for values in zip(*replications, strict=True)]
    assert coverage_interval(held).holds(0.95)


def test_batches_of_one_long_run_hold_its_mean_wait_in_nineteen_of_twenty_experiments() -> None:
    load = 0.5
    rows = waits(experiments=200, customers=20_000, load=load, seed=3)
    held = [batch_mean_interval(row.tolist()).holds(load / (1 - load)) for row in rows]
    assert coverage_interval(held).holds(0.95)


def test_single_waits_treated_as_independent_do_not() -> None:
    load = 0.8
    rows = waits(experiments=200, customers=1_000, load=load, seed=4)
    held = [mean_interval(row.tolist()).holds(load / (1 - load)) for row in rows]
    assert np.mean(held) < 0.5


def test_batches_leave_out_the_start_that_does_not_fill_one() -> None:
    assert batch_mean_interval([99.0, 1.0, 3.0, 1.0, 3.0, 1.0, 3.0, 1.0, 3.0], batches=4) == Interval(2.0, 0.0)


def test_fewer_values_than_batches_are_refused() -> None:
    with pytest.raises(ValueError, match="19 values do not fill 20 batches"):
        batch_mean_interval([1.0] * 19)


def test_what_both_designs_share_is_not_in_a_paired_interval() -> None:
    shared = [1.0, 50.0, 200.0, 7.0, 90.0]
    assert paired_interval(shared, [value + 2.0 for value in shared]) == Interval(2.0, 0.0)


def test_pairs_need_as_many_values_on_either_side() -> None:
    with pytest.raises(ValueError, match="zip"):
        paired_interval([1.0] * 5, [1.0] * 4)


def test_a_mean_of_nothing_is_known_exactly_or_not_at_all() -> None:
    assert (Interval(0.0, 0.0).relative, Interval(0.0, 1.0).relative) == (0.0, float("inf"))


def test_replications_end_where_the_interval_stays_narrow_for_the_look_ahead() -> None:
    precision = Precision(relative=0.10, look_ahead=3)
    narrow = [10.0, 10.1, 9.9, 10.0]
    assert precision.reached_at([*narrow, 10.0, 10.0]) is None
    assert precision.reached_at([*narrow, 10.0, 10.0, 10.0]) == 4
    assert precision.reached_at([*narrow, 30.0, 10.0, 10.0, 10.0, 10.0]) is None


def test_an_interval_is_held_against_the_true_mean_not_the_estimated_one() -> None:
    values = [10.0, 11.0, 9.0, 10.5, 9.5, 10.2, 9.8]
    width = mean_interval(values).relative
    assert Precision(relative=width * 1.001).holds(values) is False
    assert Precision(relative=width / (1 - width) * 1.001).holds(values) is True


def test_stopping_at_a_precision_knows_the_mean_to_it() -> None:
    precision, rng, load = Precision(relative=0.15, most=200), np.random.default_rng(5), 0.5
    errors = []
    for _ in range(50):
        means = waits(200, 500, load, int(rng.integers(2**32))).mean(axis=1).tolist()
        number = precision.reached_at(means)
        assert number is not None
        errors.append(abs(np.mean(means[:number]) / (load / (1 - load)) - 1))
    assert np.mean(np.array(errors) <= 0.15) >= 0.9


@pytest.mark.parametrize("precision", [0.0, 1.0, -0.1])
def test_an_impossible_precision_is_refused(precision: float) -> None:
    with pytest.raises(ValueError, match=f"relative={precision}"):
        Precision(relative=precision)


def test_mser_cuts_where_the_start_differs() -> None:
    rng = np.random.default_rng(6)
    values = np.concatenate([np.full(40, 9.0), np.zeros(200)]) + rng.normal(0, 0.1, 240)
    assert mser5_cut(values) == 40


def test_mser_cuts_nothing_from_a_steady_series() -> None:
    cut = mser5_cut(np.tile([1.0, 2.0, 3.0, 4.0, 5.0], 40))
    assert cut == 0


def test_mser_cannot_tell_from_a_series_that_never_settles() -> None:
    assert mser5_cut(np.linspace(0, 1, 200)) is None
    assert mser5_cut(np.zeros(49)) is None


def test_a_trend_is_the_median_slope_whatever_an_outlier_says() -> None:
    t = np.arange(12.0)
    values = 3 * t
    values[5] = 1e6
    found = trend(t, values)
    assert found.slope == 3.0
    assert found.z > 2.3


def test_a_level_series_has_no_trend() -> None:
    found = trend(np.arange(20.0), np.tile([1.0, 2.0], 10))
    assert abs(found.z) < 2.3


def test_a_trend_of_7_values_is_refused() -> None:
    with pytest.raises(ValueError, match="7 values are too few"):
        trend(np.arange(7.0), np.arange(7.0))
