"""When faults were active: from each fault.start to the next fault.stop of the same target, or to the end."""

from __future__ import annotations

import numpy as np

from reports.checks.codes import NEVER_NS, Flags, Integers
from reports.checks.facts import Facts


def under_fault(facts: Facts, start_ns: Integers, end_ns: Integers) -> Flags:
    """Which of these spans of time overlap a fault."""
    starts, stops = (facts.table(kind, "target", "t_ns") for kind in ("fault.start", "fault.stop"))
    overlaps = np.zeros(len(start_ns), dtype=np.bool_)
    for target, began_ns in zip(starts["target"], starts["t_ns"], strict=True):
        undone = stops["t_ns"][(stops["target"] == target) & (stops["t_ns"] >= began_ns)]
        overlaps |= (start_ns <= undone.min() if len(undone) else start_ns <= NEVER_NS) & (end_ns >= began_ns)
    return overlaps
