"""What each fault does to the box, and what the box does about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.engine import simulate
from sim.history import History
from sim.trace import Action
from tests.sim.engine.faulty import USERS, broken, chatter, fault, faulty, heartbeats, run
from tests.sim.engine.worlds import SECOND, people, story

CONNECTED = [Action(0, "connect", user) for user in USERS]
PAUSES = [
    fault("pause", target, 10, lasts)
    for target, lasts in [("kafka", 12), ("cassandra", 12), ("redis", 12), ("gateway-2", 12), ("worker-1", 5)]
]
FAULTS = [
    *PAUSES,
    fault("pause", "worker-1", 10, 15),
    fault("kill", "worker-2", 10.01, 3),
    fault("kill", "worker-1", 10),
    fault("kill", "gateway-1", 10, 3),
    fault("kill", "gateway-2", 10),
    *(fault("drain", target, 10, 3) for target in ("gateway-1", "gateway-2", "worker-1", "worker-2")),
    fault("drain", "gateway-2", 10),
    fault("drain", "worker-1", 10),
    *(fault("kill", server, 10, 4) for server in ("kafka", "cassandra", "redis")),
    fault("partition", "redis", 10, 12),
    fault("slow", "cassandra", 10, 10, by=0.1),
    *(fault("cut", server, 10, after=1000) for server in ("kafka", "cassandra", "redis")),
    fault("cut", "redis", 10, 3, after=0),
    *(fault("lose-response", server, 10, 3, nth=7) for server in ("kafka", "cassandra", "redis")),
    fault("add-partitions", "kafka", 10, count=3),
    fault("skew", "gateway-2", 5, by=-0.5),
    fault("lose-heartbeats", "gateway-1", 1, 20, share=0.5),
]


def name_of(given_fault: dict[str, Any]) -> str:
    return f"{given_fault['kind']} {given_fault['target']} {given_fault.get('for', '')}".strip()


@pytest.mark.parametrize("given_fault", FAULTS, ids=name_of)
def test_the_hardened_design_keeps_its_promises(given_fault: dict[str, Any]) -> None:
    history = run(given_fault)
    assert broken(history) == {}
    sent, acknowledged = history.of_kind("send.invoke"), history.of_kind("send.ok")
    assert set(sent["uuid"]) == set(acknowledged["uuid"])
    assert set(sent["uuid"]) == set(history.of_kind("store.row")["uuid"])
    assert len(history.of_kind("deliver")) == len(sent) * (len(USERS) - 1)


def test_a_fault_is_in_the_history_with_its_beginning_and_end() -> None:
    rows = run(fault("pause", "worker-1", 10, 5)).of_kind("fault.start", "fault.stop")
    assert rows[["t_ns", "kind", "target", "cause"]].to_numpy().tolist() == [
        [10 * SECOND, "fault.start", "worker-1", "pause"],
        [15 * SECOND, "fault.stop", "worker-1", "pause"],
    ]


def test_a_lost_answer_is_counted() -> None:
    hit, missed = (fault("lose-response", "cassandra", 10, 3, nth=nth) for nth in (1, 100_000))
    assert [run(f).of_kind("fault.stop")["value"].tolist() for f in (hit, missed)] == [[1.0], [0.0]]


def test_partitions_that_are_added_move_conversations_unless_their_number_is_fixed() -> None:
    more = fault("add-partitions", "kafka", 10, count=16)
    homes = [
        run(more, partitioner=partitioner).of_kind("log.append").groupby("conv", observed=True)["partition"].nunique()
        for partitioner in ("topic", "fixed")
    ]
    assert [home.max() for home in homes] == [2, 1]


def shown_between(history: History, start_s: float, end_s: float) -> int:
    rows = history.of_kind("deliver")["t_ns"]
    return int(rows.between(start_s * SECOND, end_s * SECOND).sum())


def test_a_server_that_is_held_twice_goes_on_when_the_last_lets_go() -> None:
    history = run(fault("kill", "kafka", 10, 2), fault("partition", "kafka", 11, 3))
    acknowledged = history.of_kind("send.ok")["t_ns"]
    assert not acknowledged.between(10.1 * SECOND, 14 * SECOND).any()
    assert acknowledged.between(14 * SECOND, 15 * SECOND).any()
    assert broken(history) == {}


def test_nothing_is_acknowledged_while_the_log_stands_still() -> None:
    acknowledged = run(fault("pause", "kafka", 10, 4)).of_kind("send.ok")["t_ns"]
    assert not acknowledged.between(10.1 * SECOND, 14 * SECOND).any()
    assert acknowledged.between(14 * SECOND, 15 * SECOND).sum() > 40


def test_the_partitions_of_a_dead_worker_wait_for_the_session_timeout_and_a_rebalance() -> None:
    history = run(fault("kill", "worker-1", 10))
    sent = history.of_kind("send.invoke").drop_duplicates("uuid").set_index("uuid")["t_ns"]
    shown = history.of_kind("deliver")
    waited_s = (shown["t_ns"] - shown["uuid"].map(sent)).max() / SECOND
    # 10 s until it is expelled, 2 s until the others have heard of it.
    assert 11.5 < waited_s < 12.5
    assert shown_between(history, 12, 20) > 0, "the other worker goes on"


def test_a_worker_back_before_its_session_ends_costs_nothing_but_the_pause() -> None:
    history = run(fault("pause", "worker-1", 10, 5))
    sent = history.of_kind("send.invoke").drop_duplicates("uuid").set_index("uuid")["t_ns"]
    shown = history.of_kind("deliver")
    assert (shown["t_ns"] - shown["uuid"].map(sent)).max() < 5.5 * SECOND
    assert not history.of_kind("wire.deliver").duplicated(["device", "uuid"]).any()


def test_a_dead_gateway_s_devices_back_off_and_connect_to_another() -> None:
    history = run(fault("kill", "gateway-2", 10))
    closed, opened = history.of_kind("conn.close"), history.of_kind("conn.open")
    assert set(zip(closed["user"], closed["cause"], closed["gateway"], strict=True)) == {
        ("u1", "lost", "gateway-2"),
        ("u3", "lost", "gateway-2"),
    }
    again = opened[opened["t_ns"] > 10 * SECOND]
    assert set(zip(again["user"], again["gateway"], strict=True)) == {("u1", "gateway-1"), ("u3", "gateway-1")}
    assert again["t_ns"].nunique() == 2, "jitter keeps them apart"
    assert again["t_ns"].max() < 14 * SECOND


def test_the_devices_of_a_drained_gateway_go_one_by_one_with_all_their_answers() -> None:
    history = run(fault("drain", "gateway-2", 10))
    closed, opened = history.of_kind("conn.close"), history.of_kind("conn.open")
    assert set(zip(closed["user"], closed["cause"], closed["gateway"], strict=True)) == {
        ("u1", "go-away", "gateway-2"),
        ("u3", "go-away", "gateway-2"),
    }
    assert closed["t_ns"].nunique() == 2, "jitter keeps them apart"
    assert closed["t_ns"].max() < 12 * SECOND
    again = opened[opened["t_ns"] > 10 * SECOND]
    assert set(zip(again["user"], again["gateway"], strict=True)) == {("u1", "gateway-1"), ("u3", "gateway-1")}


def test_a_drained_worker_s_partitions_do_not_wait_for_a_session_timeout_and_nothing_is_worked_on_twice() -> None:
    history = run(fault("drain", "worker-1", 10))
    sent = history.of_kind("send.invoke").drop_duplicates("uuid").set_index("uuid")["t_ns"]
    shown = history.of_kind("deliver")
    # The others hear of it with their next heartbeat.
    assert (shown["t_ns"] - shown["uuid"].map(sent)).max() < 2.5 * SECOND
    assert not history.of_kind("wire.deliver").duplicated(["device", "uuid"]).any()


def test_a_drained_process_is_replaced_when_it_has_ended_and_not_before() -> None:
    stops = run(fault("drain", "gateway-2", 10, 0.01)).of_kind("fault.stop")
    assert 10.01 * SECOND < stops["t_ns"].iloc[0] < 12.6 * SECOND


def test_a_push_to_a_dead_gateway_becomes_a_notification() -> None:
    gone = Action(10 * SECOND - 1, "crash", 3)
    hello = Action(12 * SECOND, "send", 2, 5, "hello", 1, 20)
    trace = people(*CONNECTED, gone, hello, users=USERS, duration_s=20)
    history = simulate(faulty(fault("pause", "gateway-2", 9.9, 0.05), fault("kill", "gateway-2", 9.96)), trace)
    pushed = history.of_kind("push")
    assert "u3" in set(pushed["user"])
    assert broken(history) == {}


def test_a_slow_store_slows_a_message_by_its_own_request_and_the_rest_of_the_one_before() -> None:
    usual, slow = run(), run(fault("slow", "cassandra", 2, 30, by=0.05))
    stored = [(h.of_kind("deliver")["stored_ns"] - h.of_kind("deliver")["started_ns"]).median() for h in (usual, slow)]
    assert 0.05 * SECOND < stored[1] - stored[0] < 2 * 0.05 * SECOND


def test_without_idempotence_a_request_sent_again_is_appended_twice() -> None:
    pause = fault("pause", "kafka", 10, 12)
    for idempotence in (True, False):
        logged = run(pause, idempotence=idempotence).of_kind("log.append")
        assert logged["message_id"].duplicated().any() != idempotence


def test_a_request_whose_answer_is_lost_is_sent_again_and_told_apart_by_its_sequence_numbers() -> None:
    lost = fault("lose-response", "kafka", 10, 3, nth=1)
    for idempotence in (True, False):
        history = run(lost, idempotence=idempotence)
        assert history.of_kind("fault.stop")["value"].tolist() == [1.0]
        assert history.of_kind("log.append")["message_id"].duplicated().sum() == (0 if idempotence else 1)


def test_an_insert_if_not_exists_whose_answer_is_lost_finds_its_own_row() -> None:
    # No other query meets the fault: nobody connects, opens or reads, and each conversation is known since its first.
    history = run(fault("lose-response", "cassandra", 10, 0.09, nth=1), preset="seed")
    assert broken(history) == {"lost": len(USERS) - 1}, "one message, for each of its recipients"


def test_a_connection_breaks_after_as_many_bytes_as_the_fault_says_again_and_again() -> None:
    once, often = (run(fault("cut", "redis", 10, lasts, after=100)) for lasts in (None, 5))
    assert once.of_kind("fault.stop").empty
    assert often.of_kind("fault.stop")["value"].iloc[0] > 10
    assert broken(once) == broken(often) == {}


def test_nothing_is_answered_while_every_connection_is_cut_at_once() -> None:
    acknowledged = run(fault("cut", "kafka", 10, 3, after=0)).of_kind("send.ok")["t_ns"]
    assert not acknowledged.between(10.1 * SECOND, 13 * SECOND).any()
    assert acknowledged.between(13 * SECOND, 14 * SECOND).sum() > 30


def test_registrations_that_ran_out_while_redis_stood_still_come_back_with_the_next_heartbeat() -> None:
    late = Action(40 * SECOND, "send", 1, 5, "late", 1, 20)
    trace = people(*CONNECTED, *heartbeats(), late, users=USERS, duration_s=60)
    history = simulate(faulty(fault("pause", "redis", 5, 34), conn_ttl="20s"), trace)
    shown = history.of_kind("deliver")
    assert broken(history) == {}
    assert set(shown["user"]) == {"u2", "u3", "u4"}


def test_a_lost_heartbeat_is_sent_and_never_stored() -> None:
    history = simulate(
        faulty(fault("lose-heartbeats", "gateway-2", 1, 20)),
        people(*CONNECTED[:2], Action(15 * SECOND, "heartbeat", 1), Action(15 * SECOND, "heartbeat", 2), duration_s=20),
    )
    before_the_end = History.from_frame(history.frame[history.frame["t_ns"] < 20 * SECOND])
    assert sorted(story(before_the_end, "heartbeat.sent", "heartbeat.stored")) == [
        ("heartbeat.sent", "u1"),
        ("heartbeat.sent", "u2"),
        ("heartbeat.stored", "u2"),
    ]


def test_a_gap_is_held_and_asked_for_when_a_push_was_lost() -> None:
    # The gateway of users 1 and 3 stands still for longer than the workers' patience, and the next message comes after.
    sends = [Action(round((8 + 4 * n) * SECOND), "send", 2, 5, f"m{n}", n + 1, 20) for n in range(4)]
    trace = people(*CONNECTED, *sends, users=USERS, duration_s=40)
    history = simulate(faulty(fault("pause", "gateway-2", 11, 8)), trace)
    shown = history.of_kind("deliver")
    assert shown[shown["user"] == "u3"]["uuid"].tolist() == ["m0", "m1", "m2", "m3"]
    assert "resume" in set(shown[shown["user"] == "u3"]["via"])


def test_the_same_arguments_give_the_same_bytes_with_faults_too(tmp_path: Path) -> None:
    scenario, trace = faulty(fault("kill", "gateway-1", 5, 3), fault("pause", "worker-2", 7, 12)), chatter(12)
    for name in ("first", "second"):
        simulate(scenario, trace).save(tmp_path / name)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


TARGETS = {
    "pause": ("gateway-1", "gateway-2", "worker-1", "worker-2", "kafka", "cassandra", "redis"),
    "kill": ("gateway-1", "gateway-2", "worker-1", "worker-2"),
    "drain": ("gateway-1", "gateway-2", "worker-1", "worker-2"),
    "slow": ("kafka", "cassandra", "redis"),
    "cut": ("kafka", "cassandra", "redis"),
    "lose-response": ("kafka", "cassandra", "redis"),
    "skew": ("gateway-1", "gateway-2"),
    "lose-heartbeats": ("gateway-1", "gateway-2"),
}


@st.composite
def schedules(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Up to three faults of different processes, in the first 8 s."""
    kinds = draw(st.lists(st.sampled_from(sorted(TARGETS)), min_size=1, max_size=3))
    found: dict[str, dict[str, Any]] = {}
    for kind in kinds:
        target = draw(st.sampled_from(TARGETS[kind]))
        by = {"slow": st.sampled_from((0.02, 0.2)), "skew": st.sampled_from((-0.5, 0.3))}
        more = {"by": draw(by[kind])} if kind in by else {}
        at, lasts = draw(st.integers(20, 80)) / 10, draw(st.sampled_from((0.3, 3.0, 7.0, 14.0)))
        found[target] = fault(kind, target, at, lasts, **more)
    return list(found.values())


