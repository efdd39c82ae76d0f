"""wire_duplicate: a frame with the same message reached a device more than once.

Delivery is at least once by contract, the device drops the copies: this is counted and always allowed. A copy that the
device shows is `duplicated`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.checks.base import Check, example, judge
from reports.checks.facts import facts_of
from sim.history import History
from sim.verdict import Verdict


def run(history: History) -> Verdict:
    """Judge by the definition above."""
    facts = facts_of(history)
    frames = facts.table("wire.deliver", "uuid", "device")
    keys = pd.Index(facts.pair(frames["uuid"], frames["device"]))
    again = np.flatnonzero(keys.duplicated())
    shown = again[: facts.most]
    first = [int(np.argmax(keys == key)) for key in keys[shown]]
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
            example((frames.index[one], frames.index[two]), "the same message in two frames")
            for one, two in zip(first, shown, strict=True)
        ],
    )


CHECK = Check("wire_duplicate", "safety", "A device received the same message in more than one frame.", run)
