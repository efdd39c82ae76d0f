"""resume_dup: a device that comes back is sent again what it had shown before.

    session 1   1  2  3       closes with the cursor at 3
    session 2         3  4    3 lies at or below the cursor

A frame with `via` resume whose message the device had shown before that frame's session opened. What the device shows a
second time is `duplicated` too.
"""

from __future__ import annotations

import numpy as np

from reports.checks.base import Check, example, judge
from reports.checks.codes import MISSING, NEVER_NS
from reports.checks.facts import facts_of
from sim.history import History
from sim.verdict import Verdict


def run(history: History) -> Verdict:
    """Judge by the definition above."""
    facts = facts_of(history)
    frames = facts.frames[facts.frames["via"] == facts.code("via", "resume")]
    opened = facts.session_times_ns("conn.open")[frames["session"]]
    row = facts.first_shown(frames["uuid"], frames["device"])
    shown_ns = np.append(facts.shown["t_ns"].to_numpy(), NEVER_NS)[row]
    again = np.flatnonzero((shown_ns < opened) & (opened < NEVER_NS))
    showing = np.append(facts.shown.index.to_numpy(), MISSING)[row[again]]
    return judge(
        "resume_dup",
        count=len(again),
        checked=len(frames),
        found="of what had been shown before",
        candidates="resumed frames",
        too_little=facts.silence,
        absent="nobody resumed anything",
        examples=[
            example(events, "resumed although it was shown in an earlier session")
            for events in list(zip(showing, frames.index[again], strict=True))[: facts.most]
        ],
    )


CHECK = Check("resume_dup", "safety", "A resume brought a message that the device had shown before it came back.", run)
