"""The arithmetic of the design document and its corrections, by hand beside the plan."""

from __future__ import annotations

import pytest

from sim.plan import Plan, plan
from sim.scenario_file import load_scenario


@pytest.fixture(scope="module")
def whatsapp() -> Plan:
    return plan(load_scenario("whatsapp"))


def test_hundred_billion_a_day_is_1_157_m_a_second_and_five_times_that_at_an_event(whatsapp: Plan) -> None:
    assert whatsapp.line("traffic.messages_mean").value == pytest.approx(1_157_407, abs=1)
    assert whatsapp.line("traffic.messages_peak").value == pytest.approx(1_736_111, abs=1)
    assert whatsapp.line("traffic.messages_event").value == pytest.approx(5_787_037, abs=1)
    assert whatsapp.line("traffic.record_over_mean").value == pytest.approx(21.6)


def test_one_message_has_about_2_1_recipients_as_in_2014(whatsapp: Plan) -> None:
    assert whatsapp.line("traffic.recipients").value == pytest.approx(2.1, abs=0.1)
    mean = whatsapp.line("traffic.deliveries_mean").value
    assert mean == pytest.approx(1_157_407 * whatsapp.line("traffic.recipients").value, rel=1e-6)
    assert whatsapp.line("traffic.receipts_mean").value == pytest.approx(2 * mean)


def test_heartbeats_of_500_m_online_users_are_33_3_m_and_with_conn_twice_that(whatsapp: Plan) -> None:
    assert whatsapp.line("traffic.heartbeats_document").value == pytest.approx(33.33e6, rel=1e-3)
    assert whatsapp.line("redis.writes_document").value == pytest.approx(66.67e6, rel=1e-3)
    assert whatsapp.line("traffic.heartbeats_slow_document").value == pytest.approx(1.754e6, rel=1e-3)
    assert whatsapp.line("redis.shards_document_presence").value == 556
    assert whatsapp.line("redis.bytes_document").value == pytest.approx(152e9)


def test_heartbeats_of_the_scenario_stand_beside_those_of_the_document(whatsapp: Plan) -> None:
    assert whatsapp.line("traffic.connected").value == pytest.approx(632e6)
    assert whatsapp.line("redis.writes_presence").value == pytest.approx(42.13e6, rel=1e-3)
    assert whatsapp.line("redis.writes").value == pytest.approx(84.27e6, rel=1e-3)
    assert whatsapp.line("traffic.foreground").value == pytest.approx(47.2e6, rel=1e-3)


@pytest.mark.parametrize(
    ("key", "servers"),
    [
        ("gateways.servers_all_accounts", 40_000),
        ("gateways.servers_document_online", 10_000),
        ("gateways.servers", 12_640),
        ("gateways.servers_large", 632),
        ("gateways.servers_large_document", 500),
    ],
)
def test_gateways(whatsapp: Plan, key: str, servers: int) -> None:
    assert whatsapp.line(key).value == servers


def test_the_corrected_gateways_show_the_documents_40_000(whatsapp: Plan) -> None:
    line = whatsapp.line("gateways.servers")
    assert line.document == "40,000"
    assert line.document_note is not None
    assert "2 bn" in line.document_note


def test_partitions_follow_from_3_ms_of_serial_work_at_70_percent_load(whatsapp: Plan) -> None:
    assert whatsapp.line("kafka.partitions_mean").value == pytest.approx(1_157_407 * 0.003 / 0.7, abs=1)
    assert whatsapp.line("kafka.partitions").value == pytest.approx(25_000, rel=0.01)
    assert whatsapp.line("kafka.partitions_batched_mean").value == pytest.approx(827, abs=1)
    assert whatsapp.line("kafka.partitions_batched").value == pytest.approx(4_134, abs=1)
    assert whatsapp.line("kafka.partition_rate").value == pytest.approx(333.3, abs=0.1)


def test_kafka_takes_405_mb_a_second_in_the_mean(whatsapp: Plan) -> None:
    assert whatsapp.line("kafka.ingest_mean").value == pytest.approx(405e6, rel=1e-3)
    bounds = [whatsapp.line(f"kafka.brokers_by_{limit}").value for limit in ("bytes", "replicas", "disk")]
    assert whatsapp.line("kafka.brokers").value == max(bounds)


def test_seven_years_are_65_5_pb_and_196_pb_with_three_copies(whatsapp: Plan) -> None:
    assert whatsapp.line("cassandra.bytes_per_day").value == pytest.approx(25.6e12)
    assert whatsapp.line("cassandra.bytes_per_day_replicated").value == pytest.approx(76.8e12)
    assert whatsapp.line("cassandra.rows_kept").value == pytest.approx(2.557e14, rel=1e-3)
    assert whatsapp.line("cassandra.bytes").value == pytest.approx(65.5e15, rel=1e-3)
    assert whatsapp.line("cassandra.bytes_replicated").value == pytest.approx(196e15, rel=3e-3)
    assert whatsapp.line("cassandra.disk_bytes").value == pytest.approx(357e15, rel=1e-3)


@pytest.mark.parametrize(
    ("suffix", "nodes", "clusters"), [("_netflix", 142_870, 745), ("", 49_090, 256), ("_dense", 19_636, 103)]
)
def test_nodes_at_three_densities_and_clusters_of_192(whatsapp: Plan, suffix: str, nodes: int, clusters: int) -> None:
    assert whatsapp.line(f"cassandra.nodes{suffix}").value == pytest.approx(nodes, abs=1)
    assert whatsapp.line(f"cassandra.clusters{suffix}").value == clusters


def test_an_unbucketed_partition_takes_39_rows_a_day_and_a_month_bucket_3_333(whatsapp: Plan) -> None:
    assert whatsapp.line("cassandra.unbucketed_rows_per_day").value == pytest.approx(39.1, abs=0.05)
    assert whatsapp.line("cassandra.unbucketed_rows_per_day_by_bytes").value == pytest.approx(152.8, abs=0.1)
    assert whatsapp.line("cassandra.month_bucket_rows_per_day").value == pytest.approx(3_333, abs=1)


def test_lightweight_transactions_cost_28_m_messages_a_second_and_139_m_at_an_event(whatsapp: Plan) -> None:
    assert whatsapp.line("cassandra.lwt_messages_mean").value == pytest.approx(27.8e6, rel=1e-3)
    assert whatsapp.line("cassandra.lwt_messages_event").value == pytest.approx(138.9e6, rel=1e-3)


def test_redis_is_bound_by_its_rate_not_by_its_memory(whatsapp: Plan) -> None:
    by_rate, by_memory = whatsapp.line("redis.shards_by_rate").value, whatsapp.line("redis.shards_by_memory").value
    assert by_rate > 10 * by_memory
    assert whatsapp.line("redis.shards").value == by_rate
    assert whatsapp.line("redis.clusters").value == 5


def test_the_documents_design_triples_the_serial_work_of_a_record() -> None:
    seed = plan(load_scenario("whatsapp", ["design.preset=seed"]))
    assert seed.line("kafka.serial_work").value == pytest.approx(0.009)
    assert seed.line("kafka.partitions").value == pytest.approx(3 * 24_802, abs=3)
    assert seed.line("redis.presence_ttl_in_beats").value == 2
    assert seed.line("redis.stale_route").value == 270
