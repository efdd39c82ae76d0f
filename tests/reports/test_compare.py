from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reports.compare import Bottleneck, Row, bottleneck, compare
from reports.load import Generator, Load
from reports.world import World, judge_world
from tests.reports.synthetic import HOPS_S, history, message, ns, small_scenario, steady_trace


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


def _with_media(upload_s: float, cause: str | None = None) -> World:
    """Ten seconds with an upload and a download each; with a `cause` the downloads fail."""
    scenario = small_scenario()
    design = scenario.design.model_copy(update={"media": "store"})
    about = {"device": "u1", "user": "u1", "conv": "c1", "uuid": "m", "size_bytes": 9}
    legs: list[dict[str, Any]] = []
    for t_s in range(20, 30):
        legs.append({"kind": "media.put", "start_ns": ns(t_s), "t_ns": ns(t_s + upload_s), **about})
        legs.append({"kind": "media.get", "start_ns": ns(t_s), "t_ns": ns(t_s + 0.02), "cause": cause, **about})
    trace = steady_trace(60.0, 2.0)
    made = history(scenario.model_copy(update={"design": design}), trace, [], legs)
    return judge_world(made, None, {}, cores=2)


def test_uploads_and_downloads_are_compared_where_both_worlds_have_them(fast: World) -> None:
    found = compare(_with_media(0.05), _with_media(0.04))
    for leg, predicted_s, measured_s in (("upload", 0.05, 0.04), ("download", 0.02, 0.02)):
        row = found.row(leg, "p50")
        assert row is not None
        assert [row.predicted, row.measured] == pytest.approx([predicted_s, measured_s])
    assert compare(_with_media(0.05), fast).row("upload", "p50") is None


def test_a_download_that_failed_has_no_latency() -> None:
    failed = _with_media(0.05, "no answer")
    assert [(hop.name, hop.samples) for hop in failed.hops[-2:]] == [("upload", 10), ("download", 0)]


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
