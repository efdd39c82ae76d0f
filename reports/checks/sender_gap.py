"""sender_gap: a device shows what one sender wrote with a hole in it that is never filled.

    written       1  2  3        2 was acknowledged before the device showed 3
    on a device   1     3        and never comes

In the messages of one sending device in one conversation, a device shows cseq k and then k + j, a message between them
was acknowledged before that, and the device never shows it. Needs neither the conversation's members nor its order, so
that it judges what `lost` and `skipped` cannot. A hole that is filled late is `reordered_sender` or `gap_held`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.checks.base import Check, example, judge, records
from reports.checks.codes import MISSING, Firsts, Integers
from reports.checks.facts import Facts, facts_of
from sim.history import History
from sim.verdict import Verdict


def run(history: History) -> Verdict:
    """Judge by the definition above."""
    facts = facts_of(history)
    holes = _holes(facts)
    return judge(
        "sender_gap",
        count=len(holes),
        checked=len(facts.from_senders),
        found="holes in what one sender wrote",
        candidates="deliveries",
        too_little=facts.silence,
        examples=[
            example(
                (*facts.messages.loc[row["missing"], ["sent", "ok"]], row["before"], row["after"]),
                f"cseq {row['cseq']} is missing between {row['low']} and {row['high']}",
            )
            for row in records(holes.head(facts.most))
        ],
    )


def _holes(facts: Facts) -> pd.DataFrame:
    """One row an acknowledged message that is missing between two that were shown: the events around it."""
    rows = facts.from_senders.loc[facts.sender_climb.has_jump(), ["device", "line", "cseq"]]
    rows = rows.rename_axis("event").reset_index()
    rows = rows.sort_values(["device", "line", "cseq"], kind="stable", ignore_index=True)
    following = rows.shift(-1, fill_value=-1)
    same = (rows["device"] == following["device"]) & (rows["line"] == following["line"])
    at = np.flatnonzero(same & (following["cseq"] - rows["cseq"] > 1))
    width = (following["cseq"] - rows["cseq"]).to_numpy()[at] - 1
    left = np.repeat(at, width)
    cseq = rows["cseq"].to_numpy()[left] + 1 + np.arange(len(left)) - np.repeat(np.cumsum(width) - width, width)
    missing = _written(facts, rows["line"].to_numpy()[left], cseq)
    ends = {"before": rows["event"], "low": rows["cseq"], "after": following["event"], "high": following["cseq"]}
    holes = pd.DataFrame({name: column.to_numpy()[left] for name, column in ends.items()})
    holes = holes.assign(cseq=cseq, missing=missing)[missing >= 0]
    acknowledged = facts.times(facts.messages["ok"].to_numpy()[holes["missing"]])
    return holes[(holes["before"] < holes["after"]) & (acknowledged < facts.times(holes["after"].to_numpy()))]


def _written(facts: Facts, line: Integers, cseq: Integers) -> Integers:
    """The message with this cseq in this line, MISSING where nobody wrote one."""
    step = int(facts.messages["cseq"].to_numpy().max(initial=0)) + 1
    known = np.flatnonzero((facts.messages["cseq"] >= 0) & (facts.messages["sent"] >= 0))
    found = Firsts.of(facts.lines[known] * step + facts.messages["cseq"].to_numpy()[known]).find(line * step + cseq)
    numbers: Integers = np.append(known, MISSING)[found]
    return numbers


CHECK = Check(
    "sender_gap", "safety", "A device showed one sender's messages with an acknowledged one missing in between.", run
)
