"""The flaws of the design document: each shows in the model of `seed`, and the same run is clean with `hardened`.

Times are chosen so that the flaw is certain, not likely.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from reports.checks import check_history
from sim.engine import BOX, Profile, simulate
from sim.engine.profile import PROBABILITIES, Delay
from sim.history import History
from sim.trace import Action
from sim.verdict import Outcome
from tests.sim.engine.faulty import PROMISES, USERS, broken, chatter, fault, faulty, heartbeats
from tests.sim.engine.worlds import SECOND, exact, people

MS = 1_000_000
PRESETS = ("seed", "hardened")
CONNECTED = [Action(0, "connect", user) for user in USERS]


def send(at_ns: int, user: int, name: str, cseq: int = 1) -> Action:
    return Action(at_ns, "send", user, 5, name, cseq, 20)


def with_delay(hop: str, seconds: float) -> Profile:
    """Costs alone, but for one hop that always takes as long."""
    profile = exact()
    always = Delay((seconds,) * len(PROBABILITIES), "assumed", "constant")
    return replace(profile, delays={**profile.delays, hop: always})


def outcome(history: History, check: str) -> Outcome:
    return check_history(history, [check])[0].outcome


def written_through_a_slow_clock(preset: str) -> History:
    """User 3 shows what came by gateway 1, is away for what came by the slow gateway 2, and comes back."""
    trace = people(
        *CONNECTED,
        send(3_000 * MS, 2, "right-clock"),
        Action(3_020 * MS, "crash", 3),
        send(3_030 * MS, 1, "slow-clock"),
        Action(5 * SECOND, "connect", 3),
        send(6 * SECOND, 2, "later", cseq=2),
        *heartbeats(duration_s=30),
        users=USERS,
        duration_s=30,
    )
    return simulate(faulty(fault("skew", "gateway-2", 1, by="-50ms"), preset=preset), trace, exact())


def test_a_slow_clock_puts_ids_against_the_log() -> None:
    logged = written_through_a_slow_clock("seed").of_kind("log.append").sort_values("offset")
    assert logged["uuid"].tolist() == ["right-clock", "slow-clock", "later"]
    assert logged["message_id"].is_monotonic_increasing is False


def test_a_cursor_by_id_passes_over_what_a_slow_clock_numbered() -> None:
    history = written_through_a_slow_clock("seed")
    assert broken(history) == {"lost": 1, "resume_gap": 1}
    shown = history.of_kind("deliver")
    assert shown[shown["user"] == "u3"]["uuid"].tolist() == ["right-clock", "later"]


def test_a_cursor_by_sequence_does_not() -> None:
    history = written_through_a_slow_clock("hardened")
    assert broken(history) == {}
    assert outcome(history, "resume_gap") is Outcome.PASS
    shown = history.of_kind("deliver")
    assert shown[shown["user"] == "u3"]["uuid"].tolist() == ["right-clock", "slow-clock", "later"]


def numbered_while_a_batch_fills(preset: str) -> History:
    """No fault: gateway 2 has a batch open when gateway 1 gets a message, and puts a later one into the log first.

    gateway-2   3.000 opens ──── 3.010 higher id ── 3.020 sent
    gateway-1           3.005 lower id ─────────────────── 3.025 sent
    """
    sends = (send(3_000 * MS, 1, "opens"), send(3_005 * MS, 2, "lower-id"), send(3_010 * MS, 3, "higher-id"))
    later = send(6 * SECOND, 2, "later", cseq=2)
    trace = people(*CONNECTED, *sends, later, *heartbeats(duration_s=30), users=USERS, duration_s=30)
    return simulate(faulty(preset=preset, fan_out="read", linger=0.02), trace, exact())


def test_a_cursor_by_id_passes_over_what_came_later_even_without_a_fault() -> None:
    history = numbered_while_a_batch_fills("seed")
    assert history.of_kind("log.append")["uuid"].tolist() == ["opens", "higher-id", "lower-id", "later"]
    shown = history.of_kind("deliver")
    assert shown[shown["user"] == "u4"]["uuid"].tolist() == ["opens", "higher-id", "later"]
    assert broken(history) == {"lost": 3}


def test_a_cursor_by_sequence_follows_the_log() -> None:
    history = numbered_while_a_batch_fills("hardened")
    shown = history.of_kind("deliver")
    assert shown[shown["user"] == "u4"]["uuid"].tolist() == ["opens", "higher-id", "lower-id", "later"]
    assert broken(history) == {}


def with_one_heartbeat_lost(preset: str) -> History:
    """The first heartbeat of user 2 is lost, the second is 100 ms late; user 1 looks in between, at 30.05 s."""
    trace = people(
        *CONNECTED[:2],
        *(Action(15 * n * SECOND, "heartbeat", 1) for n in (1, 2)),
        Action(15 * SECOND, "heartbeat", 2),
        Action(30 * SECOND + 100 * MS, "heartbeat", 2),
        Action(30 * SECOND + 50 * MS, "open", 1, 5),
        Action(31 * SECOND, "open", 1, 5),
        duration_s=35,
    )
    return simulate(faulty(fault("lose-heartbeats", "gateway-1", 10, 10), preset=preset), trace)


def test_presence_flaps_when_one_heartbeat_is_lost_and_the_ttl_is_two() -> None:
    history = with_one_heartbeat_lost("seed")
    answers = history.of_kind("presence.read")
    assert answers[answers["reader"] == "u2"]["state"].tolist() == ["offline", "online"]
    verdict = check_history(history, ["false_offline"])[0]
    assert (verdict.outcome, verdict.values) == (Outcome.FAIL, {"lost-heartbeat": 1})


def test_presence_survives_a_lost_heartbeat_with_a_longer_ttl() -> None:
    history = with_one_heartbeat_lost("hardened")
    assert outcome(history, "false_offline") is Outcome.PASS
    assert outcome(history, "stale_online") is Outcome.PASS


def sent_again_through_another_gateway(preset: str) -> History:
    """Gateway 2 dies when the log has the message of user 1 and the answer, 50 ms long, is on its way."""
    trace = people(*CONNECTED, send(3 * SECOND, 1, "twice"), *heartbeats(duration_s=30), users=USERS, duration_s=30)
    return simulate(faulty(fault("kill", "gateway-2", 3.03), preset=preset), trace, with_delay("ack", 0.05))


@pytest.mark.parametrize("preset", PRESETS)
def test_a_message_whose_answer_died_with_its_gateway_is_in_the_log_twice(preset: str) -> None:
    logged = sent_again_through_another_gateway(preset).of_kind("log.append")
    assert logged["uuid"].tolist() == ["twice", "twice"]
    assert logged["message_id"].nunique() == 2


def test_a_unique_message_id_does_not_recognise_a_message_sent_again() -> None:
    assert broken(sent_again_through_another_gateway("seed")) == {"duplicated": 3}


def test_the_client_s_own_id_does() -> None:
    history = sent_again_through_another_gateway("hardened")
    assert broken(history) == {}
    assert outcome(history, "duplicated") is Outcome.PASS


def with_a_late_goodbye(preset: str) -> History:
    """User 3 leaves gateway 2 while it stands still and comes back to gateway 1; then gateway 2 notices the goodbye."""
    trace = people(
        *CONNECTED,
        Action(4 * SECOND, "crash", 3),
        Action(5 * SECOND, "connect", 3),
        send(25 * SECOND, 2, "hello"),
        *heartbeats(duration_s=40),
        users=USERS,
        duration_s=40,
    )
    return simulate(faulty(fault("pause", "gateway-2", 3, 20), preset=preset), trace)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_gateway_that_does_not_answer_is_left_for_another(preset: str) -> None:
    opened = with_a_late_goodbye(preset).of_kind("conn.open")
    assert opened[opened["user"] == "u3"]["gateway"].tolist() == ["gateway-2", "gateway-1"]


def test_an_old_gateway_s_late_delete_orphans_the_new_connection() -> None:
    history = with_a_late_goodbye("seed")
    assert broken(history) == {"lost": 1}
    pushed = history.of_kind("push")
    assert pushed[pushed["uuid"] == "hello"]["user"].tolist() == ["u3"], "it is connected, and taken for absent"


def test_a_session_that_deletes_only_its_own_entry_orphans_nobody() -> None:
    history = with_a_late_goodbye("hardened")
    shown = history.of_kind("deliver")
    assert broken(history) == {}
    assert shown["via"].tolist() == ["push"] * 3, "at once, not with the next heartbeat"


def while_a_gateway_sleeps(preset: str) -> History:
    """Gateway 2 stands still for longer than the workers' patience; its sockets stay open, its entries too."""
    trace = people(
        *CONNECTED,
        send(10 * SECOND, 2, "into-the-void"),
        *heartbeats(duration_s=50),
        users=USERS,
        duration_s=50,
    )
    return simulate(faulty(fault("pause", "gateway-2", 9, 10), preset=preset), trace)


