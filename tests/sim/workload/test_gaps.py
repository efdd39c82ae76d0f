from __future__ import annotations

import math
from itertools import islice, pairwise
from statistics import NormalDist

import numpy as np
import pytest
from numpy.random import PCG64, Generator

from sim.workload.gaps import gaps_s, log_gap_variance
from sim.workload.samplers import FloatArray
from tests.sim.workload.goodness import chi_square_z


def _drawn(count: int, burstiness: float, rate_per_s: float = 2.0) -> FloatArray:
    return np.array(list(islice(gaps_s(Generator(PCG64(1)), rate_per_s, burstiness), count)))


def test_without_burstiness_gaps_are_exponential() -> None:
    # Of an exponential of rate 2, one in ten lies between each two of these.
    edges_s = [-math.log(1 - part / 10) / 2 for part in range(10)]
    observed, _ = np.histogram(_drawn(20_000, 0.0), [*edges_s, math.inf])
    assert chi_square_z(observed.tolist(), [2000] * 10) < 3


@pytest.mark.parametrize("burstiness", [0.2, 0.5])
def test_bursty_gaps_are_log_normal_of_the_same_mean(burstiness: float) -> None:
    variance = log_gap_variance(burstiness)
    log_gap = NormalDist(math.log(0.5) - variance / 2, math.sqrt(variance))
    edges_s = [0.0, *(math.exp(log_gap.inv_cdf(part / 10)) for part in range(1, 10)), math.inf]
    observed, _ = np.histogram(_drawn(20_001, burstiness)[1:], edges_s)
    assert chi_square_z(observed.tolist(), [2000] * 10) < 3


@pytest.mark.parametrize("burstiness", [0.1, 0.3, 0.5])
def test_burstiness_is_that_of_goh_and_barabasi(burstiness: float) -> None:
    variation = math.sqrt(math.expm1(log_gap_variance(burstiness)))
    assert (variation - 1) / (variation + 1) == pytest.approx(burstiness)
    gaps = _drawn(400_000, burstiness)[1:]
    observed = gaps.std() / gaps.mean()
    assert (observed - 1) / (observed + 1) == pytest.approx(burstiness, abs=0.05)


def test_bursts_leave_more_of_the_long_gaps() -> None:
    plain, bursty = (_drawn(20_000, burstiness)[1:] for burstiness in (0.0, 0.5))
    assert (bursty > 10 * 0.5).mean() > 50 * (plain > 10 * 0.5).mean()


@pytest.mark.parametrize("burstiness", [0.0, 0.3, 0.6])
@pytest.mark.parametrize("span_s", [0.1, 1.0, 10.0])
def test_as_many_messages_as_the_rate_says_however_short_the_time(burstiness: float, span_s: float) -> None:
    rng, people = Generator(PCG64(2)), 4000
    counts = np.array([_count(rng, burstiness, span_s) for _ in range(people)])
    assert counts.mean() == pytest.approx(2.0 * span_s, abs=4 * counts.std() / math.sqrt(people))


def _count(rng: Generator, burstiness: float, span_s: float) -> int:
    passed_s = 0.0
    for count, gap_s in enumerate(gaps_s(rng, 2.0, burstiness)):
        passed_s += gap_s
        if passed_s > span_s:
            return count
    raise AssertionError("gaps without end")


def test_the_first_gap_is_what_is_left_of_one_met_at_random() -> None:
    # P(residual > x) = ∫ P(gap > t) dt from x on, over the mean; for a log-normal in closed form.
    burstiness, count = 0.4, 20_000
    variance = log_gap_variance(burstiness)
    mu, sigma = math.log(0.5) - variance / 2, math.sqrt(variance)
    plain, biased = NormalDist(mu, sigma), NormalDist(mu + variance, sigma)

    def below(x_s: float) -> float:
        return biased.cdf(math.log(x_s)) + x_s / 0.5 * (1 - plain.cdf(math.log(x_s)))

    rng = Generator(PCG64(3))
    firsts_s = [next(gaps_s(rng, 2.0, burstiness)) for _ in range(count)]
    edges_s = [0.05, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0]
    parts = [0.0, *(below(edge_s) for edge_s in edges_s), 1.0]
    observed, _ = np.histogram(firsts_s, [0.0, *edges_s, math.inf])
    assert chi_square_z(observed.tolist(), [count * (high - low) for low, high in pairwise(parts)]) < 3


@pytest.mark.parametrize("burstiness", [0.0, 0.5])
@pytest.mark.parametrize("rate_per_s", [0.0, 5e-324, 1e-300])
def test_who_hardly_ever_writes_never_does(rate_per_s: float, burstiness: float) -> None:
    assert list(gaps_s(Generator(PCG64(1)), rate_per_s, burstiness)) == []
