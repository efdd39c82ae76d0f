"""A history that contradicts itself is told so, and never passes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from reports.checks import check_history
from sim.history import History
from sim.verdict import Outcome, Verdict
from tests.reports.checks.story import Event, changed, clean_story, is_

CLEAN = tuple(sorted(clean_story().events, key=lambda event: event["t_ns"]))


def judged(history: History) -> Verdict:
    return check_history(history, ["bad_input"])[0]


def again(kind: str) -> list[Event]:
    return [*CLEAN, next(filter(is_(kind), CLEAN)) | {"t_ns": 13_000_000_000}]


@pytest.mark.parametrize(
    ("events", "name"),
    [
        (changed(CLEAN, is_("deliver", uuid="a1", device="u2"), t_ns=900_000_000), "negative_latency"),
        (changed(CLEAN, is_("send.ok", uuid="a1"), t_ns=900_000_000), "negative_latency"),
        (changed(CLEAN, is_("presence.read", reader="u2"), start_ns=12_000_000_000), "negative_latency"),
        (again("send.invoke"), "sent_twice"),
        (again("send.ok"), "acked_twice"),
        (again("conn.open"), "opened_twice"),
    ],
)
def test_each_contradiction_has_its_name_and_is_unknown(events: Sequence[Event], name: str) -> None:
    found = judged(History.of(events))
    assert (found.outcome, found.values) == (Outcome.UNKNOWN, {name: 1})
    assert found.examples


def test_events_out_of_the_order_of_time_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "odd.jsonl"
    events = [*CLEAN[:5], CLEAN[20], *CLEAN[5:20], *CLEAN[21:]]
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    found = judged(History.load(path))
    assert (found.outcome, found.values) == (Outcome.UNKNOWN, {"out_of_order": 1})


def test_a_sound_history_passes() -> None:
    assert judged(History.of(CLEAN)).outcome is Outcome.PASS
