"""A day from its windows: what sampling says of a day that can be run as a whole, and how often it is right."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
from numpy.random import SeedSequence

from sim.errors import ModelError
from sim.experiments.executor import InProcess
from sim.experiments.ledger import Ledger
from sim.fast.day import observe, windows
from sim.fast.day_result import FullDay
from sim.fast.latency import value
from sim.fast.layout import full_layout
from sim.fast.production import production
from sim.fast.slice import Job, Seen, run_slice
from sim.fast.source import course_of
from sim.plan import plan
from sim.scenario import Scenario
from sim.workload.day_curve import DayCurve
from tests.sim.fast.worlds import small_scenario

# A day of ten minutes, in which partitions are busy to 0.7 at noon and hardly at night.
SHORT_S = 600.0


@cache
def swinging() -> Scenario:
    return small_scenario(traffic__messages="50m/day", traffic__daily_peak=1.9, traffic__event_peak=1.9)


def sampled(seed: int, *, strata: int = 12, seconds: float = 1.0) -> FullDay:
    asked = windows(swinging(), seed=seed, strata=strata, seconds=seconds, day_s=SHORT_S)
    return FullDay("small", asked, [observe(window) for window in asked], SHORT_S)


@cache
def whole_day() -> Seen:
    """Every message of the day, on one clock."""
    curve = course_of(DayCurve(SHORT_S, 1.9).intensity, SHORT_S, steps=600)
    layout, times = full_layout(swinging(), "mean"), production(swinging())
    return run_slice(Job(layout, times, SeedSequence(11), SHORT_S, 0.5, course=curve, reads=curve))


@pytest.mark.parametrize(
    ("hop", "name"), [("delivery", "mean"), ("delivery", "p99"), ("queue", "mean"), ("ack", "p50")]
)
def test_most_intervals_hold_what_the_whole_day_says(hop: str, name: str) -> None:
    true_s = value(whole_day().hops[hop], name)
    found = [_samples()[seed].latencies.statistic(hop, name) for seed in range(12)]
    assert sum(one is not None and one.holds(true_s) for one in found) >= 10


def test_the_messages_of_the_day_are_within_the_error_of_sampling() -> None:
    true = plan(swinging()).line("traffic.messages_mean").value * SHORT_S
    held = [one.counts["messages"].holds(true) for one in _samples().values()]
    assert sum(held) >= 10
    assert all(one.counts["messages"].relative < 0.1 for one in _samples().values())


@cache
def _samples() -> dict[int, FullDay]:
    return {seed: sampled(seed) for seed in range(12)}


def test_noon_is_busier_than_night_and_waits_longer() -> None:
    hours = _samples()[0].hours
    night, noon = hours[0], hours[6]
    assert noon.messages_per_s > 10 * night.messages_per_s
    assert noon.offered > night.offered
    waits = [hour.latencies.statistic("queue", "mean") for hour in (night, noon)]
    assert waits[0] is not None
    assert waits[1] is not None
    assert waits[1].mean > waits[0].mean


def test_every_window_lies_in_its_stratum_and_replications_draw_others() -> None:
    asked = windows(swinging(), strata=6, seconds=1.0, day_s=SHORT_S)
    assert all(100 * one.number <= one.at_s < 100 * (one.number + 1) for one in asked)
    assert len({one.at_s for one in asked}) == len({one.key for one in asked}) == 24
    assert [one.key for one in windows(swinging(), strata=6, seconds=1.0, day_s=SHORT_S)] == [one.key for one in asked]


def test_the_document_is_plain() -> None:
    document = json.loads(json.dumps(_samples()[0].to_dict()))
    assert document["replications"] == 4
    assert len(document["hours"]) == document["strata"] == 12
    assert document["hops"]["delivery"]["p99"]["half_width_s"] > 0
    assert "A day of small" in _samples()[0]._repr_html_()


def test_finished_windows_come_back_from_the_ledger_as_they_were(tmp_path: Path) -> None:
    asked = windows(swinging(), strata=2, seconds=0.2, day_s=SHORT_S)
    ledger = tmp_path / "windows.jsonl"
    first = Ledger(ledger).answers(observe, asked[:5], InProcess())
    told: list[int] = []
    again = Ledger(ledger).answers(observe, asked, InProcess(), lambda done, total: told.append(total))
    assert again[:5] == first
    assert told == [3, 3, 3]


def test_an_hour_that_is_overloaded_leaves_the_day_without_a_latency() -> None:
    viral = small_scenario(traffic__hot_share=0.25, traffic__group_size_max=200)
    asked = windows(viral, strata=3, seconds=0.2, day_s=SHORT_S)
    day = FullDay("viral", asked, [observe(window) for window in asked], SHORT_S)
    assert day.overloaded["worker"] > 0
    assert day.latencies.statistic("delivery", "p99") is None
    assert day.latencies.statistic("ack", "p99") is not None


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"replications": 3}, "at least 4 are needed"),
        ({"seconds": 100.0}, "at most 600 s together"),
        ({"strata": 0}, "more than nothing"),
    ],
)
def test_a_sample_that_cannot_be_is_refused(asked: dict[str, float], told: str) -> None:
    with pytest.raises(ModelError, match=told):
        windows(swinging(), day_s=SHORT_S, **asked)  # type: ignore[arg-type]
