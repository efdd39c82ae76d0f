"""What a run with faults must have met: each witness met and missed, by hand-built histories."""

from __future__ import annotations

from typing import Any

import pytest

from reports.witnesses import WITNESSES, witness_verdicts
from sim.history import History
from sim.verdict import Outcome

Event = dict[str, Any]


def event(t_s: float, kind: str, **fields: Any) -> Event:
    return {"t_ns": round(t_s * 1e9), "kind": kind, **fields}


def fault(kind: str, target: str, start_s: float, end_s: float | None = None, hit: float | None = None) -> list[Event]:
    start = event(start_s, "fault.start", target=target, cause=kind)
    return [start] if end_s is None else [start, event(end_s, "fault.stop", target=target, cause=kind, value=hit)]


def opened(t_s: float, user: str, gateway: str, number: int = 1) -> Event:
    return event(t_s, "conn.open", device=user, user=user, session=f"{user}.{number}", gateway=gateway)


def sent(t_s: float, user: str, uuid: str, conv: str = "c1") -> Event:
    return event(t_s, "send.invoke", device=user, user=user, conv=conv, uuid=uuid)


def shown(t_s: float, user: str, uuid: str, via: str = "push", polled_s: float | None = None) -> Event:
    polled = {} if polled_s is None else {"polled_ns": round(polled_s * 1e9)}
    return event(t_s, "deliver", device=user, user=user, conv="c1", uuid=uuid, via=via, **polled)


def logged(t_s: float, uuid: str) -> Event:
    return event(t_s, "log.append", conv="c1", uuid=uuid)


def beat(t_s: float, user: str, *, stored: bool) -> list[Event]:
    ids = {"device": user, "user": user, "session": f"{user}.1"}
    answer = [event(t_s + 0.01, "heartbeat.stored", **ids)] if stored else []
    return [event(t_s, "heartbeat.sent", **ids), *answer]


def outcomes(*events: Event | list[Event]) -> dict[str, Outcome]:
    flat = [one for each in events for one in (each if isinstance(each, list) else [each])]
    return {v.check: v.outcome for v in witness_verdicts(History.of([*flat, event(100, "quiesce")]))}


def test_without_faults_nothing_is_needed() -> None:
    assert outcomes(sent(1, "u1", "m1")) == {}


@pytest.mark.parametrize(("at_s", "met"), [(4.9, False), (5, True), (8.9, True), (9.1, False)])
def test_a_fault_has_to_meet_traffic(at_s: float, met: bool) -> None:
    found = outcomes(fault("pause", "redis", 5, 8), sent(at_s, "u1", "m1"))
    assert found == {"fault_met_traffic": Outcome.PASS if met else Outcome.UNKNOWN}


def test_every_fault_has_to_and_the_verdict_names_those_that_did_not() -> None:
    events = [sent(6, "u1", "m1"), *fault("pause", "redis", 5, 8), *fault("pause", "kafka", 50, 51)]
    (verdict,) = witness_verdicts(History.of(events))
    assert verdict.outcome is Outcome.UNKNOWN
    assert verdict.checked == 2
    assert "not met by 1 of 2 faults (pause of kafka at 50.0 s)" in verdict.summary


@pytest.mark.parametrize("kind", ["slow", "partition", "cut", "lose-response"])
def test_a_fault_of_the_network_has_to_hit_something(kind: str) -> None:
    traffic = sent(6, "u1", "m1")
    assert outcomes(fault(kind, "kafka", 5, 8, hit=1), traffic)["fault_hit"] is Outcome.PASS
    assert outcomes(fault(kind, "kafka", 5, 8, hit=0), traffic)["fault_hit"] is Outcome.UNKNOWN
    assert "fault_hit" not in outcomes(fault(kind, "kafka", 5), traffic), "what is never undone is never counted"
    assert "fault_hit" not in outcomes(fault(kind, "kafka", 5, 8), traffic), "nor is anything in the model"


