"""Storage, network and money, by hand beside the plan."""

from __future__ import annotations

import math
import re

import pytest

from sim.plan import Plan, plan, prices
from sim.provenance import Parameter
from sim.scenario_file import load_scenario, scenario_names
from sim.units import YEAR_S

MONTH_S = YEAR_S / 12


@pytest.fixture(scope="module")
def whatsapp() -> Plan:
    return plan(load_scenario("whatsapp"))


def planned(*settings: str) -> Plan:
    return plan(load_scenario("whatsapp", settings))


# Storage


def test_media_are_7_pb_a_day_and_270_times_the_text(whatsapp: Plan) -> None:
    photos, videos, voices = 100e9 * 0.1 * 4.5 / 5.5 * 150e3, 100e9 * 0.1 / 5.5 * 3e6, 100e9 * 0.1 * 0.7 * 40e3
    assert whatsapp.line("storage.media_per_day").value == pytest.approx(photos + videos + voices)
    assert whatsapp.line("storage.media_per_day").value == pytest.approx(7.0e15, rel=0.01)
    assert whatsapp.line("storage.media_over_text").value == pytest.approx(270, rel=0.01)
    assert whatsapp.line("storage.media_bytes").value == pytest.approx(17.8e18, rel=0.01)


def test_the_hot_year_and_the_archive_are_the_whole_retention(whatsapp: Plan) -> None:
    hot = whatsapp.line("cassandra.hot_bytes_replicated").value / 3
    assert hot + whatsapp.line("storage.text_cold_bytes").value == pytest.approx(whatsapp.line("cassandra.bytes").value)


def test_what_is_kept_for_less_than_the_hot_year_has_no_archive() -> None:
    short = planned("storage.retention=30days")
    assert short.line("storage.text_cold_bytes").value == 0
    assert short.line("cost.text_archive").value == 0
    assert short.line("cassandra.hot_days").value == pytest.approx(30)


def test_a_scenario_without_media_pays_for_none() -> None:
    text_only = planned("traffic.media_share=0")
    assert text_only.line("cost.media").value == 0
    assert text_only.line("cost.media_share").value == 0
    assert text_only.line("cost.total").value == text_only.line("cost.chat").value


# Network


def test_heartbeats_outweigh_the_text(whatsapp: Plan) -> None:
    assert whatsapp.line("network.heartbeats").value == pytest.approx(632e6 / 15 * 80)
    assert whatsapp.line("network.heartbeats").value > whatsapp.line("network.egress_mean").value
    assert whatsapp.line("network.heartbeat_share").value > 0.5


def test_slower_heartbeats_are_proportionally_fewer_bytes(whatsapp: Plan) -> None:
    slow = planned("design.heartbeat=30s", "design.presence_ttl=65s")
    assert slow.line("network.heartbeats").value == pytest.approx(whatsapp.line("network.heartbeats").value / 2)


def test_two_of_three_calls_leave_their_zone(whatsapp: Plan) -> None:
    logged = whatsapp.line("kafka.ingest_mean").value + whatsapp.line("kafka.receipt_ingest_mean").value
    assert whatsapp.line("network.cross_zone_kafka").value == pytest.approx(logged * (2 / 3 + 2 + 2 / 3))
    parts = (whatsapp.line(f"network.cross_zone_{part}").value for part in ("kafka", "cassandra", "redis", "calls"))
    assert whatsapp.line("network.cross_zone").value == pytest.approx(math.fsum(parts))


# Money


def test_servers_are_paid_for_by_the_year(whatsapp: Plan) -> None:
    assert whatsapp.line("cost.gateways").value == pytest.approx(18_960 * 2283 / 12)
    assert whatsapp.line("cost.cassandra_all_hot").value == pytest.approx(
        whatsapp.line("cassandra.nodes").value * 5173 / 12
    )


def test_traffic_and_storage_are_paid_for_by_the_gigabyte(whatsapp: Plan) -> None:
    heartbeats = whatsapp.line("network.heartbeats").value * MONTH_S / 1e9 * 0.05
    assert whatsapp.line("cost.heartbeats").value == pytest.approx(heartbeats)
    assert whatsapp.line("cost.media_store").value == pytest.approx(374e6, rel=0.01)


def test_the_total_is_the_sum_of_its_parts(whatsapp: Plan) -> None:
    servers = ("gateways", "workers", "kafka", "redis", "cassandra")
    chat = (*servers, "text_archive", "egress", "heartbeats", "cross_zone")
    media = ("media_store", "media_uploads", "media_egress")
    cost = {part: whatsapp.line(f"cost.{part}").value for part in (*chat, *media)}
    assert whatsapp.line("cost.chat").value == pytest.approx(math.fsum(cost[part] for part in chat))
    assert whatsapp.line("cost.total").value == pytest.approx(math.fsum(cost.values()))


def test_a_million_messages_cost_130_dollars_and_4_without_their_media(whatsapp: Plan) -> None:
    millions = 100e9 / 86_400 * MONTH_S / 1e6
    assert whatsapp.line("cost.per_million_messages").value == pytest.approx(
        whatsapp.line("cost.total").value / millions
    )
    assert whatsapp.line("cost.per_million_messages").value == pytest.approx(130, abs=1)
    assert whatsapp.line("cost.chat_per_million_messages").value == pytest.approx(3.8, abs=0.1)


def test_media_decide_the_bill_and_most_of_its_uncertainty(whatsapp: Plan) -> None:
    assert whatsapp.line("cost.media_share").value > 0.9
    most, *_ = whatsapp.line("cost.total").swing.movers()
    assert most[0] == "bytes of a video"


def test_a_hot_year_costs_a_fraction_of_everything_hot(whatsapp: Plan) -> None:
    assert whatsapp.line("cost.all_hot_over_tiered").value == pytest.approx(4.6, abs=0.1)
    assert whatsapp.line("cost.total_short_media").value < whatsapp.line("cost.total").value / 10


@pytest.mark.parametrize("name", scenario_names())
def test_every_part_of_every_bill_is_positive_and_within_its_range(name: str) -> None:
    for line in plan(load_scenario(name)).components()["cost"]:
        assert line.value > 0
        assert line.parameter.low is None or 0 <= line.parameter.low <= line.value


def test_every_price_names_place_and_date() -> None:
    listed = [value for value in vars(prices).values() if isinstance(value, Parameter)]
    assert len(listed) >= 9
    for price in listed:
        assert price.mark == "sourced"
        assert re.search(r"us-east-1|CloudFront", price.source)
        assert re.search(r"20\d\d-\d\d", price.source)
