"""A box with three brokers, three nodes of the store and a Redis with a replica: what that buys, and what not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sim.engine import simulate
from sim.engine.partition import partition_of
from sim.engine.redis_pair import ELECTION_S, MISSED_AFTER_S
from sim.engine.replicated_log import BROKER_SESSION_S
from sim.history import History
from sim.trace import Action, Trace
from tests.sim.engine.faulty import CONVERSATIONS, USERS, broken, fault, faulty, heartbeats
from tests.sim.engine.worlds import SECOND, people

CONNECTED = [Action(0, "connect", user) for user in USERS]
ONE_LOST = [
    *((kind, f"{server}-1") for kind in ("kill", "pause") for server in ("kafka", "cassandra", "redis")),
    *(("partition", node) for node in ("kafka-3", "cassandra-2", "redis-1")),
    ("kill", "redis-2"),
    *((kind, f"{server}-1") for kind in ("cut", "lose-response") for server in ("kafka", "cassandra", "redis")),
]
PRESETS = ("seed", "hardened")


GAP_S = 0.4


def in_turn(end_s: float) -> Trace:
    """One message after the other in each conversation, every 0.4 s from 2 s on."""
    actions = [Action(0, "join", user, conv) for conv in CONVERSATIONS for user in USERS]
    actions += [*CONNECTED, *heartbeats(duration_s=35)]
    for number in range(round((end_s - 2) / GAP_S)):
        user, cseq, at_ns = USERS[number % 4], 1 + number // 4, round((2 + number * GAP_S) * SECOND)
        actions += [Action(at_ns, "send", user, conv, f"m{number}-{conv}", cseq, 20) for conv in CONVERSATIONS]
    return Trace.of(actions, seed=1, duration_s=35)


def clustered(*faults: dict[str, Any], end_s: float = 14, **design: Any) -> History:
    return simulate(faulty(*faults, nodes=3, **design), in_turn(end_s))


def led_by(number: int) -> list[str]:
    """The conversations whose partition broker `number` leads to begin with."""
    return [f"c{conv}" for conv in CONVERSATIONS if partition_of(conv, 16) % 3 == number - 1]


def waited_s(history: History) -> Any:
    """How long each delivery took, with its conversation."""
    sent = history.of_kind("send.invoke").drop_duplicates("uuid").set_index("uuid")["t_ns"]
    shown = history.of_kind("deliver")
    return shown.assign(waited_s=(shown["t_ns"] - shown["uuid"].map(sent)).astype(float) / SECOND)


@pytest.mark.parametrize("preset", PRESETS)
def test_without_faults_both_designs_keep_their_promises(preset: str) -> None:
    history = clustered(end_s=6, preset=preset)
    assert broken(history) == {}
    assert len(history.of_kind("deliver")) == 3 * len(history.of_kind("send.invoke"))


def test_every_server_is_sampled_by_its_own_name() -> None:
    samples = clustered(end_s=3).of_kind("sample")
    servers = {
        name for name in samples["target"].astype(str) if name.partition("-")[0] in ("kafka", "cassandra", "redis")
    }
    assert servers == {*(f"kafka-{n}" for n in (1, 2, 3)), *(f"cassandra-{n}" for n in (1, 2, 3)), "redis-1", "redis-2"}


@pytest.mark.parametrize(("kind", "target"), ONE_LOST)
def test_the_hardened_design_loses_nothing_with_any_one_node(kind: str, target: str) -> None:
    history = clustered(fault(kind, target, 6, 7))
    assert broken(history) == {}
    assert set(history.of_kind("send.invoke")["uuid"]) == set(history.of_kind("store.row")["uuid"])
    assert len(history.of_kind("deliver")) == 3 * len(history.of_kind("send.invoke"))


@pytest.mark.parametrize("target", ["kafka-1", "cassandra-1", "redis-1"])
def test_a_node_may_stay_dead(target: str) -> None:
    assert broken(clustered(fault("kill", target, 6))) == {}


def test_the_death_of_a_broker_holds_every_partition_up_for_the_broker_session_as_it_was_in_sync_everywhere() -> None:
    waited = waited_s(clustered(fault("kill", "kafka-1", 6)))
    its_own = waited["conv"].isin(led_by(1))
    for rows in (waited[its_own], waited[~its_own]):
        assert BROKER_SESSION_S - GAP_S < rows["waited_s"].max() < BROKER_SESSION_S + 0.5


def test_peers_do_not_notice_that_a_broker_is_out_of_the_backend_s_reach() -> None:
    waited = waited_s(clustered(fault("partition", "kafka-1", 6, 7)))
    its_own = waited["conv"].isin(led_by(1))
    assert waited[its_own]["waited_s"].max() > 7 - GAP_S
    assert waited[~its_own]["waited_s"].max() < 0.5


def after_the_death_of_a_leader_ahead_of_its_followers(acks: str) -> History:
    """The followers of kafka-1 are half a second behind when it dies for good, just after four messages came."""
    behind = [fault("slow", f"kafka-{number}", 3, 10, by=0.5) for number in (2, 3)]
    return clustered(*behind, fault("kill", "kafka-1", 8.05), end_s=10, acks=acks)


def test_with_acks_1_what_only_the_leader_had_is_acknowledged_and_lost() -> None:
    history = after_the_death_of_a_leader_ahead_of_its_followers("1")
    assert broken(history)["lost"] > 0
    lost = set(history.of_kind("send.ok")["uuid"]) - set(history.of_kind("store.row")["uuid"])
    sent = history.of_kind("send.invoke")
    assert set(sent[sent["uuid"].isin(lost)]["conv"]) <= set(led_by(1))


def test_with_acks_all_nothing_is_acknowledged_that_one_broker_could_lose() -> None:
    history = after_the_death_of_a_leader_ahead_of_its_followers("all")
    assert broken(history) == {}
    assert set(history.of_kind("send.invoke")["uuid"]) == set(history.of_kind("store.row")["uuid"])


def test_one_broker_of_three_acknowledges_nothing() -> None:
    # Their death has to be noticed while there is a majority; the third stands alone from 9 s on.
    history = clustered(fault("pause", "kafka-2", 3, 20), fault("pause", "kafka-3", 9, 14))
    acknowledged = history.of_kind("send.ok")["t_ns"]
    assert not acknowledged.between(9.1 * SECOND, 23 * SECOND).any()
    assert broken(history) == {}


def resumed_after_a_node_was_down(consistency: str) -> History:
    """Users 1 and 2 write while the owner of their conversation is down; user 3 comes back before its hints do."""
    sends = [Action(round((4 + n / 10) * SECOND), "send", 1, 5, f"m{n}", n + 1, 20) for n in range(10)]
    back = Action(round(8.5 * SECOND), "connect", 3)
    trace = people(*CONNECTED[:2], *sends, back, *heartbeats(duration_s=30), users=(1, 2, 3), duration_s=30)
    down = [fault("kill", f"cassandra-{number}", 3, 5) for number in (1, 2, 3)]
    histories = [simulate(faulty(each, nodes=3, consistency=consistency), trace) for each in down]
    return max(histories, key=lambda history: sum(broken(history).values()))


def test_with_one_answer_a_node_that_was_down_serves_what_it_has() -> None:
    assert set(broken(resumed_after_a_node_was_down("ONE"))) == {"lost"}


def test_a_quorum_has_every_row() -> None:
    assert broken(resumed_after_a_node_was_down("QUORUM")) == {}


def test_a_node_of_the_store_that_died_costs_its_clients_no_time() -> None:
    assert waited_s(clustered(fault("kill", "cassandra-1", 6, 7)))["waited_s"].max() < 0.5


def test_the_replica_takes_over_when_redis_is_silent() -> None:
    waited = waited_s(clustered(fault("kill", "redis-1", 6)))["waited_s"]
    failover_s = MISSED_AFTER_S + ELECTION_S
    assert failover_s - GAP_S < waited.max() < failover_s + 1
    assert broken(clustered(fault("kill", "redis-1", 6, 1))) == {}, "it comes back as the replica, with its data"


def after_a_failover_that_lost_a_registration(*more: dict[str, Any]) -> History:
    """User 3 connects when the replica is a second behind, and the primary dies; user 2 writes when all is over."""
    late = Action(20 * SECOND, "send", 2, 5, "late", 1, 20)
    trace = people(
        *CONNECTED[:2],
        Action(6 * SECOND, "connect", 3),
        late,
        *heartbeats(duration_s=60),
        users=(1, 2, 3),
        duration_s=60,
    )
    return simulate(
        faulty(fault("slow", "redis-2", 5, 5, by=0.9), fault("kill", "redis-1", 6.5), nodes=3, conn_ttl="90s"), trace
    )


def test_what_the_replica_had_not_got_is_lost_and_comes_back_with_a_heartbeat() -> None:
    history = after_a_failover_that_lost_a_registration()
    shown = history.of_kind("deliver")
    assert broken(history) == {}
    assert shown[shown["user"] == "u1"]["via"].tolist() == ["push"]
    at_user_3 = shown[shown["user"] == "u3"]
    assert at_user_3["via"].tolist() == ["push"], "the heartbeat at 15 s registered it again"
    resumed = history.of_kind("push")
    assert resumed.empty


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("first", "second"):
        clustered(fault("kill", "kafka-2", 4, 3), fault("pause", "cassandra-1", 5, 3), end_s=8).save(tmp_path / name)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
