from __future__ import annotations

import math
from itertools import pairwise
from statistics import NormalDist

import numpy as np
import pytest
from numpy.random import PCG64, Generator

from sim.workload.samplers import activities, group_sizes, mean_group_size, text_size_bytes, zipf_weights
from tests.sim.workload.goodness import anderson_darling, chi_square_z


@pytest.fixture
def rng() -> Generator:
    return Generator(PCG64(1))


def test_text_length_is_a_rounded_log_normal(rng: Generator) -> None:
    mu, sigma, count = 2.83, 1.15, 20_000
    sizes = [text_size_bytes(rng, mu, sigma) for _ in range(count)]
    edges = [0, 2, 5, 10, 17, 30, 60, 112, 246, 4096]
    log_size = NormalDist(mu, sigma)
    below = [0.0, *(log_size.cdf(math.log(edge + 0.5)) for edge in edges[1:-1]), 1.0]
    observed, _ = np.histogram(sizes, [edge + 0.5 for edge in edges])
    assert chi_square_z(observed.tolist(), [count * (high - low) for low, high in pairwise(below)]) < 3


def test_text_length_keeps_its_bounds(rng: Generator) -> None:
    assert {text_size_bytes(rng, -9, 0) for _ in range(3)} == {1}
    assert {text_size_bytes(rng, 20, 0) for _ in range(3)} == {4096}


def test_zipf_weights_are_powers_of_the_rank_and_sum_to_one() -> None:
    assert zipf_weights(4, 1.0).tolist() == pytest.approx([12 / 25, 6 / 25, 4 / 25, 3 / 25])
    assert zipf_weights(4, 0.0).tolist() == [0.25] * 4
    assert zipf_weights(3, 2.0)[2] / zipf_weights(3, 2.0)[0] == pytest.approx(1 / 9)


def test_activity_has_mean_one_and_the_given_sigma(rng: Generator) -> None:
    drawn = activities(rng, 200_000, 1.2)
    error = math.sqrt(math.expm1(1.2**2) / len(drawn))
    assert drawn.mean() == pytest.approx(1, abs=4 * error)
    assert np.log(drawn).std() == pytest.approx(1.2, abs=0.01)


def test_activity_is_log_normal_to_its_tails(rng: Generator) -> None:
    log_activity = NormalDist(-(1.2**2) / 2, 1.2)
    drawn = activities(rng, 20_000, 1.2)
    assert anderson_darling(drawn, lambda x: np.array([log_activity.cdf(math.log(value)) for value in x])) < 6


@pytest.mark.parametrize("exponent", [0.0, 1.0, 1.5])
def test_ranks_are_picked_by_their_zipf_weights(rng: Generator, exponent: float) -> None:
    weights, count = zipf_weights(40, exponent), 50_000
    observed = np.bincount(rng.choice(40, count, p=weights), minlength=40)
    assert chi_square_z(observed.tolist(), (count * weights).tolist()) < 3


def test_everybody_is_alike_without_sigma(rng: Generator) -> None:
    assert activities(rng, 3, 0.0).tolist() == [1.0] * 3


def test_group_size_is_a_whole_log_normal_between_its_bounds(rng: Generator) -> None:
    median, sigma, cap, count = 6.0, 1.0, 256, 20_000
    sizes = group_sizes(rng, count, median, sigma, cap)
    log_size = NormalDist(math.log(median), sigma)
    edges = [3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 100, 257]
    below = [0.0, *(log_size.cdf(math.log(edge)) for edge in edges[1:-1]), 1.0]
    observed, _ = np.histogram(sizes, edges)
    assert chi_square_z(observed.tolist(), [count * (high - low) for low, high in pairwise(below)]) < 3
    assert observed.sum() == count


def test_group_sizes_stop_at_the_cap(rng: Generator) -> None:
    assert group_sizes(rng, 1000, 6.0, 2.0, 10).max() == 10
    assert group_sizes(rng, 1000, 6.0, 2.0, 10).min() == 3


@pytest.mark.parametrize(("median", "sigma", "cap"), [(6.0, 1.0, 256), (8.0, 1.0, 100), (3.0, 0.5, 5), (20.0, 2.0, 64)])
def test_mean_group_size_is_the_mean_of_the_draws(rng: Generator, median: float, sigma: float, cap: int) -> None:
    sizes = group_sizes(rng, 100_000, median, sigma, cap)
    assert mean_group_size(median, sigma, cap) == pytest.approx(sizes.mean(), abs=4 * sizes.std() / math.sqrt(100_000))


@pytest.mark.parametrize(("median", "cap", "size"), [(6.0, 256, 6), (8.0, 256, 8), (8.0, 5, 5), (3.0, 3, 3)])
def test_all_groups_have_the_median_size_without_sigma(rng: Generator, median: float, cap: int, size: int) -> None:
    assert group_sizes(rng, 2, median, 0.0, cap).tolist() == [size, size]
    assert mean_group_size(median, 0.0, cap) == size
