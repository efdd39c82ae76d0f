"""Histograms: quantiles within their promise, exact means, and sums that are the histogram of all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.fast.histogram import BINS, Histogram, bin_of, edges_s
from sim.workload.samplers import FloatArray

PROMISE = 0.008


@pytest.mark.parametrize("probability", [0.01, 0.5, 0.95, 0.99, 0.999])
@pytest.mark.parametrize("scale_s", [1e-4, 0.02, 3.0])
def test_quantiles_are_those_of_numpy_within_the_width_of_a_bin(probability: float, scale_s: float) -> None:
    values_s = np.random.default_rng(1).lognormal(np.log(scale_s), 0.8, 200_000)
    exact_s = float(np.quantile(values_s, probability))
    assert Histogram.of(values_s).quantile_s(probability) == pytest.approx(exact_s, rel=PROMISE)


def test_the_mean_is_exact() -> None:
    values_s = np.random.default_rng(2).exponential(0.1, 10_000)
    assert Histogram.of(values_s).mean_s == pytest.approx(float(values_s.mean()), rel=1e-12)


values = st.lists(st.floats(0, 1e6, allow_subnormal=False), max_size=30).map(
    lambda listed: np.array(listed, np.float64)
)


@given(first=values, second=values)
def test_the_sum_of_two_is_the_histogram_of_both(first: FloatArray, second: FloatArray) -> None:
    both = Histogram.of(first) + Histogram.of(second)
    assert both.counts.tolist() == Histogram.of(np.concatenate([first, second])).counts.tolist()
    assert both.count == len(first) + len(second)


@settings(deadline=None)  # the first call compiles
@given(st.floats(2.0**-20, 255.9))
def test_a_value_lies_between_the_edges_of_its_bin_which_is_narrow(value_s: float) -> None:
    low_s, high_s = edges_s()[bin_of(value_s) : bin_of(value_s) + 2]
    assert low_s <= value_s < high_s
    assert high_s - low_s <= value_s / 64 or bin_of(value_s) == 0


def test_what_is_beyond_all_bins_is_counted_in_the_first_or_last() -> None:
    histogram = Histogram.of(np.array([0.0, 1e-9, 1e9]))
    assert (histogram.counts[0], histogram.counts[BINS - 1], histogram.count) == (2, 1, 3)


def test_weights_count_a_value_several_times() -> None:
    histogram = Histogram.of(np.array([0.1, 0.2]))
    assert histogram.times(3).counts.tolist() == (histogram + histogram + histogram).counts.tolist()


def test_nothing_has_neither_mean_nor_quantile() -> None:
    with pytest.raises(ValueError, match="empty"):
        _ = Histogram.empty().mean_s
    with pytest.raises(ValueError, match="empty"):
        Histogram.empty().quantile_s(0.5)


def test_a_probability_beyond_1_is_refused() -> None:
    with pytest.raises(ValueError, match=r"probability=1\.5"):
        Histogram.of(np.ones(3)).quantile_s(1.5)
