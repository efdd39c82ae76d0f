"""Departures by recursion equal those of SimPy to the bit, and follow queueing theory."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st

from sim.engine.stations import Cores, Pool
from sim.fast.kernel import depart, fifo, fifo_shards, pass_gate
from sim.fast.scaling import pool_wait
from sim.statistics import mean_interval

Floats = npt.NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Floats]
CUSTOMERS = 20_000


def exponential(rng: np.random.Generator, count: int) -> Floats:
    return rng.exponential(1.0, count)


def log_normal(rng: np.random.Generator, count: int) -> Floats:
    return rng.lognormal(-0.5, 1.0, count)


def pareto(rng: np.random.Generator, count: int) -> Floats:
    """Mean 1, infinite variance from 1.8 on."""
    return (1 + rng.pareto(1.8, count)) * 0.8 / 1.8


def constant(_: np.random.Generator, count: int) -> Floats:
    return np.ones(count)


def simpy_departures(arrivals_s: Floats, services_s: Floats, servers: int) -> Floats:
    """The same customers, one process each, before a `simpy.Resource`."""
    env = simpy.Environment()
    resource = simpy.Resource(env, servers)
    departures_s = np.zeros(len(arrivals_s))

    def customer(number: int) -> Generator[simpy.Event, Any, None]:
        yield env.timeout(float(arrivals_s[number]))
        with resource.request() as turn:
            yield turn
            yield env.timeout(float(services_s[number]))
        departures_s[number] = env.now

    for number in range(len(arrivals_s)):
        env.process(customer(number))
    env.run()
    return departures_s


@pytest.mark.parametrize("servers", [1, 4, 16])
@pytest.mark.parametrize("draw", [exponential, log_normal, pareto])
def test_departures_equal_those_of_a_simpy_resource_to_the_bit(servers: int, draw: Draw) -> None:
    rng = np.random.default_rng([11, servers])
    arrivals_s = np.cumsum(rng.exponential(1 / (0.8 * servers), CUSTOMERS))
    services_s = draw(rng, CUSTOMERS)
    ours_s = fifo(arrivals_s, services_s, np.zeros(servers))
    assert np.array_equal(ours_s, simpy_departures(arrivals_s, services_s, servers))
    assert (ours_s - arrivals_s).max() > services_s.max() / 2


def test_departures_agree_with_the_pool_of_the_reference_engine() -> None:
    rng = np.random.default_rng(3)
    arrivals_s, services_s = np.cumsum(rng.exponential(0.4, 2_000)), rng.exponential(1.0, 2_000)
    env = simpy.Environment()
    pool = Pool(env, Cores(env, 4), 4)
    ended_s = np.zeros(len(arrivals_s))

    def customer(number: int) -> Generator[simpy.Event, Any, None]:
        yield env.timeout(float(arrivals_s[number]))
        yield pool.run(float(services_s[number]))
        ended_s[number] = env.now

    for number in range(len(arrivals_s)):
        env.process(customer(number))
    env.run()
    # Its cores keep a clock of their own, whose rounding is not that of one sum.
    assert fifo(arrivals_s, services_s, np.zeros(4)) == pytest.approx(ended_s, abs=1e-9)


@pytest.mark.parametrize("servers", [1, 4])
@given(pieces=st.lists(st.integers(0, 60), min_size=1, max_size=8))
def test_pieces_give_what_the_whole_gives(servers: int, pieces: list[int]) -> None:
    rng = np.random.default_rng(5)
    count = sum(pieces)
    arrivals_s, services_s = np.cumsum(rng.exponential(0.3, count)), rng.exponential(1.0, count)
    free_s, cuts = np.zeros(servers), np.cumsum(pieces)[:-1]
    parts = [fifo(a, s, free_s) for a, s in zip(np.split(arrivals_s, cuts), np.split(services_s, cuts), strict=True)]
    assert np.array_equal(np.concatenate(parts), fifo(arrivals_s, services_s, np.zeros(servers)))


def test_shards_side_by_side_do_not_know_each_other() -> None:
    rng = np.random.default_rng(6)
    arrivals_s, services_s = np.cumsum(rng.exponential(0.3, 3_000)), rng.exponential(1.0, 3_000)
    shards = rng.integers(0, 5, 3_000)
    together_s = fifo_shards(arrivals_s, shards, services_s, np.zeros(5))
    for shard in range(5):
        own = shards == shard
        assert np.array_equal(together_s[own], fifo(arrivals_s[own], services_s[own], np.zeros(1)))


def test_a_free_server_starts_at_once_and_a_busy_one_when_it_is_free() -> None:
    free_s = np.zeros(2)
    assert [depart(free_s, 0, 1.0, 2.0), depart(free_s, 0, 1.5, 1.0), depart(free_s, 1, 1.6, 1.0)] == [3.0, 4.0, 2.6]


def test_a_linger_ends_after_the_first_that_waits_and_takes_all() -> None:
    open_s = np.array([-np.inf])
    assert [pass_gate(open_s, 0, at_s, 5.0, 0.0) for at_s in (1.0, 3.0, 6.0, 6.5)] == [6.0, 6.0, 6.0, 11.5]


def test_a_fetch_takes_at_once_what_comes_to_it_and_later_what_came_before_the_next() -> None:
    open_s = np.array([-np.inf])
    assert [pass_gate(open_s, 0, at_s, 0.0, 2.0) for at_s in (1.0, 1.5, 2.5, 3.5, 9.0)] == [1.0, 3.0, 3.0, 5.0, 9.0]


def sojourn_interval(load: float, draw: Draw, servers: int = 1) -> tuple[float, float]:
    """Mean time in the station and half-width at 99 %, from 10 replications of 200,000 customers."""
    means = []
    for seed in range(10):
        rng = np.random.default_rng([23, seed])
        arrivals_s = np.cumsum(rng.exponential(1 / (load * servers), 200_000))
        departures_s = fifo(arrivals_s, draw(rng, 200_000), np.zeros(servers))
        means.append(float((departures_s - arrivals_s)[20_000:].mean()))
    interval = mean_interval(means, 0.99)
    return interval.mean, interval.half_width


def two_kinds(rng: np.random.Generator, count: int) -> Floats:
    """0.5 s or 5.5 s, mean 1 s, second moment 3.25."""
    return np.where(rng.random(count) < 0.9, 0.5, 5.5)


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
@pytest.mark.parametrize(
    ("draw", "second_moment"), [(exponential, 2.0), (constant, 1.0), (two_kinds, 3.25)], ids=["M/M/1", "M/D/1", "M/G/1"]
)
def test_one_server_follows_pollaczek_and_khinchine(load: float, draw: Draw, second_moment: float) -> None:
    mean_s, half_s = sojourn_interval(load, draw)
    expected_s = 1 + load * second_moment / (2 * (1 - load))
    assert abs(mean_s - expected_s) <= half_s < 0.06 * expected_s


@pytest.mark.parametrize(("servers", "load"), [(4, 0.7), (16, 0.9)])
def test_a_pool_follows_erlang(servers: int, load: float) -> None:
    mean_s, half_s = sojourn_interval(load, exponential, servers)
    expected_s = 1 + pool_wait(servers, load)
    assert abs(mean_s - expected_s) <= half_s < 0.06 * expected_s


def test_little_law_holds_for_the_number_present_seen_event_by_event() -> None:
    rng = np.random.default_rng(9)
    arrivals_s = np.cumsum(rng.exponential(1.4, 50_000))
    departures_s = fifo(arrivals_s, rng.exponential(1.0, 50_000), np.zeros(1))
    times_s = np.concatenate([arrivals_s, departures_s])
    order = np.argsort(times_s, kind="stable")
    present = np.cumsum(np.repeat([1, -1], 50_000)[order])
    area_s = float((present[:-1] * np.diff(times_s[order])).sum())
    assert area_s == pytest.approx(float((departures_s - arrivals_s).sum()), rel=1e-9)
