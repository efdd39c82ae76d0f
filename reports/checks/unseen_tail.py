"""unseen_tail: the last messages of a conversation were not seen on a device, and the run ended before one can say why.

    canonical order   1  2  3  4 │ end, without quiesce
    device            1  2       │       3 and 4 are the tail: late or lost, nobody knows

A message owed to a device (see `lost`) that is not shown there, with nothing above it shown there either, when the
history has no `quiesce` or the message was due after it. Such a tail convicts nobody: the verdict is unknown. What was
due before a quiesce is `lost`, and what has something above it is `skipped` or `resume_gap`.
"""

from __future__ import annotations

import numpy as np

from reports.checks.base import Check, example, judge, unknown
from reports.checks.codes import MISSING
from reports.checks.facts import facts_of
from sim.history import History
from sim.verdict import Outcome, Verdict


def run(history: History) -> Verdict:
    """Judge by the definition above."""
    facts = facts_of(history)
    if not facts.names_members:
        return unknown("unseen_tail", "the config event names no members: nobody knows who should have got what")
    owed = facts.owed
    open_end = owed["due_ns"] > (facts.quiesced_ns if facts.quiesced_ns is not None else MISSING)
    rows = np.flatnonzero((owed["shown"] == MISSING) & (facts.passed_by == MISSING) & open_end)
    if not len(rows):
        return judge(
            "unseen_tail",
            count=0,
            checked=len(owed),
            found="at an open end",
            candidates="deliveries owed",
            too_little=facts.silence,
        )
    tail = owed.iloc[rows].sort_values("due_ns", kind="stable").head(facts.most)
    examples = [
        example(
            facts.messages.loc[uuid, ["sent", "ok", "logged", "stored"]],
            f"not seen on {facts.names('device')[device]} by the end",
        )
        for uuid, device in zip(tail["uuid"], tail["device"], strict=True)
    ]
    summary = f"{len(rows):,} of {len(owed):,} deliveries owed were still to come when the history ended"
    return Verdict("unseen_tail", Outcome.UNKNOWN, len(rows), len(owed), summary, tuple(examples))


CHECK = Check(
    "unseen_tail",
    "liveness",
    "The history ended before the last messages of a conversation were seen on a device that should get them.",
    run,
)
