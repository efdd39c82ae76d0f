"""bad_input: the history itself cannot be trusted, whatever it says about the system.

    out_of_order       events that stand in the file behind a later one
    negative_latency   a message shown or acknowledged before it was sent, or an operation that ends before it began
    sent_twice         one uuid in two send.invoke events: it does not name one message
    acked_twice        one uuid in two send.ok events
    opened_twice       one session in two conn.open events: what came in which cannot be told

None of this convicts anybody, and none of it may pass: the verdict is unknown. What cannot be read at all, such as a
file cut short, an unknown kind of event or another schema, is refused when it is loaded.
"""

from __future__ import annotations

import numpy as np

from reports.checks.base import Check, example, judge
from reports.checks.codes import Integers
from reports.checks.facts import Facts, facts_of
from sim.history import History
from sim.verdict import Outcome, Verdict


def run(history: History) -> Verdict:
    """Judge by the definition above."""
    facts = facts_of(history)
    found = {
        "negative_latency": _negative(facts),
        "sent_twice": _again(facts, "send.invoke", "uuid"),
        "acked_twice": _again(facts, "send.ok", "uuid"),
        "opened_twice": _again(facts, "conn.open", "session"),
    }
    counts = {"out_of_order": facts.disorder} | {name: len(events) for name, events in found.items()}
    counts = {name: count for name, count in counts.items() if count}
    total = len(facts.frame)
    if not counts:
        return judge("bad_input", count=0, checked=total, found="that contradict themselves", candidates="events")
    told = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items())
    examples = [example([event], name.replace("_", " ")) for name, events in found.items() for event in events]
    summary = f"{told} among {total:,} events: distrust every verdict"
    return Verdict(
        "bad_input", Outcome.UNKNOWN, sum(counts.values()), total, summary, tuple(examples[: facts.most]), counts
    )


def _negative(facts: Facts) -> Integers:
    """Events that stand before what they answer."""
    sent_ns = facts.times(facts.messages["sent"].to_numpy())
    sent_ns[facts.messages["sent"].to_numpy() < 0] = 0
    early = []
    for column in ("ok", "delivered"):
        events = facts.messages[column].to_numpy()
        early.append(events[(events >= 0) & (facts.times(events) < sent_ns)])
    reads = facts.table("presence.read", "start_ns", "t_ns")
    early.append(reads.index[(reads["start_ns"] > reads["t_ns"])].to_numpy())
    return np.unique(np.concatenate(early))


def _again(facts: Facts, kind: str, name: str) -> Integers:
    rows = facts.table(kind, name)
    rows = rows[rows[name] >= 0]
    return rows.index[rows[name].duplicated()].to_numpy()


CHECK = Check("bad_input", "safety", "The history contradicts itself, so that no verdict on it can be trusted.", run)