@settings(max_examples=25, derandomize=True, deadline=None, database=None)
@given(schedules())
def test_no_schedule_of_faults_breaks_a_promise_of_the_hardened_design(schedule: list[dict[str, Any]]) -> None:
    history = simulate(faulty(*schedule), chatter(end_s=10, duration_s=50))
    assert broken(history) == {}
    assert len(history.of_kind("deliver")) == len(history.of_kind("send.ok")) * (len(USERS) - 1)


@pytest.mark.parametrize("nodes", [1, 3])
def test_a_subscriber_is_told_what_a_redis_forgot_and_learnt_again(nodes: int) -> None:
    acts = [*(Action(0, "connect", user) for user in (1, 2)), Action(SECOND, "open", 1, 5), *heartbeats((1, 2))]
    lost = [fault("kill", "redis" if nodes == 1 else "redis-1", 20, 6)]
    if nodes == 3:  # the replica is empty, so that what it is promoted with is nothing
        lost = [fault("kill", "redis-2", 16, 20), *lost]
    scenario = faulty(*lost, presence="subscription", nodes=nodes)
    told = simulate(scenario, people(*acts, duration_s=60)).of_kind("presence.change")
    assert told[told["user"] == "u2"]["state"].tolist() == ["offline", "online"]
    assert told["t_ns"].min() > 20 * SECOND
    assert told["t_ns"].max() < 31 * SECOND


def test_a_gateway_that_is_killed_tells_nobody_and_the_others_tell_of_those_who_were_there() -> None:
    acts = [Action(0, "connect", user) for user in (1, 2)]
    acts += [*(Action(SECOND, "open", user, 5) for user in (1, 2)), *heartbeats((1, 2))]
    scenario = faulty(fault("kill", "gateway-2", 10, 3), presence="subscription", presence_ttl="15s", heartbeat="15s")
    told = simulate(scenario, people(*acts, duration_s=60)).of_kind("presence.change")
    assert set(told["device"]) <= {"u2"}
