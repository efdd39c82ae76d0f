"""A run at full size: its parts are the whole, its rate is the scenario's, its reads trail."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.random import SeedSequence

from sim.errors import ModelError
from sim.experiments.executor import InProcess
from sim.fast.draws import stream_of
from sim.fast.full import Threads, full_play
from sim.fast.result import FullRun
from sim.fast.source import Course, come, course_of, expected, source
from sim.fast.timeline import clock_of, message_course, parts, read_course
from sim.scenario import Burst, Scenario
from tests.sim.fast.worlds import small_layout, small_scenario

BURST = Burst(at=2.0, lasts=1.0, factor=3.0)


def bursting(**more: object) -> Scenario:
    return small_scenario(run__duration="5s", run__warm_up="1s", **more).model_copy(update={"bursts": (BURST,)})


@pytest.fixture(scope="module")
def played() -> FullRun:
    return full_play(bursting(), InProcess(), kept_shards=1)


def test_a_source_follows_its_course() -> None:
    steps = Course(np.array([1.0, 2.0, np.inf]), np.array([1.0, 5.0, 0.5]))
    arrivals = source(stream_of(SeedSequence(1)), 10_000.0, steps)
    seen = []
    while arrivals.next_s[0] < 4.0:
        seen.append(float(arrivals.next_s[0]))
        come(arrivals)
    counts = np.histogram(seen, [0, 1, 2, 4])[0]
    assert counts == pytest.approx([10_000, 50_000, 10_000], rel=0.04)
    assert expected(arrivals, 5.0) > 0


def test_parts_side_by_side_are_the_whole() -> None:
    whole = small_layout(gateways=np.array([1.4, 1.0, 0.9, 0.7]), receipt_partitions=np.ones(4), hot_share=0.2)
    made = parts(whole, 3)
    assert sum(part.messages_per_s for part in made) == pytest.approx(whole.messages_per_s)
    rates = np.concatenate([part.partition_rates_per_s() for part in made])
    assert np.sort(rates) == pytest.approx(np.sort(whole.partition_rates_per_s()))
    assert [part.viral_per_s for part in made] == pytest.approx([whole.viral_per_s, 0, 0])


def test_a_system_too_small_for_parts_is_refused() -> None:
    with pytest.raises(ModelError, match="3 shards of a kind does not come in 4 parts"):
        parts(small_layout(), 4)


def test_the_burst_is_played_when_and_as_high_as_the_scenario_says(played: FullRun) -> None:
    clock = clock_of(bursting(), 7)
    assert played.counts["messages"] == pytest.approx(1157.4 * clock.total_s, rel=0.05)
    assert played.surge is not None
    assert played.surge.messages_per_s == pytest.approx(1157.4 * 3 * clock.day.intensity(2.5), rel=0.02)
    course = message_course(clock, 0.5)
    at = {t_s: course.factors[np.searchsorted(course.ends_s, t_s + 0.5)] for t_s in (1.98, 2.02, 2.98, 3.02)}
    assert at[2.02] / at[1.98] == pytest.approx(3, rel=0.05)
    assert at[2.98] / at[3.02] == pytest.approx(3, rel=0.05)


def test_threads_play_the_same(played: FullRun) -> None:
    assert full_play(bursting(), Threads(3), kept_shards=1).to_dict() == played.to_dict()


def test_what_backs_up_in_a_burst_shows_in_the_latency_of_the_run() -> None:
    # Workers are offered more than they can do for a fifth of the run, and two thirds of it on the mean.
    tight = {"traffic__daily_peak": 1.0, "traffic__event_peak": 1.5}
    calm = full_play(small_scenario(run__duration="5s", run__warm_up="1s", **tight), InProcess(), kept_shards=1)
    burst = full_play(bursting(**tight), InProcess(), kept_shards=1)
    assert burst.surge is not None
    assert burst.surge.growth_per_s["worker"] > 0
    assert not burst.overloaded
    waits = [run.latencies.statistic("queue", "p99") for run in (calm, burst)]
    assert waits[0] is not None
    assert waits[1] is not None
    assert waits[1].mean > 3 * waits[0].mean


def test_reads_trail_their_deliveries_by_the_time_that_people_take() -> None:
    step = course_of(lambda t_s: 1.0 if t_s < 100 else 3.0, 300.0, steps=6000)
    reads = read_course(step, 5.0, 1.0)
    at = {t_s: reads.factors[np.searchsorted(reads.ends_s, t_s)] for t_s in (99.0, 105.0, 250.0)}
    assert at[99.0] == pytest.approx(1.0)
    assert at[105.0] == pytest.approx(2.0, abs=0.05)
    assert at[250.0] == pytest.approx(3.0, abs=0.01)
