"""Faults on real servers: what was acknowledged survives them, and everything is as before when they are over."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from redis import Redis

from realstack.drive import drive
from realstack.driver.replay import Progress
from realstack.endpoints import endpoints
from realstack.servers import Servers
from reports.checks import check_history
from reports.witnesses import witness_verdicts
from sim.faults import Fault
from sim.scenario_file import load_scenario
from sim.verdict import Outcome
from sim.workload import make_trace

pytestmark = pytest.mark.real

FAULTS = (
    {"at": 3, "kind": "kill", "target": "worker-1", "for": 1},
    {"at": 5, "kind": "pause", "target": "redis", "for": 2},
    {"at": 3.5, "kind": "lose-response", "target": "kafka", "for": 4, "nth": 5},
    {"at": 8, "kind": "cut", "target": "kafka", "for": 0.2, "after": 500},
    {"at": 4, "kind": "skew", "target": "gateway-2", "for": 6, "by": "-300ms"},
)


def test_the_hardened_design_loses_nothing_to_a_killed_worker_a_paused_redis_and_a_broken_network(
    servers: Servers, tmp_path: Path
) -> None:
    busy = load_scenario("ci-ordering", ["run.duration=12s", "run.warm_up=2s", "scale.messages=1:30_000"])
    trace = make_trace(busy)
    faults = tuple(Fault.model_validate(fault) for fault in FAULTS)
    history = drive(servers, busy.model_copy(update={"faults": faults}), trace, tmp_path)

    wrong = {v.check: v.summary for v in check_history(history) if v.outcome.counts_against}
    assert set(wrong) <= {"slo_miss", "false_offline"}, wrong
    assert len(history.of_kind("send.ok")) == trace.message_count
    assert len(history.of_kind("store.row")) == trace.message_count
    starts, stops = history.of_kind("fault.start"), history.of_kind("fault.stop")
    assert sorted(zip(starts["cause"], starts["target"], strict=True)) == sorted((f.kind, f.target) for f in faults)
    assert len(stops) == len(FAULTS)
    assert stops.set_index("cause")["value"]["lose-response"] == 1
    witnessed = {v.check: v.outcome for v in witness_verdicts(history)}
    assert witnessed == dict.fromkeys(
        ("fault_met_traffic", "fault_hit", "rebalance_in_flight", "two_gateways", "send_retried"), Outcome.PASS
    )
    servers.check()


DEPLOY = (
    {"at": 3, "kind": "drain", "target": "gateway-1", "for": 3},
    {"at": 5, "kind": "drain", "target": "worker-1", "for": 3},
    {"at": 7.5, "kind": "drain", "target": "gateway-2"},
)


def test_a_deploy_under_traffic_loses_and_duplicates_nothing(servers: Servers, tmp_path: Path) -> None:
    busy = load_scenario(
        "ci-ordering", ["run.duration=12s", "run.warm_up=2s", "scale.messages=1:30_000", "people.crash_share=0%"]
    )
    trace = make_trace(busy)
    faults = tuple(Fault.model_validate(fault) for fault in DEPLOY)
    history = drive(servers, busy.model_copy(update={"faults": faults}), trace, tmp_path)

    wrong = {v.check: v.summary for v in check_history(history) if v.outcome is Outcome.FAIL}
    assert set(wrong) <= {"slo_miss"}, wrong
    assert len(history.of_kind("send.ok")) == trace.message_count
    assert len(history.of_kind("store.row")) == trace.message_count
    assert not history.of_kind("deliver").duplicated(["device", "uuid"]).any()
    closed = history.of_kind("conn.close")
    assert set(closed["cause"]) == {"go-away", "disconnect"}, "nobody lost a gateway without a word"
    # A killed worker's partitions would wait 10 s for its session to end.
    assert (history.of_kind("deliver")["polled_ns"] - history.of_kind("deliver")["accepted_ns"]).max() < 5e9
    witnessed = {v.check: v.outcome for v in witness_verdicts(history)}
    assert witnessed == {"fault_met_traffic": Outcome.PASS, "sent_away": Outcome.PASS}
    servers.check()


def test_an_interrupted_run_leaves_the_servers_going_and_nothing_of_itself(servers: Servers, tmp_path: Path) -> None:
    quiet = load_scenario("ci-ordering", ["run.duration=12s", "run.warm_up=2s", "scale.messages=1:60_000"])
    pause = Fault.model_validate({"at": 0.5, "kind": "pause", "target": "redis", "for": 300})

    def interrupt(progress: Progress) -> None:
        if time.monotonic_ns() > progress.origin_ns + 2_000_000_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drive(servers, quiet.model_copy(update={"faults": (pause,)}), make_trace(quiet), tmp_path, interrupt)
    servers.check()
    with Redis(*endpoints(servers.addresses.redis)[0], decode_responses=True, socket_timeout=5) as redis:
        assert list(redis.scan_iter("chatscale-*")) == []
