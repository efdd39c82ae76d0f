"""The 500 ms, hop by hop."""

from __future__ import annotations

import math

import pytest

from sim.hops import HOPS
from sim.plan import Plan, plan
from sim.scenario_file import load_scenario

HOP_NAMES = ("uplink", "gateway", "log", "queue", "store", "route", "rpc", "downlink")


@pytest.fixture(scope="module")
def whatsapp() -> Plan:
    return plan(load_scenario("whatsapp"))


def test_the_hops_are_those_of_the_histories_with_the_gateway_apart() -> None:
    assert {hop.name for hop in HOPS} - {"lag"} == set(HOP_NAMES) - {"gateway"}


def test_a_tail_is_never_shorter_than_its_median(whatsapp: Plan) -> None:
    for hop in (*HOP_NAMES, "server", "total"):
        assert whatsapp.line(f"budget.{hop}_p99").value > whatsapp.line(f"budget.{hop}_median").value


def test_medians_sum_to_about_65_ms(whatsapp: Plan) -> None:
    medians = [whatsapp.line(f"budget.{hop}_median").value for hop in HOP_NAMES]
    assert whatsapp.line("budget.total_median").value == pytest.approx(math.fsum(medians))
    assert whatsapp.line("budget.total_median").value == pytest.approx(0.065, abs=0.002)


def test_the_tail_of_the_sum_lies_below_the_sum_of_the_tails(whatsapp: Plan) -> None:
    for part in ("server", "total"):
        largest = max(whatsapp.line(f"budget.{hop}_p99").value for hop in HOP_NAMES[1:-1])
        assert largest < whatsapp.line(f"budget.{part}_p99").value < whatsapp.line(f"budget.{part}_p99_sum").value


def test_phones_with_a_socket_make_500_ms_and_push_notifications_do_not(whatsapp: Plan) -> None:
    target = whatsapp.line("budget.target").value
    assert target == 0.5
    assert whatsapp.line("budget.total_p99").value < target < whatsapp.line("budget.push_p95").value
    assert whatsapp.line("budget.push_share").value == pytest.approx(0.684)


def test_the_queue_is_the_wait_of_an_m_m_1_at_the_planned_load(whatsapp: Plan) -> None:
    assert whatsapp.line("budget.queue_median").value == pytest.approx(0.01 * math.log(0.7 / 0.5))
    assert whatsapp.line("budget.queue_p99").value == pytest.approx(0.01 * math.log(0.7 / 0.01))


def test_linger_adds_its_whole_length_to_the_log(whatsapp: Plan) -> None:
    waiting = plan(load_scenario("whatsapp", ["design.linger=20ms"]))
    for statistic in ("median", "p99"):
        line = f"budget.log_{statistic}"
        assert waiting.line(line).value == pytest.approx(whatsapp.line(line).value + 0.02)


def test_insert_if_not_exists_makes_the_store_four_times_as_long(whatsapp: Plan) -> None:
    lwt = plan(load_scenario("whatsapp", ["design.dedup=lwt"]))
    assert lwt.line("budget.store_median").value == pytest.approx(4 * whatsapp.line("budget.store_median").value)
    assert lwt.line("budget.total_p99").value > whatsapp.line("budget.total_p99").value


def test_the_target_is_the_scenarios_own_threshold() -> None:
    tight = plan(load_scenario("whatsapp", ["thresholds.delivery_p99=100ms"]))
    assert tight.line("budget.target").parameter.mark == "assumed"
    assert tight.line("budget.total_left").value < 0
