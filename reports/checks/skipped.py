"""skipped: a device that was connected was shown later messages of a conversation and never this one.

    canonical order   1  2  3
    one session       1     3      2 was due while the session was open, and the session went on without it

A message u owed to device d is skipped if d never shows it, what d first showed above u in the conversation's canonical
order (see `reports.checks.order`) came in a session that was open when u was due, the highest of the conversation was
shown there after u was due, and since both more than twice the patience of a device with gaps (gap_hold_s of the
config's design, else 2 s; it asks once in between) and ε = 0.5 s passed. Needs no quiesce. What was due before the
session opened is `resume_gap`.
"""

from __future__ import annotations

import numpy as np

from reports.checks.base import Check, example, judge, unknown
from reports.checks.codes import MISSING
from reports.checks.facts import facts_of
from reports.checks.presence import EPSILON_NS
from sim.history import History
from sim.verdict import Verdict


def run(history: History) -> Verdict:
    """Judge by the definition above."""
    facts = facts_of(history)
    if not facts.names_members:
        return unknown("skipped", "the config event names no members: nobody knows who should have got what")
    owed, above = facts.owed, facts.passed_by
    opened = facts.session_times_ns("conn.open")[np.append(facts.shown["session"], MISSING)[above]]
    was_open = (above >= 0) & (opened <= owed["due_ns"]) & (owed["shown"] == MISSING)
    suspects = np.flatnonzero(was_open)
    above = above[suspects]
    top = facts.climb.tops(facts.stream(*(owed[name].iloc[suspects] for name in ("device", "conv"))))
    went_on_ns = facts.placed["t_ns"].to_numpy()[top]
    due_ns = owed["due_ns"].to_numpy()[suspects]
    since_ns = np.maximum(due_ns, facts.shown["t_ns"].to_numpy()[above])
    went_on = (went_on_ns > due_ns) & (facts.end_ns - since_ns > 2 * facts.patience_ns + EPSILON_NS)
    rows, above = suspects[went_on], above[went_on]
    return judge(
        "skipped",
        count=len(rows),
        checked=len(owed),
        found="passed over",
        candidates="deliveries owed",
        too_little=facts.silence,
        examples=[
            example(
                (*facts.messages.loc[uuid, ["sent", "ok", "logged", "stored"]], facts.shown.index[leader]),
                f"never shown on {facts.names('device')[device]}, which went on without it",
            )
            for uuid, device, leader in zip(
                *(owed[name].to_numpy()[rows[: facts.most]] for name in ("uuid", "device")),
                above[: facts.most],
                strict=True,
            )
        ],
    )


CHECK = Check(
    "skipped",
    "safety",
    "A connected device showed later messages of a conversation and never an acknowledged earlier one.",
    run,
)
