from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from statistics import NormalDist

import numpy as np
import pytest

from sim.scenario_file import load_scenario
from sim.workload.samplers import FloatArray
from sim.workload.sessions import BREAK_MIN_S, Session, draw_sessions
from sim.workload.streams import Streams
from tests.sim.workload.goodness import anderson_darling, ks


def _draw(*settings: str, seed: int = 1) -> list[list[Session]]:
    return draw_sessions(load_scenario("whatsapp", settings), Streams.of(seed))


def _online_at(drawn: list[list[Session]], t_s: float) -> int:
    return sum(s.start_ns <= t_s * 1e9 < s.end_ns for sessions in drawn for s in sessions)


def test_exactly_the_connected_are_online_at_the_start() -> None:
    assert _online_at(_draw("run.warm_up=0s"), 0.0) == 632


@pytest.mark.parametrize("sigma", [0.0, 0.5, 1.5])
def test_the_connected_share_stays_what_it_was(sigma: float) -> None:
    drawn = _draw("people.session_median=20s", f"people.session_sigma={sigma}", "run.duration=400s", "run.warm_up=0s")
    spread = math.sqrt(2000 * 0.316 * 0.684)
    for t_s in (20, 100, 399):
        assert _online_at(drawn, t_s) == pytest.approx(632, abs=4 * spread)


@pytest.mark.parametrize(("warm_up", "ramp_s"), [("4s", 2.0), ("40s", 5.0)])
def test_devices_connect_over_the_first_half_of_the_warm_up_and_at_most_five_seconds(
    warm_up: str, ramp_s: float
) -> None:
    drawn = _draw(f"run.warm_up={warm_up}", "people.session_median=10min", "population.connected=100%")
    starts_s = sorted(sessions[0].start_ns / 1e9 for sessions in drawn)
    assert len(starts_s) == 2000
    assert starts_s[-1] < ramp_s
    assert starts_s[1000] == pytest.approx(ramp_s / 2, abs=4 * ramp_s / math.sqrt(12 * 2000) * 2)


def test_sessions_met_at_the_start_have_the_residual_life_of_renewal_theory() -> None:
    drawn = _draw("people.session_median=10s", "people.session_sigma=0.5", "run.warm_up=0s", "population.connected=99%")
    left_s = [sessions[0].end_ns / 1e9 for sessions in drawn if sessions and sessions[0].start_ns == 0]
    first, second, third = (10**n * math.exp(n * n * 0.5**2 / 2) for n in (1, 2, 3))
    mean_s = second / (2 * first)
    error_s = math.sqrt((third / (3 * first) - mean_s**2) / len(left_s))
    assert len(left_s) == 1980
    assert sum(left_s) / len(left_s) == pytest.approx(mean_s, abs=4 * error_s)


def test_later_sessions_have_the_median_of_the_scenario() -> None:
    drawn = _draw("people.session_median=10s", "run.duration=200s")
    # Sessions that began in the first half: hardly one of them is longer than what the run could show.
    lengths_s = sorted((s.end_ns - s.start_ns) / 1e9 for sessions in drawn for s in sessions[1:] if s.start_ns < 100e9)
    assert lengths_s[len(lengths_s) // 2] == pytest.approx(10, rel=4 * 1.25 / math.sqrt(len(lengths_s)))


def _log_normal(median_s: float, sigma: float) -> Callable[[FloatArray], FloatArray]:
    law = NormalDist(math.log(median_s), sigma)
    return lambda x_s: np.array([law.cdf(math.log(value_s)) for value_s in x_s])


def test_sessions_are_log_normal_to_their_tails() -> None:
    # Who is not online at the start has none but whole ones, however long after the run they end.
    drawn = _draw("people.session_median=10s", "people.session_sigma=1.0", "run.duration=100s", "run.warm_up=0s")
    whole = [sessions[1:] if sessions and sessions[0].start_ns == 0 else sessions for sessions in drawn]
    lengths_s = np.array([(s.end_ns - s.start_ns) / 1e9 for sessions in whole for s in sessions])
    assert len(lengths_s) > 3_500
    assert anderson_darling(lengths_s, _log_normal(10, 1.0)) < 6


def test_what_is_left_of_a_session_met_at_the_start_has_the_law_of_renewal_theory() -> None:
    # P(left > x) = ∫ P(session > t) dt from x on, over the mean; for a log-normal in closed form.
    sigma, mean_s = 0.5, 10 * math.exp(0.5**2 / 2)
    plain, biased = _log_normal(10, sigma), _log_normal(10 * math.exp(sigma**2), sigma)
    drawn = _draw("people.session_median=10s", "people.session_sigma=0.5", "run.warm_up=0s", "population.connected=99%")
    left_s = [sessions[0].end_ns / 1e9 for sessions in drawn if sessions and sessions[0].start_ns == 0]
    assert ks(np.array(left_s), lambda x_s: biased(x_s) + x_s / mean_s * (1 - plain(x_s))) < 1.95


def test_breaks_are_exponential_beyond_the_shortest() -> None:
    # The first break of each: hardly any ends after the run, so that none is missed for being long.
    drawn = _draw("people.session_median=2s", "people.session_sigma=0", "population.connected=50%", "run.duration=100s")
    breaks_s = np.array([(s[1].start_ns - s[0].end_ns) / 1e9 for s in drawn if len(s) > 1])
    beyond_s = breaks_s[breaks_s > BREAK_MIN_S + 1e-6] - BREAK_MIN_S
    assert len(beyond_s) > 1_500
    assert ks(beyond_s, lambda x_s: -np.expm1(-x_s / 2)) < 1.95


def test_sessions_of_one_device_are_apart() -> None:
    drawn = _draw("people.session_median=2s", "population.connected=99%")
    breaks_s = [(b.start_ns - a.end_ns) / 1e9 for sessions in drawn for a, b in pairwise(sessions)]
    assert len(breaks_s) > 1000
    assert min(breaks_s) >= BREAK_MIN_S - 1e-8


def test_crash_share_is_that_of_the_scenario() -> None:
    sessions = [s for drawn in _draw("people.session_median=2s") for s in drawn]
    error = math.sqrt(0.2 * 0.8 / len(sessions))
    assert sum(s.crashes for s in sessions) / len(sessions) == pytest.approx(0.2, abs=4 * error)


def test_foreground_share_is_that_of_the_scenario() -> None:
    sessions = [s for drawn in _draw("people.session_median=2s", "population.foreground=13%") for s in drawn]
    error = math.sqrt(0.13 * 0.87 / len(sessions))
    assert sum(s.foreground for s in sessions) / len(sessions) == pytest.approx(0.13, abs=4 * error)
    assert all(s.foreground for drawn in _draw() for s in drawn)
