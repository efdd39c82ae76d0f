"""cursor_late_insert: a message was stored below where a device had already read to, so no resume can ever bring it.

    store, by position   10      30        then 20 is stored
    device               10      30        cursor 30: asks for what is above 30, and 20 is not

A message u owed to device d that d never shows, when d had been shown a message of the conversation with a higher
position before u was stored. The position is what the design's cursor is: `message_id`, or `seq`. A message was stored
at the earliest `stored_ns` of its deliveries, else not before its `log.append`. Worst first: the furthest below.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.checks.base import Check, example, judge, records, unknown
from reports.checks.codes import MISSING, NEVER_NS, Integers
from reports.checks.facts import Facts, facts_of
from reports.checks.order import Climb
from sim.history import History
from sim.verdict import Verdict


def run(history: History) -> Verdict:
    """Judge by the definition above."""
    facts = facts_of(history)
    if not facts.names_members:
        return unknown("cursor_late_insert", "the config event names no members: nobody knows who should have got what")
    position = facts.message_ids if facts.design.get("cursor") == "message-id" else facts.positions
    late = _below_cursor(facts, position)
    return judge(
        "cursor_late_insert",
        count=len(late),
        checked=int((position[facts.owed["uuid"]] >= 0).sum()),
        found="stored below a cursor",
        candidates="deliveries owed",
        too_little=facts.silence,
        absent="no event has the position that a cursor of this design needs",
        examples=[
            example(
                (
                    *facts.messages.loc[row["uuid"], ["sent", "ok", "logged", "stored"]],
                    facts.shown.index[row["leader"]],
                ),
                f"stored {row['below']} below the cursor of {facts.names('device')[row['device']]}",
            )
            for row in records(late.sort_values("below", ascending=False, kind="stable").head(facts.most))
        ],
    )


def _below_cursor(facts: Facts, position: Integers) -> pd.DataFrame:
    """Rows of `owed` that no resume can bring, with `leader` (the row of `shown` that set the cursor) and `below`."""
    owed = facts.owed[(facts.owed["shown"] == MISSING) & (position[facts.owed["uuid"]] >= 0)]
    if not len(owed):
        return owed.assign(leader=MISSING, below=0)
    uuid = facts.shown["uuid"].to_numpy()
    placed = np.flatnonzero(position[uuid] >= 0)
    # Message ids are too large to be lifted above each other: their ranks serve.
    ranks = np.unique(position, return_inverse=True)[1].astype(np.int64)
    streams = facts.stream(facts.shown["device"], facts.shown["conv"])[placed]
    climb = Climb.of(streams, ranks[uuid[placed]])
    found = climb.first_above(facts.stream(owed["device"], owed["conv"]), ranks[owed["uuid"]])
    leader = np.append(placed, MISSING)[found]
    read_ns = np.append(facts.shown["t_ns"].to_numpy(), NEVER_NS)[leader]
    below = np.append(position[uuid], 0)[leader] - position[owed["uuid"]]
    late = (leader >= 0) & (_stored_ns(facts)[owed["uuid"]] > read_ns)
    rows: pd.DataFrame = owed.assign(leader=leader, below=below)[late]
    return rows


def _stored_ns(facts: Facts) -> Integers:
    """By message: when it was stored, or the earliest time at which it can have been; MISSING where nothing says."""
    logged = facts.messages["logged"].to_numpy()
    stored = np.where(logged >= 0, facts.times(logged), MISSING)
    stamps = facts.table("deliver", "uuid", "stored_ns")
    stamps = stamps[stamps["stored_ns"] >= 0]
    earliest = np.full(len(stored), NEVER_NS, dtype=np.int64)
    np.minimum.at(earliest, stamps["uuid"].to_numpy(), stamps["stored_ns"].to_numpy())
    return np.where(earliest < NEVER_NS, earliest, stored)


CHECK = Check(
    "cursor_late_insert",
    "safety",
    "A message was stored below the place that a device had read to, and was never shown there.",
    run,
)
