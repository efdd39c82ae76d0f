"""The lines that convict, told from `example.jsonl`: u5 crashes, misses a1 and resumes above it."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.checks import check_history, explain
from sim.history import History
from sim.verdict import Example, Outcome, Verdict
from tests.reports.checks.story import Story, clean_story, is_

EXAMPLE = History.load(Path(__file__).with_name("example.jsonl"))


def lines(history: History, name: str) -> list[str]:
    verdict = check_history(history, [name])[0]
    return explain(history, verdict, verdict.examples[0])


def test_the_example_is_convicted_of_its_gap_and_its_loss_only() -> None:
    found = {verdict.check: verdict.outcome for verdict in check_history(EXAMPLE)}
    assert {check for check, outcome in found.items() if outcome is Outcome.FAIL} == {"lost", "resume_gap"}
    assert Outcome.UNKNOWN not in found.values()


def test_a_gap_is_told_by_the_message_the_faults_the_session_and_what_was_shown_instead() -> None:
    assert lines(EXAMPLE, "resume_gap") == [
        "#17 t=1.800 fault.start gateway-1 cause=clock 15 ms slow",
        "#18 t=2.000 send.invoke u3 c17 cseq=2 uuid=…00a1",
        "#19 t=2.004 log.append c17 uuid=…00a1 id=3000 partition=17 offset=2",
        "#20 t=2.006 store.row c17 seq=2 uuid=…00a1 id=3000",
        "#21 t=2.010 send.ok u3 c17 uuid=…00a1 id=3000",
        "#26 t=2.200 send.invoke u4 c17 cseq=1 uuid=…00a2",
        "#27 t=2.204 log.append c17 uuid=…00a2 id=3200 partition=17 offset=3",
        "#28 t=2.206 store.row c17 seq=3 uuid=…00a2 id=3200",
        "#29 t=2.210 send.ok u4 c17 uuid=…00a2 id=3200",
        "#34 t=2.400 fault.stop gateway-1 cause=clock 15 ms slow",
        "#35 t=3.000 conn.open u5 session=u5.2 gateway=gateway-1",
        "#37 t=3.100 deliver u5 c17 seq=3 uuid=…00a2 id=3200 via=resume session=u5.2"
        "  ← missed while u5 was away, then passed over",
    ]


def test_a_loss_is_told_with_the_session_that_should_have_got_it() -> None:
    told = lines(EXAMPLE, "lost")
    assert told[-1] == (
        "#35 t=3.000 conn.open u5 session=u5.2 gateway=gateway-1  ← never shown on u5: stored-not-pushed"
    )


def test_presence_is_told_by_the_heartbeats_and_faults_in_between() -> None:
    h = Story({"c1": ["u1", "u2"]})
    h.open(0.5, "u1")
    h.beat(4, "u1")
    h.fault(7, 13, "gateway-2", "pause")
    h.fault(20, 21, "kafka", "pause")
    for t_s in (8, 12):
        h.beat(t_s, "u1", stored_after_s=None)
    h.ask(13.5, "u2", "u1", "offline")
    assert lines(h.history(), "false_offline") == [
        "#3 t=4.010 heartbeat.stored u1 session=u1.1",
        "#4 t=7.000 fault.start gateway-2 cause=pause",
        "#5 t=8.000 heartbeat.sent u1 session=u1.1",
        "#6 t=12.000 heartbeat.sent u1 session=u1.1",
        "#7 t=13.000 fault.stop gateway-2 cause=pause",
        "#8 t=13.500 presence.read u2 of=u1 offline began=13.490  ← offline while connected: lost-heartbeat",
    ]


def test_a_fault_that_began_before_and_was_not_yet_undone_is_told() -> None:
    h = clean_story()
    h.fault(0.6, 13, "redis", "pause")
    h.fault(0.6, 0.7, "kafka", "pause")
    h.events.append(next(filter(is_("deliver", uuid="e2", device="u2"), h.events)) | {"t_ns": 12_000_000_000})
    told = [line for line in lines(h.history(), "duplicated") if "fault" in line]
    assert told == ["#4 t=0.600 fault.start redis cause=pause"]


@pytest.mark.parametrize("count", [1, 3, 30])
def test_there_are_at_most_twelve_lines(count: int) -> None:
    h = clean_story()
    for i in range(count):
        h.fault(5 + i / 100, 6 + i / 100, f"worker-{i}", "pause")
    history = h.history()
    events = tuple(history.of_kind("deliver").index[:2])
    verdict = Verdict("duplicated", Outcome.FAIL, 1, 1, "")
    assert 3 <= len(explain(history, verdict, Example(events, "note"))) <= 12


def test_what_a_subscriber_heard_is_told_with_whom_it_is_about() -> None:
    h = Story({"c1": ["u1", "u2"]})
    h.open(0.5, "u1")
    h.close(1.0, "u1")
    h.hear(20, "u1", "online", device="u2")
    assert lines(h.history(), "stale_online")[-1] == (
        "#3 t=20.000 presence.change u2 of=u1 online  ← online 19 s after the last renewal, TTL 9 s"
    )


def test_a_flap_is_told_by_the_answers_and_the_sign_of_life_before() -> None:
    h = Story({"c1": ["u1", "u2"]})
    h.open(0.5, "u1")
    for t_s, state in [(5, "online"), (6, "offline"), (7, "online")]:
        h.hear(t_s, "u1", state)
    h.beat(6.5, "u1", stored_after_s=None)
    assert lines(h.history(), "presence_flap") == [
        "#2 t=5.000 presence.change u1 online",
        "#3 t=6.000 presence.change u1 offline",
        "#4 t=6.500 heartbeat.sent u1 session=u1.1",
        "#5 t=7.000 presence.change u1 online  ← online, offline, online, and nobody moved",
    ]
