"""duplicated: a device showed one message (one uuid) twice, in one session or across several.

Frames may come twice, delivery is at least once: `wire_duplicates` counts `wire.deliver` beyond the first of a
(device, message), and `duplicate_rows` rows of the store beyond the first of a uuid. Neither convicts.
"""

from __future__ import annotations

import pandas as pd

from reports.checks.base import Check, example, judge
from reports.checks.facts import Facts, facts_of
from sim.history import History
from sim.verdict import Example, Verdict


def run(history: History) -> Verdict:
    """Judge by the definition above."""
    facts = facts_of(history)
    again = facts.delivers[~facts.delivers["first"]]
    return judge(
        "duplicated",
        count=len(again),
        checked=len(facts.delivers),
        found="shown again",
        candidates="deliveries",
        too_little=facts.silence,
        examples=_examples(facts, again),
        values={
            "wire_duplicates": len(facts.frame_pairs.repeated),
            "duplicate_rows": int(facts.table("store.row", "uuid").duplicated().sum()),
        },
    )


def _examples(facts: Facts, again: pd.DataFrame) -> list[Example]:
    """Most copies first."""
    copies = again.groupby(["uuid", "device"], sort=False).size().rename("copies").reset_index()
    worst = copies.sort_values("copies", ascending=False, kind="stable").head(facts.most)
    found = []
    for uuid, device in zip(worst["uuid"], worst["device"], strict=True):
        same = facts.delivers[(facts.delivers["uuid"] == uuid) & (facts.delivers["device"] == device)]
        found.append(example(same.index, f"shown {len(same)} times on {facts.names('device')[device]}"))
    return found


CHECK = Check("duplicated", "safety", "A device showed the same message more than once.", run)
