"""Cassandra and Kafka as Netflix's capacity planner (service-capacity-modeling 0.3.212) sizes them, beside the plan.

                                 this plan          the planner        why they differ
Cassandra cores, event           84,960             66,500             it counts a faster core as more than one
Cassandra disk, hot year         51 PB, 55 % full   61 PB, 46 % full   it has buffers of its own above the 55 %
Cassandra nodes, hot year        7,080 of 7.5 TB    24,300 of 2.5 TB   it buys the cheapest disk, 1.1 TB a node
  a month, without traffic       3.1 M USD          4.0 M USD          the larger disk
  in rings of 192                42                 127                smaller nodes
Kafka brokers by disk, mean      27 of 7.5 TB       81 of 2.5 TB       the same disks, each a third as large
  a year                         121,473 USD        121,473 USD
Kafka brokers, event             69                 786 of 1.25 TB     it keeps the event's rate for all 8 hours;
                                                                       an event lasts minutes
"""

from __future__ import annotations

from typing import Any

import pytest
from service_capacity_modeling import interface as asked
from service_capacity_modeling.capacity_planner import planner

from sim.plan import Plan, plan, prices
from sim.scenario_file import load_scenario

# It opens its price lists in a way that Python has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:path is deprecated:DeprecationWarning")

GIB = 2.0**30
RINGS = 42


@pytest.fixture(scope="module")
def whatsapp() -> Plan:
    return plan(load_scenario("whatsapp"))


def zone(model: str, pattern: dict[str, float], state_bytes: float, **arguments: Any) -> tuple[Any, Any]:
    """What the planner requires of one of three zones, and the cluster that it buys there."""
    exact = {f"estimated_{name}": asked.certain_float(value) for name, value in pattern.items()}
    desires = asked.CapacityDesires(
        service_tier=1,
        query_pattern=asked.QueryPattern(**exact),
        data_shape=asked.DataShape(
            estimated_state_size_gib=asked.certain_float(state_bytes / GIB),
            estimated_compression_ratio=asked.certain_float(1),
        ),
    )
    (best,) = planner.plan_certain(
        model_name=model,
        region="us-east-1",
        desires=desires,
        num_results=1,
        extra_model_arguments={"require_local_disks": True, "max_regional_size": 1000, **arguments},
    )
    return best.requirements.zonal[0], best.candidate_clusters.zonal[0]


def test_cassandra_needs_about_as_many_cores_and_as_much_disk(whatsapp: Plan) -> None:
    writes = whatsapp.line("traffic.messages_event").value + whatsapp.line("traffic.receipts_event").value
    state = whatsapp.line("cassandra.hot_bytes_replicated").value / 3
    needed, bought = zone(
        "org.netflix.cassandra",
        {
            "read_per_second": whatsapp.line("traffic.messages_event").value / RINGS,
            "write_per_second": writes / RINGS,
            "mean_write_size_bytes": 256,
            "mean_read_size_bytes": 2048,
            "mean_write_latency_ms": 1,
            "mean_read_latency_ms": 2,
        },
        state / RINGS,
    )
    cores = sum(whatsapp.line(f"cassandra.{kind}_cores_event").value for kind in ("write", "read")) / 0.5
    assert needed.cpu_cores.mid * 3 * RINGS == pytest.approx(cores, rel=0.3)
    assert needed.disk_gib.mid * GIB * 3 * RINGS == pytest.approx(state * 3 / 0.55, rel=0.3)
    assert bought.count * 3 * RINGS > whatsapp.line("cassandra.hot_nodes").value


def test_kafka_buys_the_same_disks(whatsapp: Plan) -> None:
    ingest = whatsapp.line("kafka.ingest_mean").value + whatsapp.line("kafka.receipt_ingest_mean").value
    sizes = {"mean_read_size_bytes": ingest, "mean_write_size_bytes": ingest}
    _, bought = zone(
        "org.netflix.kafka",
        {"read_per_second": 1, "write_per_second": 1, **sizes},
        whatsapp.line("kafka.stored_bytes").value,
        cluster_type="strong",
        retention="PT8H",
    )
    by_disk = whatsapp.line("kafka.brokers_by_disk").value * prices.I3EN_3XLARGE.value
    assert float(bought.annual_cost) * 3 == pytest.approx(by_disk, rel=0.1)
