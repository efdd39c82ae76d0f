"""early_ack: a message was acknowledged before the log had it, or the log never got it.

    never_logged    send.ok, and no log.append bears the uuid
    before_logged   send.ok is earlier than the first log.append by more than ε = 5 ms

Kafka stamps whole milliseconds of the wall clock, which is brought to the history's clock by one reading: hence ε.
"""

from __future__ import annotations

import numpy as np

from reports.checks.base import Check, example, judge
from reports.checks.facts import facts_of
from sim.history import History
from sim.verdict import Verdict

_EPSILON_NS = 5_000_000


def run(history: History) -> Verdict:
    """Judge by the definition above."""
    facts = facts_of(history)
    acked = facts.messages[facts.messages["ok"] >= 0]
    ok, logged = acked["ok"].to_numpy(), acked["logged"].to_numpy()
    never = logged < 0
    before = ~never & (facts.times(ok) < facts.times(logged) - _EPSILON_NS)
    found = np.flatnonzero(never | before)
    has_log = len(facts.rows("log.append")) > 0
    return judge(
        "early_ack",
        count=len(found) if has_log else 0,
        checked=len(acked) if has_log else 0,
        found="before the log had them",
        candidates="acknowledgements",
        too_little=facts.silence,
        absent="the history has no independent reading of the log (log.append)",
        examples=[
            example(
                (acked["sent"].iloc[i], ok[i], logged[i]),
                "acknowledged, and never in the log" if never[i] else "acknowledged before it was in the log",
            )
            for i in found[: facts.most]
        ],
        values={name: int(n) for name, n in (("never_logged", never.sum()), ("before_logged", before.sum())) if n},
    )


CHECK = Check("early_ack", "safety", "A message was acknowledged before it was in the log.", run)
