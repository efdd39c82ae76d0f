"""lost, duplicated, phantom and content_mismatch on the smallest histories that show them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reports.checks import check_history
from sim.verdict import Outcome, Verdict
from tests.reports.checks.story import Story, is_, without


def pair() -> Story:
    """u1 and u2 connected, one message m0 that arrived, so that something was seen."""
    h = Story({"c1": ["u1", "u2"]})
    h.open(0.1, "u1")
    h.open(0.1, "u2")
    h.send(1, "u1", "c1", "m0")
    h.deliver(1.1, "u2", "m0", receipt=False)
    return h


def verdict(h: Story, name: str) -> Verdict:
    return check_history(h.history(), [name])[0]


def frame_without_deliver(h: Story) -> None:
    h.send(2, "u1", "c1", "m1")
    h.deliver(2.1, "u2", "m1", receipt=False)
    h.events = without(h.events, is_("deliver", uuid="m1"))


STAGES: dict[str, Callable[[Story], None]] = {
    "not-logged": lambda h: h.send(2, "u1", "c1", "m1", logged=False, stored=False),
    "logged-not-stored": lambda h: h.send(2, "u1", "c1", "m1", stored=False),
    "stored-not-pushed": lambda h: h.send(2, "u1", "c1", "m1"),
    "pushed-not-received": frame_without_deliver,
}


@pytest.mark.parametrize("stage", STAGES)
def test_a_lost_message_names_the_stage_where_it_was_lost(stage: str) -> None:
    h = pair()
    STAGES[stage](h)
    h.quiesce(9)
    found = verdict(h, "lost")
    assert (found.outcome, found.count, found.checked, found.values) == (Outcome.FAIL, 1, 2, {stage: 1})
    assert found.examples[0].note == f"never shown on u2: {stage}"


def test_stages_that_no_event_can_prove_are_not_claimed() -> None:
    h = pair()
    h.send(2, "u1", "c1", "m1", logged=False, stored=False)
    h.quiesce(9)
    h.events = without(h.events, is_("log.append", "store.row"))
    assert verdict(h, "lost").values == {"stored-not-pushed": 1}


def test_a_total_outage_is_lost_not_unknown() -> None:
    h = Story({"c1": ["u1", "u2"]})
    h.open(0.1, "u2")
    h.send(1, "u1", "c1", "m0")
    h.quiesce(9)
    assert verdict(h, "lost").outcome is Outcome.FAIL


def test_a_device_without_a_session_after_the_acknowledgement_is_owed_nothing() -> None:
    h = pair()
    h.close(2, "u2")
    h.send(3, "u1", "c1", "m1")
    h.quiesce(9)
    assert verdict(h, "lost").outcome is Outcome.PASS
    h.open(10, "u2")
    assert verdict(h, "lost").outcome is Outcome.FAIL


def test_a_session_that_opens_before_the_old_one_ends_keeps_the_device_connected() -> None:
    h = pair()
    h.close(2.5, "u2")
    h.open(2.4, "u2")
    h.send(3, "u1", "c1", "m1")
    h.quiesce(9)
    assert verdict(h, "lost").count == 1


@pytest.mark.parametrize(("outcome", "logged", "count"), [("info", True, 1), ("info", False, 0), ("fail", True, 0)])
def test_only_what_was_acknowledged_or_proven_can_be_lost(outcome: str, logged: bool, count: int) -> None:
    h = pair()
    h.send(2, "u1", "c1", "m1", outcome, logged=logged, stored=False)
    h.quiesce(9)
    assert verdict(h, "lost").count == count


def test_the_sender_is_no_recipient() -> None:
    h = pair()
    h.quiesce(9)
    assert verdict(h, "lost").checked == 1


def test_repeated_frames_and_rows_are_counted_and_allowed() -> None:
    h = pair()
    for kind in ("wire.deliver", "store.row"):
        h.events.append(next(filter(is_(kind), h.events)) | {"t_ns": 5_000_000_000})
    found = verdict(h, "duplicated")
    assert (found.outcome, found.values) == (Outcome.PASS, {"wire_duplicates": 1, "duplicate_rows": 1})


def test_the_message_shown_most_often_is_the_first_example() -> None:
    h = pair()
    h.send(2, "u1", "c1", "m1")
    for t_s, uuid in [(2.1, "m1"), (2.2, "m1"), (2.3, "m0"), (2.4, "m0"), (2.5, "m0")]:
        h.deliver(t_s, "u2", uuid, receipt=False)
    found = verdict(h, "duplicated")
    assert [example.note for example in found.examples] == ["shown 4 times on u2", "shown 2 times on u2"]
    assert found.count == 4


def test_a_refused_message_that_is_acknowledged_on_a_second_try_is_no_phantom() -> None:
    h = pair()
    h.send(2, "u1", "c1", "m1")
    h.events.append({"t_ns": 2_001_000_000, "kind": "send.fail", "device": "u1", "user": "u1", "uuid": "m1"})
    h.deliver(2.1, "u2", "m1", receipt=False)
    assert verdict(h, "phantom").outcome is Outcome.PASS


def test_phantoms_are_told_apart() -> None:
    h = pair()
    h.send(2, "u1", "c1", "m1", "fail")
    h.deliver(2.1, "u2", "m1", receipt=False)
    h.open(0.2, "u7")
    h.deliver(2.2, "u7", "m0", receipt=False)
    found = verdict(h, "phantom")
    assert (found.outcome, found.values) == (Outcome.FAIL, {"refused": 1})
    found = verdict(h, "misrouted")
    assert (found.outcome, found.values) == (Outcome.FAIL, {"not_a_member": 1})


def test_without_hashes_content_is_unknown() -> None:
    h = pair()
    h.events = [{name: value for name, value in event.items() if name != "hash"} for event in h.events]
    assert verdict(h, "content_mismatch").outcome is Outcome.UNKNOWN
