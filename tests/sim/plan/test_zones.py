"""Every component at the mean, the daily peak, an event, and without one zone; and within its product's bounds."""

from __future__ import annotations

import math

import pytest

from sim.plan import Plan, parameters, plan
from sim.plan.zones import after_zone_loss
from sim.scenario_file import load_scenario

SIZES = ("gateways.servers", "workers.servers", "kafka.brokers", "cassandra.hot_nodes", "redis.shards")


@pytest.fixture(scope="module")
def whatsapp() -> Plan:
    return plan(load_scenario("whatsapp"))


def planned(*settings: str) -> Plan:
    small = ("scale.messages=1e-6", "scale.connections=1e-6")
    return plan(load_scenario("whatsapp", [*small, *settings]))


@pytest.mark.parametrize("size", SIZES)
def test_a_busier_hour_never_needs_less_and_a_lost_zone_needs_most(whatsapp: Plan, size: str) -> None:
    sizes = [whatsapp.line(key).value for key in (f"{size}_mean", f"{size}_peak", size, f"{size}_zone_loss")]
    assert sizes == sorted(sizes)
    assert sizes[-1] > sizes[0]


@pytest.mark.parametrize(("needed", "bought"), [(1, 3), (2, 3), (3, 6), (12, 18), (12_640, 18_960)])
def test_two_zones_hold_what_three_were_bought_for(needed: int, bought: int) -> None:
    assert after_zone_loss(float(needed)).value == bought
    assert bought / 3 * 2 >= needed


def test_gateways_hold_all_sockets_in_two_zones(whatsapp: Plan) -> None:
    assert whatsapp.line("gateways.servers_zone_loss").value == 18_960
    left = 18_960 * 2 / 3 * parameters.CONNECTIONS_PER_GATEWAY.value
    assert left >= whatsapp.line("traffic.connected").value


def test_a_third_of_the_sockets_come_back_within_a_minute(whatsapp: Plan) -> None:
    assert whatsapp.line("gateways.reconnects_zone_loss").value == pytest.approx(632e6 / 3 / 60)


def test_many_frames_need_more_gateways_than_sockets_do() -> None:
    assert planned("traffic.event_peak=50").line("gateways.servers").value > 12_640


def test_brokers_store_no_more_without_a_zone_but_lead_more(whatsapp: Plan) -> None:
    by_bytes, stored = whatsapp.line("kafka.brokers_by_bytes").value, whatsapp.line("kafka.brokers_by_replicas").value
    assert by_bytes > stored
    assert whatsapp.line("kafka.brokers_zone_loss").value == math.ceil(by_bytes / 2) * 3
    full = planned("traffic.event_peak=1", "traffic.daily_peak=1")
    held = max(full.line(f"kafka.brokers_by_{limit}").value for limit in ("replicas", "disk"))
    assert full.line("kafka.brokers_mean").value == held


def test_cassandra_moves_reads_alone_to_the_zones_that_remain(whatsapp: Plan) -> None:
    writes, reads = (whatsapp.line(f"cassandra.{kind}_cores_event").value for kind in ("write", "read"))
    assert whatsapp.line("cassandra.hot_nodes").value == math.ceil((writes + reads) / 0.5 / 12)
    assert whatsapp.line("cassandra.hot_nodes_zone_loss").value == math.ceil((writes + reads * 1.5) / 0.5 / 12)


def test_a_hot_year_needs_its_bytes_on_a_quiet_day_and_its_cores_at_an_event(whatsapp: Plan) -> None:
    by_bytes = whatsapp.line("cassandra.hot_nodes_by_bytes").value
    assert by_bytes == math.ceil(25.6e12 * 3 * 365.25 / 4e12)
    assert whatsapp.line("cassandra.hot_nodes_mean").value == by_bytes
    assert whatsapp.line("cassandra.hot_nodes").value > by_bytes


def test_redis_shards_also_carry_the_reconnects(whatsapp: Plan) -> None:
    commands = whatsapp.line("redis.commands").value + 2 * whatsapp.line("gateways.reconnects_zone_loss").value
    assert whatsapp.line("redis.shards_zone_loss").value == math.ceil(commands / 60_000)


@pytest.mark.parametrize(
    ("machines", "clusters", "bound"),
    [
        ("kafka.brokers", "kafka.clusters", 150),
        ("kafka.brokers_zone_loss", "kafka.clusters_zone_loss", 150),
        ("kafka.partition_replicas", "kafka.clusters", 200_000),
        ("cassandra.nodes", "cassandra.clusters", 192),
        ("cassandra.hot_nodes_zone_loss", "cassandra.hot_clusters", 192),
        ("redis.nodes", "redis.clusters", 1000),
        ("redis.nodes_zone_loss", "redis.clusters_zone_loss", 1000),
    ],
)
@pytest.mark.parametrize("event_peak", [5, 50])
def test_no_cluster_is_larger_than_its_product_allows(
    machines: str, clusters: str, bound: int, event_peak: int
) -> None:
    sized = planned(f"traffic.event_peak={event_peak}")
    assert sized.line(machines).value / sized.line(clusters).value <= bound


def test_a_record_event_takes_several_kafka_clusters() -> None:
    assert planned("traffic.event_peak=21.6").line("kafka.clusters").value > 1


def test_every_bound_has_its_source() -> None:
    bounds = (parameters.CLUSTER_BROKERS, parameters.CLUSTER_REPLICAS, parameters.BROKER_REPLICAS)
    for bound in (*bounds, parameters.NODES_PER_RING, parameters.REDIS_CLUSTER_NODES):
        assert bound.mark == "sourced"
