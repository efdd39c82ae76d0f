"""Stations held to queueing theory: the exact mean lies in the 99 % interval of 10 replications, which is narrow.

Service times have mean 1 s, so that the arrival rate over the number of servers is the utilisation.
"""

from __future__ import annotations

from collections.abc import Callable
from math import factorial

import numpy as np
import numpy.typing as npt
import pytest
import simpy

from sim.engine.stations import Cores, EventLoop, Pool
from sim.statistics import Interval, mean_interval
from tests.sim.engine.worlds import Serve, mean_sojourn_s

CUSTOMERS = 8_000
LOADS = (0.4, 0.65)


def erlang_c(servers: int, offered: float) -> float:
    """Probability that an arrival waits (Erlang 1917)."""
    last = offered**servers / factorial(servers) * servers / (servers - offered)
    return last / (sum(offered**k / factorial(k) for k in range(servers)) + last)


Draw = Callable[[np.random.Generator], npt.NDArray[np.float64]]
MakeStages = Callable[[simpy.Environment], list[Serve]]


def interval_of(make_stages: MakeStages, rate_per_s: float, draw: Draw, stage_count: int = 1) -> Interval:
    """Mean sojourn over 10 replications with seeds of their own."""
    means = []
    for seed in range(10):
        rng = np.random.default_rng([17, seed])
        services = [draw(rng).tolist() for _ in range(stage_count)]
        env = simpy.Environment()
        means.append(mean_sojourn_s(env, make_stages(env), rate_per_s, services, seed))
    return mean_interval(means, confidence=0.99)


def exponential(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    return rng.exponential(1.0, CUSTOMERS)


def constant(_: np.random.Generator) -> npt.NDArray[np.float64]:
    return np.ones(CUSTOMERS)


def two_kinds(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """0.5 s or 5.5 s, mean 1 s, squared coefficient of variation 2.25."""
    return np.where(rng.random(CUSTOMERS) < 0.9, 0.5, 5.5)


def holds(interval: Interval, expected_s: float) -> None:
    assert interval.holds(expected_s), f"{expected_s} is not in {interval}"
    assert interval.half_width < 0.12 * expected_s


def one_loop(env: simpy.Environment) -> list[Serve]:
    return [EventLoop(env, Cores(env, 1)).run]


@pytest.mark.parametrize("load", LOADS)
def test_an_event_loop_with_exponential_service_is_m_m_1(load: float) -> None:
    holds(interval_of(one_loop, load, exponential), 1 / (1 - load))


@pytest.mark.parametrize("load", LOADS)
def test_an_event_loop_with_constant_service_is_m_d_1(load: float) -> None:
    holds(interval_of(one_loop, load, constant), 1 + load / (2 * (1 - load)))


@pytest.mark.parametrize("load", LOADS)
def test_an_event_loop_with_general_service_follows_pollaczek_and_khinchine(load: float) -> None:
    second_moment = 0.9 * 0.5**2 + 0.1 * 5.5**2
    holds(interval_of(one_loop, load, two_kinds), 1 + load * second_moment / (2 * (1 - load)))


@pytest.mark.parametrize(("threads", "load"), [(2, 0.7), (4, 0.8)])
def test_a_pool_with_a_core_a_thread_is_m_m_c(threads: int, load: float) -> None:
    def stages(env: simpy.Environment) -> list[Serve]:
        return [Pool(env, Cores(env, threads), threads).run]

    waiting_s = erlang_c(threads, threads * load) / (threads * (1 - load))
    holds(interval_of(stages, threads * load, exponential), 1 + waiting_s)


@pytest.mark.parametrize("draw", [exponential, constant, two_kinds])
def test_processor_sharing_on_one_core_depends_on_the_mean_service_alone(draw: Draw) -> None:
    def stages(env: simpy.Environment) -> list[Serve]:
        return [Cores(env, 1).work]

    holds(interval_of(stages, 0.7, draw), 1 / (1 - 0.7))


def test_processor_sharing_on_two_cores_has_the_mean_of_m_m_2() -> None:
    def stages(env: simpy.Environment) -> list[Serve]:
        return [Cores(env, 2).work]

    holds(interval_of(stages, 1.5, exponential), 1 + erlang_c(2, 1.5) / (2 * 0.25))


def test_event_loops_in_tandem_add_up() -> None:
    def stages(env: simpy.Environment) -> list[Serve]:
        cores = Cores(env, 2)
        return [EventLoop(env, cores).run, EventLoop(env, cores).run]

    holds(interval_of(stages, 0.7, exponential, stage_count=2), 2 / (1 - 0.7))


def test_utilisation_and_mean_number_follow_from_the_arrival_rate() -> None:
    loads, numbers = [], []
    for seed in range(10):
        env = simpy.Environment()
        loop = EventLoop(env, Cores(env, 1))
        services = np.random.default_rng([5, seed]).exponential(1.0, CUSTOMERS)
        mean_sojourn_s(env, [loop.run], 0.6, [services.tolist()], seed)
        loads.append(loop.utilisation())
        numbers.append(loop.jobs.mean())
    holds(mean_interval(loads, 0.99), 0.6)
    holds(mean_interval(numbers, 0.99), 0.6 / (1 - 0.6))


def test_erlang_c_is_the_load_itself_for_one_server() -> None:
    assert erlang_c(1, 0.3) == pytest.approx(0.3)
