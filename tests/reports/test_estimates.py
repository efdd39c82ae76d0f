from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.estimates import ENOUGH, QUANTILES, describe, estimate, time_blocks

MILLISECONDS = np.arange(1, 1001) / 1000


def test_percentiles_of_a_thousand_are_the_nearest_ranks() -> None:
    found = describe(np.random.default_rng(1).permutation(MILLISECONDS))
    assert found == {"mean": pytest.approx(0.5005), "p50": 0.5, "p95": 0.95, "p99": 0.99, "p999": 0.999, "max": 1.0}


def test_one_sample_is_every_statistic() -> None:
    assert set(describe(np.array([0.25])).values()) == {0.25}


def test_nothing_has_no_statistics() -> None:
    assert describe(np.array([])) == {}
    assert estimate(np.array([]), np.array([], dtype=np.int64)) == {}


@given(st.lists(st.floats(-1, 10), min_size=1, max_size=200))
def test_a_percentile_is_a_sample_that_enough_samples_do_not_exceed(values: list[float]) -> None:
    samples = np.array(values)
    for name, share in QUANTILES.items():
        found = describe(samples)[name]
        assert found in values
        assert (samples <= found).mean() >= share - 1e-9


def test_the_fewest_samples_are_those_of_wilks() -> None:
    for name, share in QUANTILES.items():
        assert share ** ENOUGH[name] <= 0.05 < share ** (ENOUGH[name] - 1)


def test_time_blocks_are_of_equal_length_and_hold_both_ends() -> None:
    assert time_blocks(np.array([10.0, 12.4, 12.6, 60.0]), 10.0, 60.0).tolist() == [0, 0, 1, 19]


def test_an_estimate_lies_in_its_interval_and_a_maximum_has_none() -> None:
    rng = np.random.default_rng(2)
    found = estimate(rng.exponential(0.01, 5000), time_blocks(np.sort(rng.random(5000)), 0, 1))
    for name in ("mean", *QUANTILES):
        low, high = found[name].low_s, found[name].high_s
        assert low is not None
        assert high is not None
        assert low <= found[name].value_s <= high
    assert found["max"].low_s is None


def test_the_same_samples_have_the_same_interval() -> None:
    values, blocks = np.random.default_rng(3).exponential(0.01, 400), np.arange(400) // 20
    assert estimate(values, blocks) == estimate(values, blocks)


def test_one_block_of_time_gives_no_interval() -> None:
    assert estimate(MILLISECONDS, np.zeros(1000, dtype=np.int64))["p99"].low_s is None


def test_intervals_cover_the_true_mean_of_correlated_samples() -> None:
    """A first-order process with correlation 0.9: an interval from independent samples would cover about a third."""
    covered = 0
    for seed in range(60):
        noise = np.random.default_rng(seed).normal(size=4000)
        series = np.empty(4000)
        series[0] = noise[0] / np.sqrt(1 - 0.9**2)
        for at in range(1, 4000):
            series[at] = 0.9 * series[at - 1] + noise[at]
        mean = estimate(series, time_blocks(np.arange(4000.0), 0, 4000))["mean"]
        assert mean.low_s is not None
        assert mean.high_s is not None
        covered += mean.low_s <= 0 <= mean.high_s
    assert covered >= 50
