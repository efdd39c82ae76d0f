"""last_seen_regress: when somebody was last online goes back.

Of two `presence.read` events about one user that carry `last_seen_ns`, the one that began after the other had ended
says an earlier time. Worst first: the largest step back.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.checks.base import Check, example, judge
from reports.checks.codes import MISSING
from reports.checks.facts import facts_of
from reports.checks.presence import nearest
from sim.history import History
from sim.verdict import Verdict


def run(history: History) -> Verdict:
    """Judge by the definition above."""
    facts = facts_of(history)
    reads = facts.table("presence.read", "reader", "last_seen_ns", "start_ns", "t_ns")
    reads = reads[(reads["last_seen_ns"] >= 0) & (reads["reader"] >= 0)]
    start_ns = reads["start_ns"].where(reads["start_ns"] >= 0, reads["t_ns"]).to_numpy()
    user, told_ns = reads["reader"].to_numpy(), reads["last_seen_ns"].to_numpy()
    known = pd.DataFrame({"user": user, "t_ns": reads["t_ns"].to_numpy()})
    latest_ns = reads["last_seen_ns"].groupby(reads["reader"]).cummax().to_numpy()
    before = nearest(user, start_ns, known)
    back_ns = np.append(latest_ns, MISSING)[before] - told_ns
    found = np.flatnonzero((before != MISSING) & (back_ns > 0))
    worst = found[np.argsort(-back_ns[found], kind="stable")][: facts.most]
    return judge(
        "last_seen_regress",
        count=len(found),
        checked=len(reads),
        found="earlier than what was said before",
        candidates="reads of when somebody was last seen",
        absent="no presence.read carries last_seen_ns",
        examples=[
            example(
                (reads.index[(user == user[i]) & (told_ns == latest_ns[before[i]])][0], reads.index[i]),
                f"last seen {back_ns[i] / 1e9:.3g} s earlier than was said before",
            )
            for i in worst
        ],
    )


CHECK = Check("last_seen_regress", "safety", "The time at which a user was last seen went back.", run)
