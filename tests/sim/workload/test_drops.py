from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import PCG64, Generator

from sim.scenario import Drop
from sim.scenario_file import load_scenario
from sim.workload.drops import backoff_s, with_drops
from sim.workload.sessions import Session
from tests.sim.workload.goodness import chi_square_z

SECOND_NS = 10**9


def _drop(**values: object) -> Drop:
    return Drop.model_validate({"at": "20s", "share": 1, **values})


def _dropped(sessions: list[tuple[float, float]], *settings: str, users: int = 1) -> list[list[tuple[float, float]]]:
    """Sessions of each of `users` alike after the drop of zone-loss, in seconds."""
    scenario = load_scenario("zone-loss", ["drops.0.share=1", *settings])
    own = [Session(round(start_s * 1e9), round(end_s * 1e9), crashes=False) for start_s, end_s in sessions]
    left = with_drops(scenario, [own] * users, Generator(PCG64(1)))
    return [[(session.start_ns / 1e9, session.end_ns / 1e9) for session in sessions] for sessions in left]


def test_a_session_is_cut_and_goes_on_when_its_device_is_back() -> None:
    ((first, second),) = _dropped([(5, 59)])
    assert first == (5, 20)
    assert 40 <= second[0] < 60
    assert second[1] == 59


def test_what_the_drop_does_not_meet_stays() -> None:
    assert _dropped([(5, 19), (41, 50)]) == [[(5, 19), (41, 50)]]


def test_a_device_that_would_have_left_meanwhile_does_not_come_back() -> None:
    assert _dropped([(5, 30)]) == [[(5, 20)]]


def test_who_comes_while_the_gateway_is_away_comes_late() -> None:
    for ((start_s, end_s),) in _dropped([(30, 60)], users=50):
        assert 40 <= start_s < 60
        assert end_s == 60


def test_the_cut_session_crashes_and_the_one_after_ends_as_meant() -> None:
    scenario = load_scenario("zone-loss", ["drops.0.share=1"])
    ((cut, after),) = with_drops(scenario, [[Session(0, 59 * SECOND_NS, False, False)]], Generator(PCG64(1)))
    assert (cut.crashes, after.crashes) == (True, False)
    assert (cut.foreground, after.foreground) == (False, False)


@pytest.mark.parametrize(("share", "gateways"), [(0.25, {0}), (0.5, {0, 1}), (1.0, {0, 1, 2, 3})])
def test_whole_gateways_go_in_order(share: float, gateways: set[int]) -> None:
    left = _dropped([(5, 19.9), (19.95, 59)], f"drops.0.share={share}", "design.gateways=4", users=400)
    assert {user % 4 for user, sessions in enumerate(left) if sessions[1][1] == 20} == gateways
    assert sum(sessions[1][1] == 20 for sessions in left) == 100 * len(gateways)


def test_a_share_of_no_whole_number_of_gateways_takes_a_part_of_the_last() -> None:
    left = _dropped([(5, 59)], "drops.0.share=0.375", "design.gateways=4", users=4000)
    cut = np.bincount([user % 4 for user, sessions in enumerate(left) if sessions[0][1] == 20], minlength=4)
    assert cut[0] == 1000
    assert cut[1] == pytest.approx(500, abs=4 * math.sqrt(250))
    assert cut[2:].tolist() == [0, 0]


def test_the_first_back_off_is_uniform() -> None:
    rng, drop = Generator(PCG64(1)), _drop(backoff="2s")
    observed, _ = np.histogram([backoff_s(rng, drop, 0.0) for _ in range(10_000)], np.linspace(0, 2, 11))
    assert chi_square_z(observed.tolist(), [1000] * 10) < 3


def test_the_return_from_an_absence_has_the_law_of_a_renewal_of_uniform_waits() -> None:
    # All waits uniform on (0, 1): by the renewal density e^x the first attempt after `a` has density e^a to 1,
    # and e^a − e^(t − 1) from 1 to 1 + a.
    a, count = 0.5, 20_000
    rng, drop = Generator(PCG64(2)), _drop(backoff="1s", backoff_max="1s")

    def below(t: float) -> float:
        return math.exp(a) * (t - a) - (math.exp(t - 1) - 1 if t > 1 else 0)

    edges = np.linspace(a, 1 + a, 11).tolist()
    observed, _ = np.histogram([backoff_s(rng, drop, a) for _ in range(count)], edges)
    expected = [count * (below(high) - below(low)) for low, high in pairwise(edges)]
    assert sum(expected) == pytest.approx(count)
    assert chi_square_z(observed.tolist(), expected) < 3


@given(st.floats(0, 600), st.floats(0.1, 60), st.integers(0, 1000))
def test_nobody_is_back_before_the_gateway_nor_later_than_the_longest_wait(
    away_s: float, base_s: float, seed: int
) -> None:
    drop = _drop(backoff=base_s, backoff_max="60s")
    back_s = backoff_s(Generator(PCG64(seed)), drop, away_s)
    assert away_s <= back_s <= away_s + 60


def test_doubling_waits_spread_the_return_over_as_long_as_the_absence() -> None:
    rng, drop = Generator(PCG64(3)), _drop(backoff="1s", backoff_max="600s")
    late_s = [backoff_s(rng, drop, 100.0) - 100 for _ in range(2000)]
    assert 10 < float(np.median(late_s)) < 100
