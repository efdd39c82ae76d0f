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
from reports.checks.codes import order_of
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
    sent, shown = facts.messages["sent"].to_numpy(), facts.placed
    uuid = np.flatnonzero((sent >= 0) & (facts.canon.rank >= 0) & (facts.messages["conv"] >= 0))
    uuid = uuid[order_of(sent[uuid])]
    stream = facts.stream(*(facts.messages[name].iloc[uuid] for name in ("device", "conv")))
    uuid, stream = uuid[order_of(stream)], np.sort(stream)
    peak = facts.climb.peaks_until(stream, np.searchsorted(shown.index, sent[uuid]))
    uuid, peak = uuid[peak >= 0], peak[peak >= 0]
    ranks = {"rank": facts.canon.rank[uuid], "peak": shown["rank"].to_numpy()[peak]}
    return pd.DataFrame({**ranks, "leader": shown.index[peak], "uuid": uuid}, index=sent[uuid])


CHECK = Check(
    "causality", "safety", "A message stands in front of one that its writer had read before writing it.", run
)
