from __future__ import annotations

import pytest

from reports.latency import Window
from reports.load import counts, generator, load, utilisation_over_time
from reports.sessions import Sessions
from sim.history import History
from tests.reports.synthetic import HOPS_S, PROCESSES, Event, history, message, small_scenario, steady_trace

WINDOW = Window(10.0, 60.0)


def _history(lag_s: float = 0.0, count: int = 100, extra: list[Event] | None = None) -> History:
    sends = [event for n in range(count) for event in message(n, 10 + n / 2, HOPS_S | {"lag": lag_s}, n)]
    return history(small_scenario(), steady_trace(60.0, 2.0), sends, extra or [])


def test_counts_tell_pushes_from_resumes() -> None:
    found = counts(_history(), WINDOW)
    assert {
        key: found[key] for key in ("sends", "ok", "info", "fail", "deliveries", "resumed", "pushes", "receipts")
    } == {
        "sends": 101,
        "ok": 101,
        "info": 0,
        "fail": 0,
        "deliveries": 100,
        "resumed": 1,
        "pushes": 1,
        "receipts": 101,
    }
    assert (found["heartbeats"], found["presence_reads"], found["sockets"]) == (200 * 4, 200, 202)


def test_media_are_counted_as_the_devices_and_the_service_saw_them() -> None:
    kinds = ("media.put", "media.put", "media.get")
    media: list[Event] = [{"t_ns": 20 * 10**9, "kind": kind, "device": "u1", "uuid": "m1"} for kind in kinds]
    stored: Event = {"t_ns": 61 * 10**9, "kind": "sample", "target": "media", "state": "stored", "value": 1.0}
    found = counts(_history(extra=[*media, stored]), WINDOW)
    assert (found["media_uploads"], found["media_fetched"], found["media_stored"]) == (2, 1, 1)


def test_sockets_opened_after_the_load_do_not_count() -> None:
    late: Event = {"t_ns": 61 * 10**9, "kind": "conn.open", "device": "u900", "user": "u900", "session": "u900.1"}
    assert counts(_history(extra=[late]), WINDOW)["sockets"] == 202


def test_utilisation_is_the_slope_of_cpu_seconds_after_warm_up() -> None:
    found = load(_history(), WINDOW, cores=2)
    assert found.utilisation == PROCESSES
    assert found.total == sum(PROCESSES.values())


def test_rates_are_over_the_judged_window() -> None:
    found = load(_history(), WINDOW, cores=None)
    assert (found.sends_per_s, found.deliveries_per_s) == (2.0, 2.0)


def test_utilisation_over_time_sits_between_the_samples() -> None:
    series = utilisation_over_time(_history())
    gateway = series[series.target == "gateway-1"]
    assert gateway.t_s.tolist()[:3] == [0.5, 1.5, 2.5]
    assert set(gateway.cores) == {0.25}


def test_a_punctual_generator_has_no_reason() -> None:
    found = generator(_history(), WINDOW)
    assert (found.intended, found.achieved_share, found.lag_p99_s, found.reason) == (100, 1.0, 0.0, "")


def test_a_late_generator_is_bound_by_its_lag() -> None:
    assert generator(_history(lag_s=0.010), WINDOW).reason == ""
    assert generator(_history(lag_s=0.025), WINDOW).reason == (
        "generator-bound: schedule lag p99 is 25.0 ms, at most 10 ms is allowed"
    )


def test_sends_of_the_trace_that_never_happened_bind_the_generator() -> None:
    found = generator(_history(count=90), WINDOW, planned=100)
    assert found.achieved_share == 0.9
    assert found.reason == "generator-bound: 90.0% of the intended sends were made in time, 95% are needed"


def test_a_run_that_sent_nothing_has_no_share() -> None:
    assert generator(_history(count=0), WINDOW).achieved_share is None


def test_open_sessions_step_up_and_down() -> None:
    sessions = Sessions.of(_history()).over_time(60.0)
    assert sessions.open.iloc[[0, -1]].tolist() == [0, 202]
    assert sessions[sessions.t_s == 1.0].open.tolist() == [201]
    assert sessions.t_s.iloc[-1] == pytest.approx(2.0)
