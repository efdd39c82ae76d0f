"""phantom: a device shows what it should never have got.

never_sent          no send.invoke bears this uuid
refused             the server refused it (send.fail, never acknowledged), and yet here it is
not_a_member        the device's user does not belong to the conversation
other_conversation  it was sent to another conversation
"""

from __future__ import annotations

import numpy as np

from reports.checks.base import EXAMPLES, Check, example, judge
from reports.checks.codes import MISSING, Flags
from reports.checks.facts import Facts, facts_of
from sim.history import History
from sim.verdict import Verdict

REASONS = ("never_sent", "refused", "other_conversation", "not_a_member")


def run(history: History) -> Verdict:
    """Judge by the definition above."""
    facts = facts_of(history)
    uuid = facts.delivers["uuid"].to_numpy()
    sent, ok, refused, conv = (facts.messages[name].to_numpy() for name in ("sent", "ok", "refused", "conv"))
    tests = [
        sent[uuid] < 0,
        (refused[uuid] >= 0) & (ok[uuid] < 0),
        conv[uuid] != facts.delivers["conv"].to_numpy(),
        ~_belongs(facts),
    ]
    reason = np.select(tests, range(len(tests)), default=MISSING)
    rows = np.flatnonzero(reason >= 0)
    return judge(
        "phantom",
        count=len(rows),
        checked=len(facts.delivers),
        found="that should not be",
        candidates="deliveries",
        too_little=facts.silence,
        examples=[
            example((sent[uuid[i]], refused[uuid[i]], facts.delivers.index[i]), REASONS[reason[i]].replace("_", " "))
            for i in rows[:EXAMPLES]
        ],
        values={name: int(n) for i, name in enumerate(REASONS) if (n := (reason == i).sum())},
    )


def _belongs(facts: Facts) -> Flags:
    """Which deliveries reach a member; all of them if the config names no members."""
    if not facts.names_members:
        return np.ones(len(facts.delivers), dtype=np.bool_)
    users = len(facts.names("user"))
    allowed = facts.members["conv"] * users + facts.members["user"]
    return np.isin(facts.delivers["conv"] * users + facts.delivers["user"], allowed)


CHECK = Check(
    "phantom", "safety", "A device showed a message that nobody sent, that was refused, or that was not for it.", run
)
