"""gap_held: messages of a sender waited on a device for an earlier one longer than a device may wait.

    arrives in one session   1     3  4  5 …………………… 2
                                   └──── hold ─────┘

A frame of one sending device's message u arrives in a session after one with a later cseq of the same conversation has
arrived there, by more than gap_hold_s of the config's design (else 2 s) and ε = 0.5 s. Where no frames are noted, what
was shown stands for them. Holds during which a fault was active are counted (`under_fault`) and not convicted: the
bound is for healthy times. What never arrives is `lost`. Worst first: the longest hold.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.checks.base import Check, example, judge, records
from reports.checks.facts import Facts, facts_of
from reports.checks.faults import under_fault
from reports.checks.order import Climb
from reports.checks.presence import EPSILON_NS
from sim.history import History
from sim.verdict import Verdict


def run(history: History) -> Verdict:
    """Judge by the definition above."""
    facts = facts_of(history)
    frames, late = facts.frames, _late(facts)
    faulty = under_fault(facts, late["start_ns"].to_numpy(), late["end_ns"].to_numpy())
    held = late[~faulty]
    return judge(
        "gap_held",
        count=len(held),
        checked=len(frames),
        found=f"that others had waited for longer than {facts.patience_ns / 1e9:g} s",
        candidates="frames",
        too_little=facts.silence,
        examples=[
            example((row["first"], row["event"]), f"{-row['hold_ns'] / 1e9:.3g} s after a later one")
            for row in records(held.head(facts.most))
        ],
        values={"under_fault": int(faulty.sum())} if faulty.any() else {},
    )


def _late(facts: Facts) -> pd.DataFrame:
    """Frames that came too late, the latest first: `first` (event of the one that had to wait), start_ns, end_ns."""
    frames = facts.frames
    uuid, session = frames["uuid"].to_numpy(), frames["session"].to_numpy()
    cseq = facts.messages["cseq"].to_numpy()[uuid]
    known = np.flatnonzero((cseq >= 0) & (session >= 0))
    group = session[known] * len(facts.messages) + facts.lines[uuid[known]]
    climb = Climb.of(group, cseq[known])
    fall = np.sort(climb.falls()[0])
    above = climb.first_above(group[fall], cseq[known][fall])
    fall, above = known[fall[above >= 0]], known[above[above >= 0]]
    t_ns = frames["t_ns"].to_numpy()
    late = t_ns[fall] - t_ns[above] > facts.patience_ns + EPSILON_NS
    rows = pd.DataFrame(
        {"first": frames.index[above], "start_ns": t_ns[above], "end_ns": t_ns[fall], "row": fall},
        index=frames.index[fall],
    )[late]
    rows = rows[~_came_before(frames, rows["row"].to_numpy())]
    rows = rows.assign(hold_ns=rows["start_ns"] - rows["end_ns"])
    return pd.DataFrame(rows.sort_values("hold_ns", kind="stable"))


def _came_before(frames: pd.DataFrame, rows: np.ndarray) -> np.ndarray:
    """Which of these rows repeat an earlier frame of the same message in the same session."""
    if not len(rows):
        return np.zeros(0, dtype=np.bool_)
    alike = frames[frames["uuid"].isin(frames["uuid"].to_numpy()[rows])]
    repeated = alike.duplicated(["session", "uuid"])
    flags: np.ndarray = repeated.loc[frames.index[rows]].to_numpy()
    return flags


CHECK = Check(
    "gap_held", "liveness", "Messages waited on a device for an earlier one for longer than a device may wait.", run
)
