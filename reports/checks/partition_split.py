"""partition_split: one conversation is spread over partitions of the log.

A log keeps the order within a partition only. A conversation with `log.append` events in more than one partition is
split, by a wrong key, by two clients that hash differently, or by partitions that were added while it went on. Worst
first: the conversation with the most records outside its first partition.
"""

from __future__ import annotations

import numpy as np

from reports.checks.base import Check, example, judge
from reports.checks.facts import facts_of
from sim.history import History
from sim.verdict import Verdict


def run(history: History) -> Verdict:
    """Judge by the definition above."""
    facts = facts_of(history)
    records = facts.table("log.append", "conv", "partition")
    records = records[(records["conv"] >= 0) & (records["partition"] >= 0)]
    first = records.drop_duplicates("conv")
    home = np.full(len(facts.names("conv")), -1, dtype=np.int64)
    home[first["conv"]] = first["partition"]
    origin = dict(zip(first["conv"], first.index, strict=True))
    astray = records[records["partition"].to_numpy() != home[records["conv"]]]
    split = astray.groupby("conv", sort=False).size().sort_values(ascending=False, kind="stable")
    stray = astray.drop_duplicates("conv").rename_axis("event").reset_index().set_index("conv")["event"]
    return judge(
        "partition_split",
        count=len(split),
        checked=len(first),
        found="in several partitions",
        candidates="conversations",
        too_little=facts.silence,
        absent="the history has no independent reading of the log (log.append)",
        examples=[
            example((origin[conv], stray[conv]), f"{count:,} records outside partition {home[conv]}")
            for conv, count in split.head(facts.most).items()
        ],
        values={"records_astray": len(astray)} if len(astray) else {},
    )


CHECK = Check("partition_split", "safety", "One conversation is spread over several partitions of the log.", run)
