"""causality: an answer stands before what it answers.

    device d   shows u ─► writes v         d had seen u when it wrote v
    order      … v … u …                   yet everybody sees v first

A device was shown u and sent v in the same conversation after that, and v is not above u in the conversation's order
(the canonical one, see `reports.checks.order`). Judged are messages with a place in the order whose device had been
shown one with a place before. Worst first: the furthest back.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.checks.base import Check, example, judge
from reports.checks.codes import MISSING
from reports.checks.facts import Facts, facts_of
from sim.history import History
from sim.verdict import Verdict


def run(history: History) -> Verdict:
    """Judge by the definition above."""
    facts = facts_of(history)
    answers = _answers(facts)
    back = (answers["peak"] - answers["rank"]).to_numpy()
    found = np.flatnonzero(back >= 0)
    worst = found[np.argsort(-back[found], kind="stable")][: facts.most]
    return judge(
        "causality",
        count=len(found),
        checked=len(answers),
        found="in front of what its writer had read",
        candidates="messages by somebody who had read",
        too_little=facts.silence,
        absent="nobody wrote after having read",
        examples=[
            example(
                (answers["leader"].iloc[i], answers.index[i], facts.messages["ok"].iloc[answers["uuid"].iloc[i]]),
                f"written after that was read, {back[i]} places in front of it",
            )
            for i in worst
        ],
    )


def _answers(facts: Facts) -> pd.DataFrame:
    """Sends whose device had been shown something there: rank, `peak` shown before, its event `leader`, uuid."""
    sent = np.flatnonzero((facts.messages["sent"] >= 0) & (facts.canon.rank >= 0) & (facts.messages["conv"] >= 0))
    written = facts.messages.iloc[sent]
    shown = facts.placed
    # A device's own messages and what it was shown, in the order of events; only what was shown lifts the peak.
    stream = np.concatenate([facts.stream(part["device"], part["conv"]) for part in (shown, written)])
    event = np.concatenate([shown.index.to_numpy(), written["sent"].to_numpy()])
    lift = np.concatenate([shown["rank"].to_numpy(), np.full(len(sent), MISSING)])
    order = np.lexsort((event, stream))
    starts = np.diff(stream[order], prepend=-1) != 0
    step = int(lift.max(initial=0)) + 2
    base = (np.cumsum(starts) - 1) * step
    peak = np.maximum.accumulate(base + lift[order] + 1)
    setter = np.maximum.accumulate(np.where(base + lift[order] + 1 == peak, np.arange(len(order)), 0))
    own = np.flatnonzero(order >= len(shown))
    uuid = sent[order[own] - len(shown)]
    rows = pd.DataFrame(
        {
            "rank": facts.canon.rank[uuid],
            "peak": (peak - base)[own] - 1,
            "leader": event[order][setter[own]],
            "uuid": uuid,
        },
        index=event[order[own]],
    )
    return rows[rows["peak"] >= 0]


CHECK = Check(
    "causality", "safety", "A message stands in front of one that its writer had read before writing it.", run
)
