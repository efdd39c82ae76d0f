"""lost: a promised message never reached a device that was there to get it.

    send.ok ──► log.append ──► store.row ──► wire.deliver ──► deliver
            not-logged   logged-not-stored  stored-not-pushed  pushed-not-received

A message is promised if it was acknowledged, or if it is in the log, in the store or on any device without having been
refused. It is owed to every device of every member but the sender that had a session open after the acknowledgement.
A lost one has no `deliver` there by the end of the history. The stage is the last place where it was seen: `not-logged`
needs a history with log events, `logged-not-stored` one with a scan of the store; `pushed-not-received` means that a
frame reached the device and was never shown.

Liveness: without `quiesce` the end may just not have arrived yet, so the verdict is unknown. What was acknowledged
after quiesce is not judged.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.checks.base import Check, example, judge, unknown
from reports.checks.codes import MISSING
from reports.checks.facts import Facts, facts_of
from sim.history import History
from sim.verdict import Example, Verdict

STAGES = ("not-logged", "logged-not-stored", "stored-not-pushed", "pushed-not-received")


def run(history: History) -> Verdict:
    """Judge by the definition above."""
    facts = facts_of(history)
    if not facts.names_members:
        return unknown("lost", "the config event names no members: nobody knows who should have got what")
    missing = facts.owed[facts.owed["shown"] == MISSING]
    if facts.quiesced_ns is None:
        why = f"the run did not end quietly; {len(missing):,} deliveries were not seen yet, which proves nothing"
        return unknown("lost", why, {"not_seen": len(missing)})
    owed = facts.owed["due_ns"] <= facts.quiesced_ns
    missing = missing[owed.loc[missing.index]]
    missing = missing.assign(stage=_stages(facts, missing) if len(missing) else "")
    worst = missing.sort_values("due_ns", kind="stable").head(facts.most)
    return judge(
        "lost",
        count=len(missing),
        checked=int(owed.sum()),
        found="lost",
        candidates="deliveries owed",
        too_little=facts.silence,
        examples=[_example(facts, row) for _, row in worst.iterrows()],
        values={stage: int(n) for stage in STAGES if (n := (missing["stage"] == stage).sum())},
    )


def _stages(facts: Facts, missing: pd.DataFrame) -> pd.Series:
    message = facts.messages.loc[missing["uuid"]]
    arrived = facts.frame_pairs.find(facts.pair(missing["uuid"], missing["device"])) >= 0
    has_log, has_scan = (len(facts.table(kind, "uuid")) > 0 for kind in ("log.append", "store.row"))
    stored = (message["stored"] >= 0).to_numpy()
    logged = (message["logged"] >= 0).to_numpy() | stored | (message["delivered"] >= 0).to_numpy()
    tests = [arrived, has_scan & ~stored & logged, has_log & ~logged]
    return pd.Series(
        np.select(tests, [STAGES[3], STAGES[1], STAGES[0]], default=STAGES[2]), index=missing.index, dtype="str"
    )


def _example(facts: Facts, row: pd.Series) -> Example:
    message = facts.messages.loc[row["uuid"]]
    opens = facts.table("conn.open", "device", "session", "t_ns")
    opens = opens[opens["device"] == row["device"]]
    obliged = opens[facts.session_times_ns("conn.close")[opens["session"]] > row["due_ns"]].index[:1]
    device = facts.names("device")[row["device"]]
    events = (*message[["sent", "ok", "logged", "stored"]], *obliged)
    return example(events, f"never shown on {device}: {row['stage']}")


CHECK = Check(
    "lost",
    "liveness",
    "An acknowledged message was never shown on a recipient's device that was connected after the acknowledgement.",
    run,
)