def test_a_killed_worker_has_to_leave_messages_that_another_one_works_on() -> None:
    killed = fault("kill", "worker-1", 10, 25)
    quick = [sent(11, "u1", "m1"), logged(11, "m1"), shown(11.1, "u2", "m1", polled_s=11.01)]
    waited = [sent(12, "u1", "m2"), logged(12, "m2"), shown(21, "u2", "m2", polled_s=20.9)]
    later = [sent(26, "u1", "m3"), logged(26, "m3"), shown(40, "u2", "m3", polled_s=39)]
    assert outcomes(killed, quick, later)["rebalance_in_flight"] is Outcome.UNKNOWN
    assert outcomes(killed, quick, waited)["rebalance_in_flight"] is Outcome.PASS


def test_a_worker_is_given_up_only_after_a_pause_longer_than_the_group_s_patience() -> None:
    assert "rebalance_in_flight" in outcomes(fault("pause", "worker-1", 10, 21))
    assert "rebalance_in_flight" not in outcomes(fault("pause", "worker-1", 10, 19))
    assert "rebalance_in_flight" not in outcomes(fault("pause", "gateway-1", 10, 30))


def test_somebody_who_lost_a_killed_gateway_has_to_find_a_backlog() -> None:
    killed = fault("kill", "gateway-1", 10, 15)
    lost = event(10.1, "conn.close", device="u1", user="u1", session="u1.1", gateway="gateway-1", cause="lost")
    left = event(10.1, "conn.close", device="u2", user="u2", session="u2.1", gateway="gateway-2", cause="lost")
    assert outcomes(killed, lost, shown(12, "u1", "m1", "resume"))["resume_backlog"] is Outcome.PASS
    assert outcomes(killed, lost, shown(12, "u1", "m1"))["resume_backlog"] is Outcome.UNKNOWN
    assert outcomes(killed, left, shown(12, "u2", "m1", "resume"))["resume_backlog"] is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("cause", "gateway", "met"),
    [("go-away", "gateway-2", True), ("go-away", "gateway-1", False), ("lost", "gateway-2", False)],
)
def test_a_drained_gateway_has_to_send_somebody_to_another(cause: str, gateway: str, met: bool) -> None:
    drained = fault("drain", "gateway-1", 10, 15)
    left = event(11, "conn.close", device="u1", user="u1", session="u1.1", gateway="gateway-1", cause=cause)
    found = outcomes(opened(1, "u1", "gateway-1"), drained, left, opened(11.1, "u1", gateway, 2))
    assert found["sent_away"] is (Outcome.PASS if met else Outcome.UNKNOWN)
    assert "sent_away" not in outcomes(fault("drain", "worker-1", 10, 15))


@pytest.mark.parametrize(
    ("at_s", "gateway", "stored", "met"),
    [
        (6, "gateway-1", False, True),
        (6, "gateway-1", True, False),
        (6, "gateway-2", False, False),
        (4, "gateway-1", False, False),
    ],
)
def test_a_heartbeat_has_to_get_lost(at_s: float, gateway: str, stored: bool, met: bool) -> None:
    found = outcomes(
        fault("lose-heartbeats", "gateway-1", 5, 8), opened(1, "u1", gateway), beat(at_s, "u1", stored=stored)
    )
    assert found["heartbeat_lost"] is (Outcome.PASS if met else Outcome.UNKNOWN)


def test_a_heartbeat_that_was_stored_late_after_the_next_one_was_lost_all_the_same() -> None:
    beats = [beat(6, "u1", stored=False), beat(21, "u1", stored=True)]
    found = outcomes(fault("lose-heartbeats", "gateway-1", 5, 8), opened(1, "u1", "gateway-1"), *beats)
    assert found["heartbeat_lost"] is Outcome.PASS


