"""Two people in a conversation: what happens, in which order, and when."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.engine import BOX, simulate
from sim.errors import ModelError
from sim.trace import Action
from tests.sim.engine.worlds import SECOND, exact, people, scenario, story

CONNECTED = [Action(0, "connect", 1), Action(0, "connect", 2)]
HELLO = Action(1 * SECOND, "send", 1, 5, "uuid-1", 1, 33)


def test_a_message_is_acknowledged_logged_shown_received_and_read() -> None:
    trace = people(*CONNECTED, HELLO, Action(3 * SECOND, "read", 2, 5))
    assert story(simulate(scenario(), trace, exact())) == [
        ("config", ""),
        ("conn.open", "u1"),
        ("conn.open", "u2"),
        ("send.invoke", "u1"),
        ("log.append", ""),
        ("send.ok", "u1"),
        ("wire.deliver", "u2"),
        ("deliver", "u2"),
        ("receipt.send", "u2"),
        ("receipt.seen", "u1"),
        ("receipt.send", "u2"),
        ("receipt.seen", "u1"),
        ("quiesce", ""),
        ("store.row", ""),
    ]


def test_without_delays_and_queues_every_stamp_is_a_sum_of_costs() -> None:
    history = simulate(scenario(), people(*CONNECTED, HELLO), exact())
    shown = history.of_kind("deliver").iloc[0]
    cost = BOX.cpu_s
    accepted_ns = 1e9 * (1 + cost("driver.frame") + cost("gateway.receive"))
    # First touch of the conversation: the gateway reads its members.
    asked_s = cost("gateway.query") + cost("cassandra.read")
    logged_s = cost("gateway.send") + cost("kafka.produce") + cost("kafka.record")
    assert shown["accepted_ns"] == pytest.approx(accepted_ns, abs=2)
    polled_s = asked_s + logged_s + cost("kafka.fetch") + cost("worker.poll")
    assert shown["polled_ns"] - shown["accepted_ns"] == pytest.approx(1e9 * polled_s, abs=2)
    assert shown["started_ns"] == shown["polled_ns"]
    first_touch_s = cost("worker.query") + cost("cassandra.read")
    # The past is read by way of the directory of its buckets, and the first message enters one.
    buckets_s = cost("cassandra.read") + cost("cassandra.write")
    stored_s = cost("worker.message") + first_touch_s + buckets_s + cost("worker.write") + cost("cassandra.write")
    assert shown["stored_ns"] - shown["started_ns"] == pytest.approx(1e9 * stored_s, abs=2)
    # Two devices each of both members: the sender's other one would get it, too.
    lookup_s = cost("redis.pipeline") + 4 * cost("redis.command")
    routed_s = first_touch_s + cost("worker.route") + lookup_s + cost("worker.recipient")
    assert shown["routed_ns"] - shown["stored_ns"] == pytest.approx(1e9 * routed_s, abs=2)
    called_s = cost("worker.call") + cost("gateway.call")
    assert shown["pushed_ns"] - shown["routed_ns"] == pytest.approx(1e9 * called_s, abs=2)
    downlink_s = cost("gateway.push") + cost("driver.frame")
    assert shown["t_ns"] - shown["pushed_ns"] == pytest.approx(1e9 * downlink_s, abs=2)


def test_an_offline_recipient_is_notified_and_reads_the_message_on_connecting() -> None:
    trace = people(Action(0, "connect", 1), HELLO, Action(5 * SECOND, "connect", 2))
    history = simulate(scenario(), trace)
    assert story(history, "push", "deliver", "conn.open", "receipt.seen") == [
        ("conn.open", "u1"),
        ("push", "u2"),
        ("conn.open", "u2"),
        ("deliver", "u2"),
        ("receipt.seen", "u1"),
    ]
    assert history.of_kind("deliver")["via"].tolist() == ["resume"]
    assert history.of_kind("deliver")["polled_ns"].isna().all()


def test_a_device_that_never_connects_reads_its_messages_after_the_end() -> None:
    history = simulate(scenario(), people(Action(0, "connect", 1), HELLO))
    assert story(history, "quiesce", "conn.open", "deliver", "store.row") == [
        ("conn.open", "u1"),
        ("conn.open", "u2"),
        ("deliver", "u2"),
        ("quiesce", ""),
        ("store.row", ""),
    ]


def test_a_second_session_resumes_after_what_was_shown() -> None:
    again = Action(4 * SECOND, "send", 1, 5, "uuid-2", 2, 10)
    trace = people(*CONNECTED, HELLO, Action(3 * SECOND, "crash", 2), again, Action(6 * SECOND, "connect", 2))
    shown = simulate(scenario(), trace).of_kind("deliver")
    assert shown[["uuid", "session", "via", "seq"]].to_numpy().tolist() == [
        ["uuid-1", "u2.1", "push", 1],
        ["uuid-2", "u2.2", "resume", 2],
    ]


def test_a_send_that_was_not_answered_is_sent_again_with_the_next_session() -> None:
    gone, back = Action(1 * SECOND + 1, "crash", 1), Action(2 * SECOND, "connect", 1)
    history = simulate(scenario(), people(*CONNECTED, HELLO, gone, back))
    assert story(history, "send.invoke", "send.ok", "conn.close", "conn.open", "deliver")[2:] == [
        ("send.invoke", "u1"),
        ("conn.close", "u1"),
        ("deliver", "u2"),
        ("conn.open", "u1"),
        ("send.ok", "u1"),
    ]
    assert len(history.of_kind("log.append")) == 2
    assert len(history.of_kind("store.row")) == 1


def test_a_send_without_a_connection_waits_for_the_next_session() -> None:
    history = simulate(scenario(), people(HELLO, Action(2 * SECOND, "connect", 1)))
    assert story(history, "send.invoke", "conn.open", "send.ok")[:3] == [
        ("send.invoke", "u1"),
        ("conn.open", "u1"),
        ("send.ok", "u1"),
    ]


def test_an_answer_that_takes_too_long_makes_the_device_send_again() -> None:
    history = simulate(scenario(linger="1s"), people(*CONNECTED, HELLO), BOX.scaled({"kafka": 80_000}))
    assert len(history.of_kind("log.append")) > 1
    assert story(history, "send.invoke", "send.ok", "deliver").count(("send.ok", "u1")) == 1


def test_gauges_are_read_each_second_from_before_the_start_and_cpu_only_grows() -> None:
    rows = simulate(scenario(), people(*CONNECTED, HELLO, duration_s=4)).of_kind("sample")
    assert rows["t_ns"].min() == -3 * SECOND
    kafka = rows[(rows["target"] == "kafka") & (rows["state"] == "cpu_s")]
    assert kafka["t_ns"].diff().dropna().iloc[:-1].eq(SECOND).all()
    assert kafka["value"].is_monotonic_increasing
    assert kafka["value"].iloc[-1] > 0
    names = {"driver", "gateway-1", "gateway-2", "worker-1", "worker-2", "kafka", "cassandra", "redis"}
    assert set(rows[rows["state"] == "cpu_s"]["target"]) == names
    assert set(rows[rows["state"] == "backlog"]["target"]) == {"messages", "receipts"}


def test_a_box_that_never_gets_quiet_says_so_by_saying_nothing() -> None:
    slow = BOX.scaled({"worker": 100_000})
    history = simulate(scenario(), people(*CONNECTED, HELLO), slow)
    assert history.quiesced_ns is None


def test_the_same_arguments_give_the_same_bytes_and_another_seed_other_times(tmp_path: Path) -> None:
    trace = people(*CONNECTED, HELLO, Action(3 * SECOND, "read", 2, 5))
    for name, seed in (("first", 3), ("second", 3), ("other", 4)):
        simulate(scenario(), trace, seed=seed).save(tmp_path / name)
    first, second, other = ((tmp_path / name).read_bytes() for name in ("first", "second", "other"))
    assert first == second
    assert first != other


def test_an_action_without_a_join_is_refused() -> None:
    stranger = Action(SECOND, "send", 9, 5, "uuid-9", 1, 5)
    with pytest.raises(ModelError, match="u9 would send in c5 without being a member"):
        simulate(scenario(), people(*CONNECTED, stranger))


def test_an_action_before_the_start_is_refused() -> None:
    with pytest.raises(ModelError, match="an action at -1 ns"):
        simulate(scenario(), people(Action(-1, "connect", 1)))
