"""Closed forms against simulation and against their limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.plan.sizes import log_normal_sum_p99, mean_whole_log_normal, mm1_wait
from sim.workload.samplers import group_sizes


def test_the_mean_group_is_that_of_the_groups_the_workload_draws() -> None:
    drawn = group_sizes(np.random.default_rng(7), 200_000, median=6.0, sigma=1.0, cap=256)
    standard_error = float(drawn.std()) / math.sqrt(len(drawn))
    assert mean_whole_log_normal(6.0, 1.0, 3, 256) == pytest.approx(float(drawn.mean()), abs=4 * standard_error)


@settings(deadline=None)
@given(median=st.floats(1, 2000), sigma=st.floats(0, 3), high=st.integers(3, 1024))
def test_the_mean_group_keeps_within_its_bounds(median: float, sigma: float, high: int) -> None:
    assert 3 <= mean_whole_log_normal(median, sigma, 3, high) <= high


def test_without_spread_the_mean_group_is_the_median() -> None:
    assert mean_whole_log_normal(8.0, 0.0, 3, 256) == 8
    assert mean_whole_log_normal(2.0, 0.0, 3, 256) == 3
    assert mean_whole_log_normal(900.0, 0.0, 3, 256) == 256


@settings(deadline=None, max_examples=30)
@given(median=st.floats(1, 200), sigma=st.floats(0.3, 3))
def test_the_far_tail_of_a_group_is_summed_as_an_integral(median: float, sigma: float) -> None:
    high = 2000
    every = math.fsum((1 + math.erf(math.log(median / k) / sigma / math.sqrt(2))) / 2 for k in range(4, high + 1))
    assert mean_whole_log_normal(median, sigma, 3, high) == pytest.approx(3 + every, rel=1e-5)


@settings(deadline=None)
@given(median=st.floats(1e-4, 1), ratio=st.floats(1.5, 10))
def test_the_sum_of_one_log_normal_is_itself(median: float, ratio: float) -> None:
    assert log_normal_sum_p99([(median, median * ratio)]) == pytest.approx(median * ratio)


def test_the_p99_of_a_sum_of_log_normals_agrees_with_simulation() -> None:
    rng = np.random.default_rng(7)
    hops = [(27.5, 111.0), (3.0, 15.0), (3.4, 42.5), (27.5, 111.0)]
    drawn = sum(rng.lognormal(math.log(p50), math.log(p99 / p50) / 2.32635, 400_000) for p50, p99 in hops)
    assert log_normal_sum_p99(hops) == pytest.approx(float(np.quantile(drawn, 0.99)), rel=0.05)


def test_more_than_half_of_the_arrivals_at_a_quiet_queue_do_not_wait() -> None:
    assert mm1_wait(0.5, service_s=0.003, load=0.4) == 0.0