def test_a_conversation_has_to_be_written_through_the_wrong_clock_and_through_another() -> None:
    skewed = fault("skew", "gateway-1", 5, 20)
    here, there = opened(1, "u1", "gateway-1"), opened(1, "u2", "gateway-2")
    assert outcomes(skewed, here, there, sent(6, "u1", "a"), sent(7, "u2", "b"))["two_gateways"] is Outcome.PASS
    apart = outcomes(skewed, here, there, sent(6, "u1", "a"), sent(7, "u2", "b", conv="c2"))
    assert apart["two_gateways"] is Outcome.UNKNOWN
    moved = opened(9, "u2", "gateway-1", number=2)
    one = outcomes(skewed, here, there, moved, sent(6, "u1", "a"), sent(10, "u2", "b"))
    assert one["two_gateways"] is Outcome.UNKNOWN, "the second had moved to the first one's gateway"


def acked(t_s: float, uuid: str) -> Event:
    return event(t_s, "send.ok", device="u1", user="u1", conv="c1", uuid=uuid)


@pytest.mark.parametrize(
    ("events", "met"),
    [
        ([logged(6, "m1"), acked(6.01, "m1")], False),
        ([logged(6, "m1"), acked(6.2, "m1")], True),
        ([logged(6, "m1"), logged(6.15, "m1"), acked(6.16, "m1")], True),
        ([logged(4, "m1"), logged(4.15, "m1"), acked(4.16, "m1")], False),
    ],
)
def test_a_message_whose_acknowledgement_is_lost_has_to_be_sent_again(events: list[Event], met: bool) -> None:
    found = outcomes(fault("lose-response", "kafka", 5, 8, hit=1), sent(3.9, "u1", "m1"), events)
    assert found["send_retried"] is (Outcome.PASS if met else Outcome.UNKNOWN)


BY_LWT = event(0, "config", detail='{"design": {"dedup": "lwt"}}')
STORED = event(99, "store.row", conv="c1", uuid="m1")


@pytest.mark.parametrize(
    ("events", "met"),
    [
        ([logged(6, "m1"), STORED], True),
        ([logged(6, "m1"), STORED, shown(6.1, "u2", "m1")], False),
        ([logged(6, "m1"), STORED, event(6.1, "push", user="u2", conv="c1", uuid="m1")], False),
        ([logged(6, "m1"), STORED, shown(7.5, "u2", "m1")], True),
        ([logged(6, "m1"), STORED, shown(6.1, "u2", "m1", "resume")], True),
        ([logged(6, "m1")], False),
        ([logged(9, "m1"), STORED], False),
    ],
)
def test_an_insert_if_not_exists_has_to_be_left_in_doubt(events: list[Event], met: bool) -> None:
    found = outcomes(fault("lose-response", "cassandra", 5, 8, hit=1), BY_LWT, sent(5.9, "u1", "m1"), events)
    assert found["lwt_in_doubt"] is (Outcome.PASS if met else Outcome.UNKNOWN)


def test_nothing_is_in_doubt_with_another_dedup_or_while_a_client_still_waits() -> None:
    assert "lwt_in_doubt" not in outcomes(fault("lose-response", "cassandra", 5, 8, hit=1))
    assert "lwt_in_doubt" not in outcomes(BY_LWT, fault("pause", "cassandra", 5, 14))
    assert "lwt_in_doubt" in outcomes(BY_LWT, fault("pause", "cassandra", 5, 16))


def test_every_witness_has_a_definition() -> None:
    everything = [
        *fault("kill", "worker-1", 10, 25),
        *fault("kill", "gateway-1", 10, 25),
        *fault("drain", "gateway-1", 30, 35),
        *fault("skew", "gateway-2", 10, 25),
        *fault("lose-heartbeats", "gateway-2", 10, 25),
        *fault("slow", "redis", 10, 25, hit=0),
        *fault("lose-response", "kafka", 10, 25),
        *fault("kill", "cassandra", 10, 25),
    ]
    assert set(outcomes(BY_LWT, everything)) == set(WITNESSES)
