"""phantom: a device shows what it should never have got.

never_sent          no send.invoke bears this uuid
refused             the server refused it (send.fail, never acknowledged), and yet here it is
other_conversation  it was sent to another conversation

A message that reaches somebody outside its conversation is `misrouted`.
"""

from __future__ import annotations

from reports.checks.base import Check, example, judge
from reports.checks.codes import reasons
from reports.checks.facts import facts_of
from sim.history import History
from sim.verdict import Verdict

REASONS = ("never_sent", "refused", "other_conversation")


def run(history: History) -> Verdict:
    """Judge by the definition above."""
    facts = facts_of(history)
    uuid = facts.delivers["uuid"].to_numpy()
    sent, ok, refused, conv = (facts.messages[name].to_numpy() for name in ("sent", "ok", "refused", "conv"))
    tests = [
        sent[uuid] < 0,
        (refused[uuid] >= 0) & (ok[uuid] < 0),
        conv[uuid] != facts.delivers["conv"].to_numpy(),
    ]
    rows, reason = reasons(tests)
    return judge(
        "phantom",
        count=len(rows),
        checked=len(facts.delivers),
        found="that should not be",
        candidates="deliveries",
        too_little=facts.silence,
        examples=[
            example((sent[uuid[row]], refused[uuid[row]], facts.delivers.index[row]), REASONS[why].replace("_", " "))
            for row, why in zip(rows[: facts.most], reason, strict=False)
        ],
        values={name: int(n) for i, name in enumerate(REASONS) if (n := (reason == i).sum())},
    )


CHECK = Check(
    "phantom",
    "safety",
    "A device showed a message that nobody sent, that was refused, or in another conversation.",
    run,
)
