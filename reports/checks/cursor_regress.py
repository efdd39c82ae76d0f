"""cursor_regress: the place that a device says it has read up to goes back, or is one that it never was at.

    went_back     a `cursor` event of a device and conversation below an earlier one of its
    never_there   the cursor is above everything that the device had been shown of the conversation by then

The position is what the design's cursor is: `message_id`, or `seq`. A cursor of 0 says that nothing was read.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.checks.base import Check, example, judge
from reports.checks.codes import MISSING, Flags, Integers
from reports.checks.facts import Facts, facts_of
from reports.checks.order import Climb
from sim.history import History
from sim.verdict import Verdict


def run(history: History) -> Verdict:
    """Judge by the definition above."""
    facts = facts_of(history)
    named = facts.table("cursor", "device", "conv", "cursor")
    named = named[named["cursor"] >= 0]
    cursor = named["cursor"].to_numpy()
    back, leader = Climb.of(facts.stream(named["device"], named["conv"]), _ranks(cursor)).falls()
    back, leader = back[cursor[back] < cursor[leader]], leader[cursor[back] < cursor[leader]]
    nowhere = np.flatnonzero(_never_there(facts, named) & (cursor > 0))
    events = named.index.to_numpy()
    told = [(events[list(pair)], "went back") for pair in zip(leader, back, strict=True)]
    told += [(events[[at]], "is above all that was shown there") for at in nowhere]
    return judge(
        "cursor_regress",
        count=len(told),
        checked=len(named),
        found="that went back or were never reached",
        candidates="cursors",
        too_little=facts.silence,
        absent="the history notes no cursors (cursor)",
        examples=[example(convicting, f"the cursor {note}") for convicting, note in told[: facts.most]],
        values={name: len(rows) for name, rows in (("went_back", back), ("never_there", nowhere)) if len(rows)},
    )


def _ranks(values: Integers) -> Integers:
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def _never_there(facts: Facts, named: pd.DataFrame) -> Flags:
    """Which cursors are above the highest position shown before them, by device and conversation."""
    if not len(named):
        return np.zeros(0, dtype=np.bool_)
    position = facts.message_ids if facts.design.get("cursor") == "message-id" else facts.positions
    shown = facts.shown[["device", "conv", "uuid"]]
    at = np.concatenate([position[shown["uuid"]], np.full(len(named), MISSING)])
    both = pd.concat([shown[["device", "conv"]], named[["device", "conv"]]]).assign(position=at).sort_index()
    reached = both.groupby(["device", "conv"], sort=False)["position"].cummax()
    flags: Flags = (reached.loc[named.index] < named["cursor"]).to_numpy()
    return flags


CHECK = Check("cursor_regress", "safety", "A device's cursor went back, or named a place that it had not reached.", run)
