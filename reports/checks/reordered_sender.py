"""reordered_sender: a device shows what one sender wrote in one conversation in another order than it was written.

For messages u, v of one conversation and one sending device with cseq(u) < cseq(v): some device first shows v, then u.
Only first showings count. Worst first: the largest step back in cseq.
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
    shown, cseq = facts.from_senders, facts.from_senders["cseq"].to_numpy()
    late, leader = facts.sender_climb.falls()
    back = cseq[leader] - cseq[late]
    late, leader, back = late[back > 0], leader[back > 0], back[back > 0]
    worst = np.argsort(-back, kind="stable")[: facts.most]
    return judge(
        "reordered_sender",
        count=len(late),
        checked=len(shown),
        found="shown behind a later one of the same sender",
        candidates="deliveries",
        too_little=facts.silence,
        examples=[
            example(
                (shown.index[leader[i]], shown.index[late[i]]),
                f"cseq {cseq[late[i]]} was shown after cseq {cseq[leader[i]]}",
            )
            for i in worst
        ],
    )


CHECK = Check(
    "reordered_sender", "safety", "A device showed two messages of one sender in the opposite order of writing.", run
)
