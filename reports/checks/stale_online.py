"""stale_online: somebody is shown online although nothing was heard of them for longer than the TTL.

A `presence.read` or `presence.change` says online and the user had no renewal (`conn.open` or `heartbeat.stored`) in
(start − TTL − ε, end + ε], with the TTL of the config's design and ε = 0.5 s for what is in flight. A heartbeat without
an answer counts as a renewal if its session closed within ε of it: the store may have it and nobody can know.
Worst first: the longest silence.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.checks.base import Check, example, judge, unknown
from reports.checks.facts import Facts, facts_of
from reports.checks.presence import EPSILON_NS, events, life, nearest, presence_told, seconds_ns, times_ns
from sim.history import History
from sim.verdict import Verdict


def run(history: History) -> Verdict:
    """Judge by the definition above."""
    facts = facts_of(history)
    ttl_ns = seconds_ns(facts, "presence_ttl_s")
    if ttl_ns is None:
        return unknown("stale_online", "the config event has no presence_ttl_s")
    reads, renewals = presence_told(facts, "online"), _renewals(facts)
    last = nearest(reads["user"].to_numpy(), reads["t_ns"].to_numpy() + EPSILON_NS, renewals)
    silent_ns = reads["start_ns"].to_numpy() - times_ns(renewals, last, default=-ttl_ns - EPSILON_NS)
    stale = np.flatnonzero(silent_ns >= ttl_ns + EPSILON_NS)
    worst = stale[np.argsort(-silent_ns[stale], kind="stable")][: facts.most]
    return judge(
        "stale_online",
        count=len(stale),
        checked=len(reads),
        found="online beyond the TTL",
        candidates="presence answers that said online",
        examples=[
            example(
                (reads.index[i], events(renewals, last)[i]),
                f"online {silent_ns[i] / 1e9:.3g} s after the last renewal, TTL {ttl_ns / 1e9:g} s"
                if last[i] >= 0
                else "online, but was never heard of",
            )
            for i in worst
        ],
        values={"longest_silence_s": float(silent_ns[stale].max() / 1e9)} if len(stale) else {},
    )


def _renewals(facts: Facts) -> pd.DataFrame:
    sent = life(facts, "heartbeat.sent")
    cut_off = facts.session_times_ns("conn.close")[sent["session"]] - sent["t_ns"]
    maybe = sent[(cut_off >= 0) & (cut_off <= EPSILON_NS)]
    known = life(facts, "conn.open", "heartbeat.stored")
    return pd.DataFrame(pd.concat([known, maybe]).sort_values("event", ignore_index=True))


CHECK = Check(
    "stale_online",
    "safety",
    "A user was shown online although nothing had renewed their presence for longer than its TTL.",
    run,
)
