"""resume_gap: a device came back, was shown newer messages, and never those that it had missed.

    canonical order   1  2  3  4  5
    session 1         1
    away                 2  3
    session 2                  4           2 and 3 were due before the session opened, 4 stands above them: two gaps

A message u owed to device d is a gap if the first session in which d showed something above u in the conversation's
canonical order (see `reports.checks.order`) opened after u was due, and did not show u. A hole in what is pushed while
the session is open is `lost`, or `order_divergence` when it is filled late. Needs no quiesce: the session itself passed
over u. A history in which nobody comes back to missed messages is unknown.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.checks.base import Check, example, judge, unknown
from reports.checks.codes import MISSING, NEVER_NS
from reports.checks.facts import Facts, facts_of
from sim.history import History
from sim.verdict import Example, Verdict


def run(history: History) -> Verdict:
    """Judge by the definition above."""
    facts = facts_of(history)
    if not facts.names_members:
        return unknown("resume_gap", "the config event names no members: nobody knows who should have got what")
    owed = _passed_over(facts)
    gaps = owed[owed["gap"]]
    worst = gaps.sort_values("due_ns", kind="stable").head(facts.most)
    return judge(
        "resume_gap",
        count=len(gaps),
        checked=int((owed["gap"] | owed["caught_up"]).sum()),
        found="passed over on resume",
        candidates="messages missed while away",
        too_little=facts.silence,
        examples=[_example(facts, row) for _, row in worst.iterrows()],
    )


def _passed_over(facts: Facts) -> pd.DataFrame:
    """`facts.owed` with `gap`, `above` (row of `shown` that passed it over) and `caught_up` (shown after a resume)."""
    opened = facts.session_times_ns("conn.open")
    opened[opened == NEVER_NS] = MISSING  # a session that nobody saw open cannot have resumed anything
    session = np.append(facts.shown["session"].to_numpy(), MISSING)
    owed = facts.owed.assign(above=MISSING, gap=False)
    due, own = owed["due_ns"].to_numpy(), session[owed["shown"]]
    owed["caught_up"] = (owed["shown"] >= 0) & (opened[own] > due)
    owed["above"] = facts.passed_by
    theirs = session[owed["above"]]
    owed["gap"] = (owed["above"] >= 0) & (opened[theirs] > due) & (theirs != own)
    return owed


def _example(facts: Facts, row: pd.Series) -> Example:
    message, above = facts.messages.loc[row["uuid"]], facts.shown.iloc[row["above"]]
    opens = facts.table("conn.open", "session")
    session = opens.index[opens["session"] == above["session"]][:1]
    device = facts.names("device")[row["device"]]
    return example(
        (*message[["ok", "stored"]], *session, int(str(above.name))),
        f"missed while {device} was away, then passed over",
    )


CHECK = Check(
    "resume_gap",
    "safety",
    "A device that came back showed newer messages of a conversation but not older ones that it had missed.",
    run,
)
