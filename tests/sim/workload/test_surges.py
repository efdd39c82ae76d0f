from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import PCG64, Generator

from sim.scenario import Shocks
from sim.scenario_file import load_scenario
from sim.workload.day_curve import DayCurve
from sim.workload.surges import Surge, TrafficClock, draw_clock, draw_shocks
from tests.sim.workload.goodness import chi_square_z

DAY = DayCurve(60.0, 1.5)
FLAT = DayCurve(60.0, 1.0)


def _shocks(rate: str, lasts: str = "5s") -> Shocks:
    return Shocks.model_validate({"rate": rate, "lasts": lasts, "factor": 4.0})


def test_without_surges_the_clock_is_that_of_the_day() -> None:
    clock = TrafficClock(DAY)
    assert clock.total_s == 60.0
    for t_s in (0.0, 7.3, 30.0, 59.9):
        assert clock.volume_s(t_s) == DAY.volume_s(t_s)
        assert clock.time_s(t_s) == DAY.time_s(t_s)
        assert clock.intensity(t_s) == DAY.intensity(t_s)


def test_a_burst_brings_its_factor_on_top_of_the_day() -> None:
    clock = TrafficClock(FLAT, (Surge(10.0, 20.0, 5.0),))
    assert clock.total_s == pytest.approx(60 + 4 * 10)
    assert [clock.volume_s(t_s) for t_s in (10.0, 15.0, 20.0, 30.0)] == pytest.approx([10, 35, 60, 70])
    assert [clock.intensity(t_s) for t_s in (9.9, 10.0, 19.9, 20.0)] == pytest.approx([1, 5, 5, 1])


def test_a_surge_past_the_end_is_cut_there() -> None:
    assert TrafficClock(FLAT, (Surge(50.0, 90.0, 3.0),)).total_s == pytest.approx(60 + 2 * 10)


def test_factors_of_surges_that_overlap_multiply() -> None:
    clock = TrafficClock(FLAT, (Surge(10.0, 30.0, 2.0), Surge(20.0, 40.0, 3.0)))
    assert [clock.intensity(t_s) for t_s in (15.0, 25.0, 35.0)] == pytest.approx([2, 6, 3])
    assert clock.total_s == pytest.approx(10 + 20 + 60 + 30 + 20)


@settings(max_examples=50, deadline=None)
@given(st.floats(1, 12), st.lists(st.tuples(st.floats(0, 59), st.floats(0.1, 60), st.floats(1, 20)), max_size=4))
def test_the_clock_never_goes_back_and_its_inverse_undoes_it(
    peak: float, drawn: list[tuple[float, float, float]]
) -> None:
    surges = tuple(Surge(at_s, at_s + lasts_s, factor) for at_s, lasts_s, factor in drawn)
    clock = TrafficClock(DayCurve(60.0, peak), surges)
    volumes_s = [clock.volume_s(t_s) for t_s in np.linspace(0, 60, 200).tolist()]
    assert all(low_s <= high_s for low_s, high_s in pairwise(volumes_s))
    for volume_s in volumes_s:
        assert clock.volume_s(clock.time_s(volume_s)) == pytest.approx(volume_s, abs=1e-6)


def test_the_number_of_shocks_is_poisson() -> None:
    rng, shocks, runs = Generator(PCG64(1)), _shocks("3/min"), 4000
    counts = np.minimum([len(draw_shocks(rng, shocks, 60.0)) for _ in range(runs)], 8)
    below_8 = [math.exp(-3) * 3**k / math.factorial(k) for k in range(8)]
    expected = [runs * part for part in (*below_8, 1 - sum(below_8))]
    assert chi_square_z(np.bincount(counts, minlength=9).tolist(), expected) < 3


def test_shocks_last_an_exponential_time_and_come_at_any_moment() -> None:
    shocks = draw_shocks(Generator(PCG64(2)), _shocks("1/s"), 3600.0)
    count = len(shocks)
    edges_s = [*(-5 * math.log(1 - part / 10) for part in range(10)), math.inf]
    lengths, _ = np.histogram([shock.end_s - shock.start_s for shock in shocks], edges_s)
    starts, _ = np.histogram([shock.start_s for shock in shocks], np.linspace(0, 3600, 11))
    assert count == pytest.approx(3600, abs=4 * 60)
    assert chi_square_z(lengths.tolist(), [count / 10] * 10) < 3
    assert chi_square_z(starts.tolist(), [count / 10] * 10) < 3
    assert {shock.factor for shock in shocks} == {4.0}


def test_shocks_make_counts_vary_more_than_poisson() -> None:
    # Given the shocks the messages are Poisson, so the variance exceeds the mean by that of the volume (Cox).
    totals_s = np.array([TrafficClock(FLAT, tuple(_drawn(seed))).total_s for seed in range(300)])
    assert totals_s.var() > 60
    assert totals_s.mean() == pytest.approx(60 + 2 * 5 * 3, rel=0.1)


def _drawn(seed: int) -> list[Surge]:
    return list(draw_shocks(Generator(PCG64(seed)), _shocks("2/min"), 60.0))


def test_the_clock_of_a_scenario_has_its_bursts_and_draws_its_shocks() -> None:
    calm = draw_clock(load_scenario("new-year"), Generator(PCG64(1)))
    assert [(surge.start_s, surge.end_s, surge.factor) for surge in calm.surges] == [(30.0, 42.0, 6.7)]
    news = draw_clock(load_scenario("new-year", ["shocks.rate=1/s"]), Generator(PCG64(1)))
    assert len(news.surges) > 30
