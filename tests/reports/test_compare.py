from __future__ import annotations

from dataclasses import replace

import pytest

from reports.compare import Bottleneck, Row, bottleneck, compare
from reports.load import Generator, Load
from reports.world import World, judge_world
from tests.reports.synthetic import HOPS_S, history, message, small_scenario, steady_trace


def _world(slower: float = 1.0) -> World:
    hops_s = {name: seconds * slower for name, seconds in HOPS_S.items()}
    sends = [event for n in range(100) for event in message(n, 10.25 + n / 2, hops_s, n)]
    trace = steady_trace(60.0, 2.0)
    return judge_world(history(small_scenario(), trace, sends), None, {"delivery_p99": 0.5}, cores=2)


@pytest.fixture(scope="module")
def fast() -> World:
    return _world()


@pytest.fixture(scope="module")
def slow() -> World:
    return _world(2.0)


def test_error_is_predicted_less_measured_over_measured(fast: World, slow: World) -> None:
    row = compare(fast, slow).row("delivery", "p50")
    assert row is not None
    assert row.predicted == pytest.approx(0.011)
    assert row.measured == pytest.approx(0.022)
    assert row.error == pytest.approx(-0.5)
    assert row.shown_error == "−50%"


def test_differences_under_a_millisecond_are_noise() -> None:
    assert Row("queue", "p50", "s", 0.0001, 0.0009).shown_error == "≈"
    assert Row("queue", "p50", "s", 0.001, 0.0021).shown_error == "−52%"
    assert Row("kafka", "", "cores", 0.1, 0.0).shown_error == "–"


def test_the_lag_of_the_generator_is_not_predicted(fast: World, slow: World) -> None:
    assert {row.subject for row in compare(fast, slow).rows if row.unit == "s"} == {
        *("delivery", "ack", "receipt"),
        *(name for name in HOPS_S if name != "lag"),
    }


def test_throughput_and_utilisation_are_compared(fast: World, slow: World) -> None:
    found = compare(fast, slow)
    assert found.row("sends") == Row("sends", "", "/s", 2.0, 2.0)
    assert found.row("worker-1") == Row("worker-1", "", "cores", 0.5, 0.5)
    assert found.row("all processes") == Row("all processes", "", "cores", 1.5, 1.5)


def test_a_good_prediction_is_said_to_be_one(fast: World) -> None:
    assert compare(fast, fast).conclusion.startswith("The model predicts this box: delivery mean +0%, utilisation +0%.")


def test_a_wrong_prediction_of_an_idle_stack_convicts_the_model(fast: World, slow: World) -> None:
    conclusion = compare(fast, slow).conclusion
    assert "not saturated" in conclusion
    assert "the model is wrong about delivery mean −50%" in conclusion


def test_a_saturated_stack_does_not_convict_the_model(fast: World, slow: World) -> None:
    saturated = replace(slow, trend=replace(slow.trend, state="growing", sentence="saturated"))
    assert compare(fast, saturated).conclusion.startswith("The real stack was saturated.")


def test_a_late_generator_does_not_convict_the_model_either(fast: World, slow: World) -> None:
    late = replace(slow, generator=Generator(100, 0.5, 0.0))
    assert "generator-bound" in compare(fast, late).conclusion


def test_the_bottleneck_is_the_busiest_loop_or_the_cores() -> None:
    shares = {"gateway-1": 0.4, "worker-1": 0.9, "kafka": 1.2}
    assert bottleneck(Load(1, 1, shares, cores=4)) == Bottleneck("worker-1", 0.9, "all 4 cores", 0.625)
    assert bottleneck(Load(1, 1, shares, cores=2)) == Bottleneck("all 2 cores", 1.25, "worker-1", 0.9)


def test_threaded_servers_are_bound_by_the_cores_only() -> None:
    assert bottleneck(Load(1, 1, {"kafka": 1.2, "redis": 0.1}, cores=None)) == Bottleneck("redis", 0.1)
    assert bottleneck(Load(1, 1, {"cassandra-2": 1.2, "redis-1": 0.1}, cores=None)) == Bottleneck("redis-1", 0.1)
    assert bottleneck(Load(1, 1, {}, cores=2)) is None
