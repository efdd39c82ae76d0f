"""Faults of a scenario file: which are taken, and what is said of those that are not."""

from __future__ import annotations

import pytest

from sim.errors import ScenarioError
from sim.scenario import Scenario
from sim.scenario_file import dump_scenario, parse_scenario

BASE = 'name = "peak"\n[population]\nusers = "2bn"\n[traffic]\nmessages = "100bn/day"\n[run]\nduration = "60s"\n'
PAUSE = {"at": '"20s"', "kind": '"pause"', "target": '"worker-1"', "for": '"12s"'}


def read(*faults: dict[str, str], nodes: int = 1) -> Scenario:
    tables = [f"[design]\nnodes = {nodes}"]
    tables += ["\n".join(["[[faults]]", *(f"{key} = {value}" for key, value in fault.items())]) for fault in faults]
    return parse_scenario("\n".join([BASE, *tables]), "peak.toml")


def refusal(*faults: dict[str, str], nodes: int = 1) -> str:
    with pytest.raises(ScenarioError) as caught:
        read(*faults, nodes=nodes)
    return str(caught.value)


def test_there_are_none_unless_they_are_asked_for() -> None:
    assert read().faults == ()


def test_faults_are_read_with_their_units_and_survive_a_dump() -> None:
    skew = {"at": '"500ms"', "kind": '"skew"', "target": '"gateway-2"', "by": '"-50ms"'}
    lost = {"at": "3", "kind": '"lose-heartbeats"', "target": '"gateway-1"', "for": '"1min"', "share": '"10%"'}
    scenario = read(PAUSE, skew, lost)
    pause, skewed, losing = scenario.faults
    assert (pause.at_s, pause.end_s) == (20.0, 32.0)
    assert (skewed.at_s, skewed.by_s, skewed.end_s) == (0.5, -0.05, float("inf"))
    assert losing.share == 0.1
    assert parse_scenario(dump_scenario(scenario)) == scenario


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": '"skew"', "target": '"kafka"', "by": '"5ms"'}, "skew does not fit kafka; it takes gateway"),
        ({"kind": '"partition"'}, "partition does not fit worker-1; it takes kafka or cassandra or redis"),
        ({"kind": '"cut"', "target": '"redis"', "after": "-1"}, "faults.0.after = -1"),
        ({"kind": '"drain"', "target": '"redis"'}, "drain does not fit redis; it takes gateway or worker"),
        ({"kind": '"cut"', "target": '"redis"', "nth": "2"}, "cut of redis has no 'nth'"),
        ({"kind": '"slow"', "by": '"5ms"'}, "slow does not fit worker-1"),
        ({"target": '"zookeeper"'}, "faults.0.target = 'zookeeper'"),
        ({"kind": '"explode"'}, "faults.0.kind = 'explode'"),
        ({"for": '"0s"'}, "faults.0.for = '0s': input should be greater than 0"),
        ({"by": '"5ms"'}, "pause of worker-1 has no 'by'"),
        ({"count": "2"}, "pause of worker-1 has no 'count'"),
        ({"kind": '"add-partitions"', "target": '"kafka"', "count": "2"}, "add-partitions of kafka has no 'for'"),
        ({"kind": '"skew"', "target": '"gateway-1"'}, "skew of gateway-1 needs 'by'"),
        ({"kind": '"skew"', "target": '"gateway-1"', "by": '"-2s"'}, "faults.0.by = '-2s'"),
        ({"kind": '"slow"', "target": '"kafka"', "by": '"-5ms"'}, "slow takes longer by more than 0 s"),
        ({"target": '"worker-3"'}, "faults.0.target (worker-3) is over design.workers (2)"),
        ({"at": '"60s"'}, "faults.0.at (60 s) must come before run.duration (60 s)"),
        ({"fro": '"1s"'}, "unknown key faults.0.fro; did you mean for?"),
    ],
)
def test_a_fault_that_does_not_fit_is_refused(changes: dict[str, str], message: str) -> None:
    assert message in refusal({**PAUSE, **changes})


def test_a_fault_without_an_end_that_needs_one_is_refused_with_its_line() -> None:
    endless = {key: value for key, value in PAUSE.items() if key != "for"}
    assert refusal(endless).startswith("peak.toml:11: faults.0: pause of worker-1 needs 'for'")


def test_a_killed_server_has_to_come_back() -> None:
    kill = {"at": "5", "kind": '"kill"', "target": '"kafka"'}
    assert "kill of kafka needs 'for': the box has no other one" in refusal(kill)
    assert read({**kill, "for": "3"}).faults[0].end_s == 8


@pytest.mark.parametrize("kind", ["pause", "kill", "drain"])
def test_two_faults_that_stop_one_process_at_once_are_refused(kind: str) -> None:
    again = {**PAUSE, "kind": f'"{kind}"', "at": '"30s"'}
    assert f"faults.1.at (30 s): {kind} of worker-1 while its pause lasts" in refusal(PAUSE, again)
    assert len(read(PAUSE, {**again, "at": '"33s"'}).faults) == 2


def test_somebody_has_to_survive() -> None:
    kills = [{"at": "5", "kind": '"kill"', "target": f'"gateway-{number}"'} for number in (1, 2)]
    assert "every gateway is ended for good" in refusal(*kills)
    assert "every gateway is ended for good" in refusal(kills[0], {**kills[1], "kind": '"drain"'})
    assert len(read(kills[0], {**kills[1], "for": "3"}).faults) == 2


@pytest.mark.parametrize(
    ("target", "nodes", "message"),
    [
        ("kafka", 3, "faults.0.target (kafka): with design.nodes = 3 there is kafka-1, kafka-2, kafka-3"),
        ("redis-2", 1, "faults.0.target (redis-2): with design.nodes = 1 there is redis"),
        ("redis-3", 3, "faults.0.target = 'redis-3'"),
        ("cassandra-4", 3, "faults.0.target = 'cassandra-4'"),
    ],
)
def test_a_server_s_fault_names_a_node_of_the_box(target: str, nodes: int, message: str) -> None:
    assert message in refusal({**PAUSE, "target": f'"{target}"'}, nodes=nodes)


@pytest.mark.parametrize("server", ["kafka", "cassandra", "redis"])
def test_a_cluster_can_spare_one_node_for_good(server: str) -> None:
    kills = [{"at": "5", "kind": '"kill"', "target": f'"{server}-{number}"'} for number in (1, 2)]
    assert read(kills[0], nodes=3).faults[0].end_s == float("inf")
    assert f"nodes of {server} 2 are killed for good, it can spare 1" in refusal(*kills, nodes=3)
    assert len(read(kills[0], {**kills[1], "for": "3"}, nodes=3).faults) == 2
