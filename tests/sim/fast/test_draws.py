"""Draws: the distributions that were asked for, from streams that are the same every time."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.random import SeedSequence

from sim.fast import draws
from sim.plan.sizes import Z99
from sim.workload.samplers import FloatArray

COUNT = 40_000


def many(draw: Callable[[draws.Stream], float], seed: int = 1) -> FloatArray:
    stream = draws.stream_of(SeedSequence(seed))
    return np.array([draw(stream) for _ in range(COUNT)])


def test_bits_are_those_of_the_published_generator() -> None:
    # SplitMix64 from state 1234567, as in the tests of other implementations.
    stream = np.array([1234567], np.uint64)
    drawn = [int(draws.bits(stream)) for _ in range(3)]
    assert drawn == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_streams_differ_and_are_the_same_at_every_call() -> None:
    seed = SeedSequence(4)
    first, second = draws.streams(seed, 3), draws.streams(seed, 3)
    assert [int(stream[0]) for stream in first] == [int(stream[0]) for stream in second]
    assert len({int(stream[0]) for stream in first}) == 3


def test_the_exponential_has_its_mean_and_its_tail() -> None:
    drawn = many(lambda stream: draws.exponential(stream, 2.0))
    assert drawn.mean() == pytest.approx(2.0, rel=0.02)
    assert (drawn > 6.0).mean() == pytest.approx(math.exp(-3), rel=0.08)


def test_a_log_normal_has_its_median_and_p99_and_the_exact_mean() -> None:
    table = draws.log_normal(0.002, 0.010)
    drawn = many(lambda stream: draws.draw(stream, table))
    sigma = math.log(5) / Z99
    assert np.quantile(drawn, [0.5, 0.99]) == pytest.approx([0.002, 0.010], rel=0.03)
    assert draws.table_mean(table) == pytest.approx(0.002 * math.exp(sigma**2 / 2), rel=1e-4)


def test_a_table_of_the_exponential_keeps_mean_and_quantiles() -> None:
    table = draws.exponential_table(3.0)
    assert draws.table_mean(table) == pytest.approx(3.0, rel=1e-4)
    assert table[draws.CELLS // 2] == pytest.approx(3.0 * math.log(2))


def test_a_pair_are_two_independent_draws() -> None:
    table, stream = draws.exponential_table(1.0), draws.stream_of(SeedSequence(2))
    pairs = np.array([draws.draw_pair(stream, table, table) for _ in range(COUNT)])
    assert abs(float(np.corrcoef(pairs.T)[0, 1])) < 0.02


def test_picks_follow_the_weights() -> None:
    weights = np.array([0.0, 1.0, 2.0, 5.0, 0.5])
    made = draws.picker(weights)
    drawn = many(lambda stream: float(draws.pick(stream, made)))
    shares = np.bincount(drawn.astype(int), minlength=5) / COUNT
    assert shares[0] == 0
    assert shares == pytest.approx(weights / weights.sum(), abs=0.01)


@pytest.mark.parametrize("weights", [[], [0.0, 0.0], [1.0, -0.5]])
def test_weights_that_are_none_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="weights"):
        draws.picker(np.array(weights, np.float64))


def test_a_p99_below_the_median_is_refused() -> None:
    with pytest.raises(ValueError, match="0 < median ≤ p99"):
        draws.log_normal(0.01, 0.002)
