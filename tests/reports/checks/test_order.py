"""reordered_sender, order_divergence and resume_gap, and what a conversation is ordered by."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.checks import check_history
from reports.checks.order import Climb
from sim.verdict import Outcome, Verdict
from tests.reports.checks.story import Event, Story, changed, is_, without


def group() -> Story:
    """u1 and u2 write to c1 in turn, u3 reads along: m0, m1, m2, m3."""
    h = Story({"c1": ["u1", "u2", "u3"]})
    for user in ("u1", "u2", "u3"):
        h.open(0.1, user)
    for i in range(4):
        h.send(1 + i, f"u{1 + i % 2}", "c1", f"m{i}")
    return h


def shown_at_u3(h: Story, *uuids: str) -> Story:
    for i, uuid in enumerate(uuids):
        h.deliver(6 + i, "u3", uuid, receipt=False)
    h.quiesce(20)
    return h


def verdict(h: Story, name: str) -> Verdict:
    return check_history(h.history(), [name])[0]


def fields_dropped(h: Story, *names: str) -> list[Event]:
    return [{k: v for k, v in event.items() if k not in names} for event in h.events]


def test_a_step_back_counts_once_for_each_message_behind_its_turn_worst_first() -> None:
    h = shown_at_u3(group(), "m3", "m2", "m0", "m1")
    found = verdict(h, "order_divergence")
    assert (found.count, found.checked) == (3, 4)
    assert [example.note for example in found.examples] == [f"shown {back} places after its turn" for back in (3, 2, 1)]


def test_senders_may_overtake_each_other_but_not_themselves() -> None:
    assert verdict(shown_at_u3(group(), "m1", "m0", "m3", "m2"), "reordered_sender").outcome is Outcome.PASS
    found = verdict(shown_at_u3(group(), "m2", "m1", "m0", "m3"), "reordered_sender")
    assert (found.count, found.examples[0].note) == (1, "cseq 1 was shown after cseq 2")


def test_a_message_shown_again_is_duplicated_not_reordered() -> None:
    h = shown_at_u3(group(), "m0", "m1", "m2", "m0")
    assert verdict(h, "reordered_sender").outcome is Outcome.PASS
    assert verdict(h, "order_divergence").outcome is Outcome.PASS
    assert verdict(h, "duplicated").count == 1


def test_two_messages_at_one_place_are_no_order() -> None:
    h = shown_at_u3(group(), "m0", "m1")
    h.events = changed(h.events, is_("store.row", "deliver", uuid="m1"), seq=1)
    assert verdict(h, "order_divergence").examples[0].note == "two messages hold one place"


def test_a_conversation_is_ordered_by_sequence_then_offset_then_message_id() -> None:
    h = shown_at_u3(group(), "m0", "m1")
    by = {"ordered_by_seq": 0, "ordered_by_offset": 0, "ordered_by_message_id": 0}
    assert verdict(h, "order_divergence").values == by | {"ordered_by_seq": 1}
    h.events = fields_dropped(h, "seq")
    assert verdict(h, "order_divergence").values == by | {"ordered_by_offset": 1}
    h.events = changed(h.events, is_("log.append", uuid="m1"), partition=9)
    assert verdict(h, "order_divergence").values == by | {"ordered_by_message_id": 1}
    h.events = fields_dropped(h, "message_id")
    assert verdict(h, "order_divergence").outcome is Outcome.UNKNOWN


def test_offsets_decide_when_message_ids_disagree() -> None:
    h = shown_at_u3(group(), "m1", "m0")
    h.events = fields_dropped(h, "seq")
    assert verdict(h, "order_divergence").outcome is Outcome.FAIL
    h.events = changed(h.events, is_("log.append", uuid="m0"), offset=50)
    assert verdict(h, "order_divergence").outcome is Outcome.PASS


def away(*resumed: str, live: str | None = None) -> Story:
    """u3 is away while m0 to m3 are sent, comes back at 6 s and is shown these."""
    h = group()
    h.close(0.5, "u3")
    h.open(6.0, "u3")
    h.deliver(6.1, "u3", *resumed, via="resume", receipt=False)
    if live:
        h.send(7.0, "u1", "c1", live)
        h.deliver(7.1, "u3", live, receipt=False)
    h.quiesce(20)
    return h


@pytest.mark.parametrize(
    ("resumed", "live", "gaps"),
    [
        (("m0", "m1", "m2", "m3"), None, 0),
        (("m0", "m3"), None, 2),
        (("m0", "m1"), None, 0),  # nothing above m2 was shown: it may still come
        (("m0", "m1"), "m9", 2),
        ((), "m9", 4),
    ],
)
def test_what_a_session_passes_over_is_a_gap(resumed: tuple[str, ...], live: str | None, gaps: int) -> None:
    assert verdict(away(*resumed, live=live), "resume_gap").count == gaps


def test_a_gap_needs_no_quiet_end() -> None:
    h = away("m0", "m3")
    h.events = without(h.events, is_("quiesce"))
    assert verdict(h, "resume_gap").outcome is Outcome.FAIL


def test_a_hole_in_what_is_pushed_live_is_lost_and_no_resume_gap() -> None:
    h = shown_at_u3(group(), "m0", "m2", "m3")
    assert verdict(h, "resume_gap").outcome is Outcome.UNKNOWN
    assert verdict(h, "lost").count == 1 + 2 + 2  # m1 at u3, and u1 and u2 show nothing


def test_a_gap_filled_in_a_later_session_stays_a_gap() -> None:
    h = away("m0", "m3")
    h.close(8, "u3")
    h.open(9, "u3")
    h.deliver(9.1, "u3", "m1", "m2", via="resume", receipt=False)
    assert verdict(h, "resume_gap").count == 2
    assert verdict(h, "order_divergence").count == 2


def test_nobody_who_comes_back_to_missed_messages_is_unknown() -> None:
    found = verdict(shown_at_u3(group(), "m0"), "resume_gap")
    assert (found.outcome, found.summary) == (Outcome.UNKNOWN, "there were no messages missed while away to judge")


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), max_size=30))
def test_the_climb_agrees_with_a_walk_over_the_rows(rows: list[tuple[int, int]]) -> None:
    peaks: dict[int, int] = {}
    falls = {}
    for row, (name, value) in enumerate(rows):
        if name in peaks and value <= rows[peaks[name]][1]:
            falls[row] = peaks[name]
        else:
            peaks[name] = row
    groups, values = (np.array([pair[i] for pair in rows], dtype=np.int64) for i in (0, 1))
    climb = Climb.of(groups, values)
    late, leader = climb.falls()
    assert dict(zip(late.tolist(), leader.tolist(), strict=True)) == falls
    asked = [(name, value) for name in range(5) for value in range(6)]
    above = climb.first_above(*(np.array(column, dtype=np.int64) for column in zip(*asked, strict=True)))
    for (name, value), row in zip(asked, above.tolist(), strict=True):
        higher = [i for i, pair in enumerate(rows) if pair[0] == name and pair[1] > value]
        assert row == (higher[0] if higher else -1)
    until = [(name, end) for name in range(5) for end in range(len(rows) + 1)]
    holders = climb.peaks_until(*(np.array(column, dtype=np.int64) for column in zip(*until, strict=True)))
    for (name, end), row in zip(until, holders.tolist(), strict=True):
        before = [(value, i) for i, (group, value) in enumerate(rows[:end]) if group == name]
        assert row == max(before, default=(0, -1))[1]
