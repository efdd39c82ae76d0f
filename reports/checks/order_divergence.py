"""order_divergence: two people do not see one conversation in the same order.

Every conversation has one canonical order (see `reports.checks.order`), and what a device shows first must rise in it
strictly: then no two devices can disagree. A delivery that does not rise is convicted together with the one shown
before it that stands above it, or at the same place. Worst first: the furthest back.
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
    shown, rank = facts.placed, facts.placed["rank"].to_numpy()
    late, leader = facts.climb.falls()
    back = rank[leader] - rank[late]
    worst = np.argsort(-back, kind="stable")[: facts.most]
    return judge(
        "order_divergence",
        count=len(late),
        checked=len(shown),
        found="shown against the conversation's order",
        candidates="deliveries with a place in it",
        too_little=facts.silence,
        examples=[
            example(
                (shown.index[leader[i]], shown.index[late[i]]),
                f"shown {back[i]} places after its turn" if back[i] else "two messages hold one place",
            )
            for i in worst
        ],
        values=facts.canon.basis,
    )


CHECK = Check("order_divergence", "safety", "Devices showed one conversation in different orders.", run)