def test_a_stale_entry_swallows_what_is_pushed_to_a_gateway_that_sleeps() -> None:
    assert broken(while_a_gateway_sleeps("seed")) == {"lost": 2}


def test_an_entry_that_is_removed_makes_the_next_heartbeat_fetch_what_was_missed() -> None:
    history = while_a_gateway_sleeps("hardened")
    assert broken(history) == {}
    late = history.of_kind("deliver").set_index("user")["via"]
    assert late[["u1", "u3"]].tolist() == ["resume", "resume"]


def with_a_store_that_answers_too_late(preset: str) -> History:
    """The store stands still for longer than a client waits: the insert is tried again, and both tries land."""
    return simulate(faulty(fault("pause", "cassandra", 5, 14), preset=preset), chatter(end_s=8))


def test_an_insert_if_not_exists_takes_its_own_first_try_for_somebody_else_s() -> None:
    assert set(broken(with_a_store_that_answers_too_late("seed"))) == {"lost"}


def test_an_insert_that_may_be_repeated_is_pushed_after_all() -> None:
    assert broken(with_a_store_that_answers_too_late("hardened")) == {}


def with_a_worker_killed_between_store_and_push(preset: str) -> History:
    """Both workers die 20 ms after a message, when it is stored and its recipients are being looked up, for 50 ms."""
    trace = people(*CONNECTED, send(3 * SECOND, 2, "stored"), *heartbeats(duration_s=40), users=USERS, duration_s=40)
    faults = [fault("kill", f"worker-{number}", 3.03, 1) for number in (1, 2)]
    return simulate(faulty(*faults, preset=preset), trace, with_delay("route", 0.05))


def test_a_redelivered_message_is_taken_for_a_duplicate_of_itself() -> None:
    assert broken(with_a_worker_killed_between_store_and_push("seed")) == {"lost": 3}


def test_a_redelivered_message_is_pushed_where_its_record_is_recognised() -> None:
    assert broken(with_a_worker_killed_between_store_and_push("hardened")) == {}


@pytest.mark.parametrize("preset", PRESETS)
def test_without_faults_and_haste_both_designs_keep_their_promises(preset: str) -> None:
    assert broken(simulate(faulty(preset=preset), chatter(end_s=8), BOX), PROMISES) == {}
