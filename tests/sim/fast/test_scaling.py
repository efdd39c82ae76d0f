"""Which shards to keep: the tail is made by the hottest, and the invalid ways are refused with their cost.

The expectations are those of a measurement with 1,000 M/M/1 shards at mean load 0.6.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.errors import ModelError
from sim.fast.histogram import Histogram
from sim.fast.kernel import fifo
from sim.fast.scaling import (
    at_mean_load,
    keep_shards,
    mm1_quantile,
    pool_wait,
    relative_error,
    shrink_pool,
    weighted,
)
from sim.workload.samplers import FloatArray

SHARDS = 1_000


def loads_with(spread: float) -> FloatArray:
    """Mean 0.6, this coefficient of variation, none above 0.95."""
    return np.clip(np.random.default_rng(8).normal(0.6, 0.6 * spread, SHARDS), 0.05, 0.95)


def kept_p99(loads: FloatArray, keep: int) -> float:
    """p99 in closed form when every kept shard stands for its stratum."""
    kept = keep_shards(loads, keep)
    return mm1_quantile(np.repeat(loads[kept.shards], kept.weights))


@pytest.mark.parametrize(("spread", "keep", "most"), [(0.1, 20, 0.024), (0.2, 20, 0.14), (0.2, 50, 0.032)])
def test_the_error_of_the_choice_is_within_what_was_measured(spread: float, keep: int, most: float) -> None:
    loads = loads_with(spread)
    assert abs(kept_p99(loads, keep) / mm1_quantile(loads) - 1) <= most


def test_a_random_choice_errs_more() -> None:
    loads, rng = loads_with(0.2), np.random.default_rng(4)
    true = mm1_quantile(loads)
    random = [mm1_quantile(rng.choice(loads, 20, replace=False)) / true - 1 for _ in range(200)]
    assert np.sqrt(np.mean(np.square(random))) > 2 * abs(kept_p99(loads, 20) / true - 1)


def test_the_error_is_the_same_when_measured_against_all_shards_in_the_engine() -> None:
    loads = loads_with(0.2)[:200]
    times = []
    for number, load in enumerate(loads.tolist()):
        rng = np.random.default_rng([31, number])
        count = round(4_000 * load)
        arrivals_s = np.cumsum(rng.exponential(1 / load, count))
        times.append(Histogram.of(fifo(arrivals_s, rng.exponential(1.0, count), np.zeros(1)) - arrivals_s))
    kept = keep_shards(loads, 40)
    measured = relative_error(
        weighted([times[shard] for shard in kept.shards.tolist()], kept), sum(times, Histogram.empty())
    )
    assert measured == pytest.approx(kept_p99(loads, 40) / mm1_quantile(loads) - 1, abs=0.12)


@given(loads=st.lists(st.floats(0.01, 0.99), min_size=1, max_size=60).map(np.array), share=st.floats(0, 1))
def test_the_hottest_is_kept_and_every_shard_is_stood_for(loads: FloatArray, share: float) -> None:
    keep = max(1, round(share * len(loads)))
    kept = keep_shards(loads, keep)
    assert loads[kept.shards[0]] == loads.max()
    assert int(kept.weights.sum()) == len(loads)
    assert len(set(kept.shards.tolist())) == len(kept.shards) == keep


@pytest.mark.parametrize("keep", [0, 11])
def test_a_number_that_cannot_be_kept_is_refused(keep: int) -> None:
    with pytest.raises(ModelError, match=f"cannot keep {keep} of 10 shards"):
        keep_shards(np.full(10, 0.5), keep)


@pytest.mark.parametrize(("servers", "wait"), [(4, 1.97), (10, 0.669), (40, 0.103), (100, 0.022)])
def test_a_pool_waits_as_erlang_says(servers: int, wait: float) -> None:
    assert pool_wait(servers, 0.9) == pytest.approx(wait, rel=0.015)


def test_a_pool_cannot_shrink_at_equal_utilisation() -> None:
    with pytest.raises(ModelError, match=r"a pool of 100 servers cannot shrink to 10 .* 0\.669 .* 0\.0217"):
        shrink_pool(100, 10, 0.9)
    assert shrink_pool(100, 100, 0.9) == 100


def test_a_pool_without_a_steady_state_has_no_wait() -> None:
    with pytest.raises(ModelError, match="load 1"):
        pool_wait(4, 1.0)


def test_all_shards_at_the_mean_load_are_refused_with_what_they_would_hide() -> None:
    with pytest.raises(
        ModelError, match=r"p99 would be 11\.[45] service times instead of (1[789]|2\d)\.\d \(-(3|4)\d%\)"
    ):
        at_mean_load(loads_with(0.2), 20)


def test_equal_shards_may_be_fewer() -> None:
    assert at_mean_load(np.full(50, 0.6), 3).tolist() == pytest.approx([0.6, 0.6, 0.6])


def test_shards_of_one_load_have_the_quantile_of_m_m_1() -> None:
    assert mm1_quantile(np.full(7, 0.6)) == pytest.approx(-np.log(0.01) / 0.4)
    assert mm1_quantile(np.array([0.5, 1.0])) == np.inf
