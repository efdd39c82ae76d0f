"""Stations by hand: tiny deterministic cases with every time known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st

from sim.engine.stations import Cores, EventLoop, Pool


def finish_times(env: simpy.Environment, jobs: list[tuple[str, float, Any]]) -> list[tuple[str, float]]:
    """Names and times in the order of completion; a job is (name, arrival, what to yield then)."""
    log: list[tuple[str, float]] = []

    def job(name: str, arrival_s: float, begin: Any) -> Any:
        yield env.timeout(arrival_s)
        yield begin()
        log.append((name, round(env.now, 9)))

    for name, arrival_s, begin in jobs:
        env.process(job(name, arrival_s, begin))
    env.run()
    return log


def test_a_job_alone_runs_at_full_speed() -> None:
    env = simpy.Environment()
    cores = Cores(env, 2)
    assert finish_times(env, [("a", 1.0, lambda: cores.work(2.0))]) == [("a", 3.0)]


def test_as_many_jobs_as_cores_do_not_slow_each_other() -> None:
    env = simpy.Environment()
    cores = Cores(env, 2)
    jobs = [("a", 0.0, lambda: cores.work(2.0)), ("b", 0.0, lambda: cores.work(3.0))]
    assert finish_times(env, jobs) == [("a", 2.0), ("b", 3.0)]


def test_three_jobs_on_two_cores_run_at_two_thirds() -> None:
    env = simpy.Environment()
    cores = Cores(env, 2)
    jobs = [(name, 0.0, lambda: cores.work(2.0)) for name in "abc"]
    assert finish_times(env, jobs) == [("a", 3.0), ("b", 3.0), ("c", 3.0)]


def test_an_arrival_slows_those_present_and_a_departure_speeds_them_up() -> None:
    # One core. a has 1 s done at t=1, then shares: b ends at t=3 with a at 2 s done; a alone ends at t=4.
    env = simpy.Environment()
    cores = Cores(env, 1)
    jobs = [("a", 0.0, lambda: cores.work(3.0)), ("b", 1.0, lambda: cores.work(1.0))]
    assert finish_times(env, jobs) == [("b", 3.0), ("a", 4.0)]


def test_cores_are_busy_as_long_as_work_was_asked_for() -> None:
    env = simpy.Environment()
    cores = Cores(env, 2)
    finish_times(env, [("a", 0.0, lambda: cores.work(1.0)), ("b", 0.0, lambda: cores.work(3.0))])
    env.run(until=8.0)
    assert cores.utilisation() == pytest.approx(4.0 / (2 * 8.0))
    assert cores.mean_jobs() == pytest.approx((2 * 1.0 + 1 * 2.0) / 8.0)


def test_negative_work_is_refused() -> None:
    with pytest.raises(ValueError, match="demand_s=-1"):
        Cores(simpy.Environment(), 1).work(-1)


def test_an_event_loop_serves_one_after_the_other_in_order_of_arrival() -> None:
    env = simpy.Environment()
    loop = EventLoop(env, Cores(env, 2))
    jobs = [("a", 0.0, lambda: loop.run(2.0)), ("b", 0.5, lambda: loop.run(0.1)), ("c", 0.6, lambda: loop.run(1.0))]
    assert finish_times(env, jobs) == [("a", 2.0), ("b", 2.1), ("c", 3.1)]
    assert loop.cpu_s == pytest.approx(3.1)


def test_a_service_tells_when_it_began() -> None:
    env = simpy.Environment()
    loop = EventLoop(env, Cores(env, 1))
    first, second = loop.run(2.0), loop.run(1.0)
    env.run()
    assert (first.value, second.value) == (0.0, 2.0)


def test_two_event_loops_on_one_core_slow_each_other() -> None:
    env = simpy.Environment()
    cores = Cores(env, 1)
    loops = [EventLoop(env, cores) for _ in range(2)]
    jobs = [("a", 0.0, lambda: loops[0].run(1.0)), ("b", 0.0, lambda: loops[1].run(2.0))]
    assert finish_times(env, jobs) == [("a", 2.0), ("b", 3.0)]


def test_a_thread_is_held_through_its_delay_and_takes_no_cpu_meanwhile() -> None:
    env = simpy.Environment()
    pool = Pool(env, Cores(env, 1), threads=2)
    jobs = [(name, 0.0, lambda: pool.run(1.0, delay_s=5.0)) for name in "abc"]
    # a and b share the core until t=2 and wait until t=7; c starts then.
    assert finish_times(env, jobs) == [("a", 7.0), ("b", 7.0), ("c", 13.0)]
    assert pool.cpu_s == pytest.approx(3.0)


def test_only_who_finds_a_process_with_nothing_to_do_wakes_it() -> None:
    env = simpy.Environment()
    loop = EventLoop(env, Cores(env, 1), wake_s=0.5)
    jobs = [("a", 0.0, lambda: loop.run(1.0)), ("b", 1.0, lambda: loop.run(1.0)), ("c", 3.0, lambda: loop.run(1.0))]
    assert finish_times(env, jobs) == [("a", 1.5), ("b", 2.5), ("c", 4.5)]
    assert loop.cpu_s == pytest.approx(4.0)


def test_background_work_takes_its_share_of_a_core() -> None:
    env = simpy.Environment()
    pool = Pool(env, Cores(env, 2), threads=1)
    env.process(pool.background(0.25, period_s=0.02, phase_s=0.01))
    env.run(until=10.0)
    assert pool.cpu_s == pytest.approx(2.5, rel=0.005)


@pytest.mark.parametrize("late_s", [0.0, 1e5, 1e9])
def test_a_late_clock_that_cannot_resolve_the_work_still_ends(late_s: float) -> None:
    env = simpy.Environment(initial_time=late_s)
    cores = Cores(env, 1)
    for demand_s in (1e-3, 1e-3 + 1e-11, 0.1, 1e-9):
        cores.work(demand_s)
    env.run(until=late_s + 1.0)
    # Three share the core for 3 ms, the longest has it alone for the other 99 ms.
    assert cores.mean_jobs() == pytest.approx(3 * 0.003 + 0.099, abs=1e-5)


jobs_strategy = st.lists(st.tuples(st.floats(0, 10), st.floats(0.001, 3)), min_size=1, max_size=25)


@given(jobs=jobs_strategy, count=st.integers(1, 4))
def test_processor_sharing_equals_a_step_by_step_integration(jobs: list[tuple[float, float]], count: int) -> None:
    env = simpy.Environment()
    cores = Cores(env, count)
    named = [(str(n), at, lambda d=demand: cores.work(d)) for n, (at, demand) in enumerate(jobs)]
    ended = dict(finish_times(env, named))
    assert [ended[str(n)] for n in range(len(jobs))] == pytest.approx(shared_by_steps(jobs, count), abs=1e-6)


def shared_by_steps(jobs: list[tuple[float, float]], count: int) -> list[float]:
    """Completion times, by going from one arrival or completion to the next."""
    left = [demand for _, demand in jobs]
    ends = [0.0] * len(jobs)
    now, open_jobs = 0.0, set(range(len(jobs)))
    while open_jobs:
        present = [n for n in open_jobs if jobs[n][0] <= now]
        speed = min(1.0, count / len(present)) if present else 0.0
        arrivals = [jobs[n][0] - now for n in open_jobs if jobs[n][0] > now]
        step = min([*arrivals, *(left[n] / speed for n in present)])
        now += step
        for n in present:
            left[n] -= step * speed
            if left[n] <= 1e-12:
                ends[n] = now
                open_jobs.remove(n)
    return ends


@given(jobs=jobs_strategy, threads=st.integers(1, 3))
def test_little_law_holds_exactly_between_empty_and_empty(jobs: list[tuple[float, float]], threads: int) -> None:
    env = simpy.Environment()
    pool = Pool(env, Cores(env, 2), threads)
    named = [(str(n), at, lambda d=demand: pool.run(d)) for n, (at, demand) in enumerate(jobs)]
    ended = dict(finish_times(env, named))
    sojourns = [ended[str(n)] - at for n, (at, _) in enumerate(jobs)]
    assert pool.jobs.integral_s() == pytest.approx(sum(sojourns), abs=1e-6)
    assert pool.jobs.arrivals == len(jobs)


@given(jobs=jobs_strategy)
def test_utilisation_is_arrival_rate_times_demand(jobs: list[tuple[float, float]]) -> None:
    env = simpy.Environment()
    loop = EventLoop(env, Cores(env, 1))
    finish_times(env, [(str(n), at, lambda d=demand: loop.run(d)) for n, (at, demand) in enumerate(jobs)])
    rate_per_s, mean_demand_s = len(jobs) / env.now, float(np.mean([demand for _, demand in jobs]))
    assert loop.utilisation() == pytest.approx(rate_per_s * mean_demand_s)
