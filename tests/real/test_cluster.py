"""Three brokers, three nodes, a Redis with a replica: any one may go, and nothing acknowledged goes with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from realstack.drive import drive
from realstack.endpoints import endpoints
from realstack.servers import Servers
from reports.checks import check_history
from sim.faults import Fault
from sim.scenario_file import load_scenario
from sim.workload import make_trace

pytestmark = pytest.mark.real

# One after the other, each undone before the next begins.
FAULTS = (
    {"at": 2, "kind": "kill", "target": "kafka-2", "for": 6},
    {"at": 4, "kind": "kill", "target": "redis-1", "for": 12},
    {"at": 6, "kind": "lose-response", "target": "cassandra-3", "for": 2, "nth": 20},
    {"at": 10, "kind": "kill", "target": "cassandra-2", "for": 3},
)


def test_a_cluster_is_three_of_each_and_a_watched_pair_of_redis(cluster: Servers) -> None:
    kinds = [service.kind for service in cluster.services.values()]
    assert {kind: kinds.count(kind) for kind in kinds} == {"kafka": 3, "cassandra": 3, "redis": 2, "sentinel": 3}
    assert {kind: len(endpoints(getattr(cluster.addresses, kind))) for kind in kinds} == {
        kind: kinds.count(kind) for kind in kinds
    }
    assert cluster.versions.keys() == {"kafka", "cassandra", "redis"}
    cluster.check()


def test_nothing_acknowledged_is_lost_with_a_broker_a_node_or_the_primary_redis(
    cluster: Servers, tmp_path: Path
) -> None:
    settings = ["run.duration=18s", "run.warm_up=2s", "scale.messages=1:60_000", "design.nodes=3"]
    busy = load_scenario("ci-ordering", settings)
    trace = make_trace(busy)
    faults = tuple(Fault.model_validate(fault) for fault in FAULTS)
    history = drive(cluster, busy.model_copy(update={"faults": faults}), trace, tmp_path)

    wrong = {v.check: v.summary for v in check_history(history) if v.outcome.counts_against}
    assert set(wrong) <= {"slo_miss", "false_offline"}, wrong
    assert len(history.of_kind("send.ok")) == trace.message_count
    assert len(history.of_kind("store.row")) == trace.message_count
    stops = history.of_kind("fault.stop")
    assert sorted(stops["target"]) == sorted(fault.target for fault in faults)
    cluster.check()
