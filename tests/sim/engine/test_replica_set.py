"""Replicas of one sequence of records: what is visible, who is in sync, what a new leader does not have."""

from __future__ import annotations

from sim.engine.replica_set import ReplicaSet

EVERYBODY = ("a", "b", "c")


def of(*records: str) -> ReplicaSet[str]:
    replicas = ReplicaSet[str](EVERYBODY)
    for record in records:
        replicas.append(record)
    return replicas


def test_a_record_is_visible_once_every_replica_in_sync_has_it() -> None:
    replicas = of("1", "2")
    replicas.copied("b", 2)
    assert replicas.newly_visible() == []
    replicas.copied("c", 1)
    assert replicas.newly_visible() == ["1"]
    replicas.copied("c", 2)
    assert replicas.newly_visible() == ["2"]


def test_a_replica_that_is_given_up_is_not_waited_for() -> None:
    replicas = of("1")
    replicas.copied("b", 1)
    assert replicas.lose("c", ["a", "b"]) == []
    assert replicas.newly_visible() == ["1"]


def test_a_new_leader_cuts_off_what_it_does_not_have() -> None:
    replicas = of("1", "2", "3")
    replicas.copied("b", 2)
    assert replicas.lose("a", ["b", "c"]) == ["3"]
    assert (replicas.leader, len(replicas)) == ("b", 2)
    assert replicas.missing("a") == 0, "the old leader has thrown it away too"


def test_only_who_is_in_sync_can_lead() -> None:
    replicas = of("1")
    replicas.copied("c", 1)
    replicas.lose("b", EVERYBODY)
    replicas.lose("a", EVERYBODY)
    assert replicas.leader == "c"


def test_the_last_one_in_sync_is_waited_for() -> None:
    replicas = of("1")
    for gone in ("b", "c"):
        replicas.lose(gone, ["a"])
    assert replicas.lose("a", ["b", "c"]) == []
    assert replicas.leader is None
    replicas.come_back("b")
    assert replicas.leader is None, "it lacks a record"
    replicas.come_back("a")
    assert replicas.leader == "a"


def test_who_has_everything_again_is_in_sync_again() -> None:
    replicas = of("1", "2")
    replicas.lose("b", EVERYBODY)
    replicas.copied("b", 1)
    assert replicas.in_sync == {"a", "c"}
    replicas.copied("b", 2)
    assert replicas.in_sync == {"a", "b", "c"}
