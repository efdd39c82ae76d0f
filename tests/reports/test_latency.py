from __future__ import annotations

import pytest

from reports.latency import (
    Window,
    hop_budgets,
    hop_latencies,
    judged_hops,
    judged_window,
    latencies,
    latency_over_time,
    latency_samples,
)
from sim.history import History
from sim.hops import HOPS
from tests.reports.synthetic import HOPS_S, Event, history, message, ns, small_scenario, steady_trace

TOTAL_S = sum(HOPS_S.values())


def _history(*messages: list[Event]) -> History:
    return history(small_scenario(), steady_trace(60.0, 1.0), [event for one in messages for event in one])


def _ladder() -> History:
    """A hundred messages after warm-up whose downlink takes 1, 2, … 100 ms, and one of 9 s during warm-up."""
    slow = message(999, 5.0, HOPS_S | {"downlink": 9.0})
    steps = [message(n, 10 + n / 10, HOPS_S | {"downlink": n / 1000}, n % 50) for n in range(1, 101)]
    return _history(slow, *steps)


def test_the_judged_window_is_what_the_config_says() -> None:
    assert judged_window(_ladder()) == Window(10.0, 60.0)


def test_a_history_without_config_is_judged_as_a_whole() -> None:
    assert judged_window(
        History.of([{"t_ns": 0, "kind": "quiesce"}, {"t_ns": 2 * 10**9, "kind": "quiesce"}])
    ) == Window(0, 2)


def test_delivery_runs_from_the_intended_moment_to_the_screen() -> None:
    found = latencies(latency_samples(_ladder()), Window(10.0, 60.0))["delivery"]
    before_s = TOTAL_S - HOPS_S["downlink"]
    assert found.samples == 100
    assert found.statistics["p50"].value_s == pytest.approx(before_s + 0.050, abs=1e-9)
    assert found.statistics["p99"].value_s == pytest.approx(before_s + 0.099, abs=1e-9)
    assert found.statistics["max"].value_s == pytest.approx(before_s + 0.100, abs=1e-9)
    assert found.statistics["mean"].value_s == pytest.approx(before_s + 0.0505, abs=1e-9)


def test_a_late_generator_cannot_hide_the_wait_it_caused() -> None:
    late = latencies(
        latency_samples(_history(message(1, 20.0, HOPS_S | {"lag": 0.7}, ack_s=0.706))), Window(10.0, 60.0)
    )
    assert late["delivery"].statistics["p50"].value_s == pytest.approx(TOTAL_S + 0.7, abs=1e-9)
    assert late["ack"].statistics["p50"].value_s == pytest.approx(0.706, abs=1e-9)


def test_ack_and_receipt_have_their_own_latencies() -> None:
    found = latencies(latency_samples(_ladder()), Window(10.0, 60.0))
    assert found["ack"].statistics["p99"].value_s == pytest.approx(0.006, abs=1e-9)
    assert found["receipt"].statistics["p99"].value_s == pytest.approx(0.003, abs=1e-9)
    assert found["receipt"].samples == 100


def test_a_receipt_to_a_sender_who_was_away_is_no_sample() -> None:
    away = {"device": "u0", "user": "u0", "session": "u0.1"}
    events = message(1, 20.0, HOPS_S)
    shown_ns = next(event["t_ns"] for event in events if event["kind"] == "deliver")
    gone = [
        {"t_ns": shown_ns + 1, "kind": "conn.close", **away},
        {"t_ns": shown_ns + 2, "kind": "conn.open", **away, "session": "u0.2"},
    ]
    assert latencies(latency_samples(_history(events, gone)), Window(10.0, 60.0))["receipt"].samples == 0


def test_negative_latencies_are_counted_and_kept() -> None:
    broken = message(1, 20.0, HOPS_S | {"log": -0.050})
    whole = _history(broken, message(2, 21.0, HOPS_S, pair=1))
    found = latencies(latency_samples(whole), Window(10.0, 60.0))["delivery"]
    assert (found.samples, found.negative) == (2, 1)
    assert found.statistics["p50"].value_s == pytest.approx(TOTAL_S - 0.054, abs=1e-9)
    by_name = {hop.name: hop for hop in hop_latencies(judged_hops(whole, Window(10.0, 60.0)))}
    assert by_name["log"].negative == 1
    assert by_name["rpc"].negative == 0


def test_hops_are_told_in_the_order_of_the_way() -> None:
    found = hop_latencies(judged_hops(_ladder(), Window(10.0, 60.0)))
    assert [hop.name for hop in found] == [hop.name for hop in HOPS]
    assert {hop.name: pytest.approx(hop.statistics["p99"], abs=1e-9) for hop in found} == HOPS_S | {"downlink": 0.099}


def test_the_budget_of_a_quantile_adds_up_to_messages_near_it() -> None:
    budgets = hop_budgets(judged_hops(_ladder(), Window(10.0, 60.0)))
    before_s = TOTAL_S - HOPS_S["downlink"]
    assert sum(budgets["p50"].values()) == pytest.approx(before_s + 0.0505, abs=1e-9)
    assert budgets["p99"]["downlink"] == pytest.approx(0.0995, abs=1e-9)
    assert budgets["p99"]["store"] == pytest.approx(HOPS_S["store"], abs=1e-9)


def test_latency_over_time_has_one_row_a_slice_and_shows_warm_up_too() -> None:
    series = latency_over_time(latency_samples(_ladder())["delivery"], 60.0)
    assert series.t_s.tolist() == [5.0, 11.0, 13.0, 15.0, 17.0, 19.0, 21.0]
    assert series.samples.tolist() == [1, 19, 20, 20, 20, 20, 1]
    assert series.p50.iloc[0] == pytest.approx(TOTAL_S - HOPS_S["downlink"] + 9.0, abs=1e-9)


def test_a_message_without_a_known_intention_is_timed_from_its_sending() -> None:
    events = message(1, 20.0, HOPS_S)
    del events[0]["intended_ns"]
    found = latency_samples(_history(events))["ack"]
    assert found[found.t_s == 20.0].latency_s.tolist() == [pytest.approx(0.006)]
    assert events[0]["t_ns"] == ns(20.0)
