"""wire_duplicate: a frame with the same message reached a device more than once.

Delivery is at least once by contract, the device drops the copies: this is counted and always allowed. A copy that the
device shows is `duplicated`.
"""

from __future__ import annotations

from reports.checks.base import Check, example, judge
from reports.checks.facts import facts_of
from sim.history import History
from sim.verdict import Verdict


def run(history: History) -> Verdict:
    """Judge by the definition above."""
    facts = facts_of(history)
    frames, pairs = facts.table("wire.deliver", "uuid", "device"), facts.frame_pairs
    again = pairs.repeated
    shown = frames.iloc[again[: facts.most]]
    first = pairs.find(facts.pair(shown["uuid"], shown["device"]))
    return judge(
        "wire_duplicate",
        count=len(again),
        checked=len(frames),
        found="received again",
        candidates="frames",
        too_little=facts.silence,
        absent="the history notes no frames (wire.deliver), only what was shown",
        allowed="delivery is at least once",
        examples=[
            example(events, "the same message in two frames")
            for events in zip(frames.index[first], shown.index, strict=True)
        ],
    )


CHECK = Check("wire_duplicate", "safety", "A device received the same message in more than one frame.", run)
