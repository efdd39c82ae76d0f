"""stale_online: somebody is shown online although nothing was heard of them for longer than the TTL.

A `presence.read` or `presence.change` says online and the user had no renewal (`conn.open` or `heartbeat.stored`) in
(start − TTL − ε, end + ε], with the TTL of the config's design and ε = 0.5 s for what is in flight. A heartbeat without
an answer counts as a renewal if its session closed within ε of it: the store may have it and nobody can know.

Where devices subscribe (`design.presence`), what was true when it was said must not stand, either: not beyond TTL + 2ε
after the last renewal, unless the device was told otherwise, asked again or left. Worst first: the longest silence.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.checks.base import Check, example, judge, unknown
from reports.checks.codes import NEVER_NS
from reports.checks.facts import Facts, facts_of
from reports.checks.presence import EPSILON_NS, events, life, nearest, presence_told, seconds_ns, times_ns
from reports.checks.standing import standing
from sim.history import History
from sim.verdict import Verdict


def run(history: History) -> Verdict:
    """Judge by the definition above."""
    facts = facts_of(history)
    ttl_ns = seconds_ns(facts, "presence_ttl_s")
    if ttl_ns is None:
        return unknown("stale_online", "the config event has no presence_ttl_s")
    told, renewals = presence_told(facts, "online"), _renewals(facts)
    stale = pd.concat([_said(told, renewals, ttl_ns), _stood(facts, renewals, ttl_ns)])
    stale = stale[~stale.index.duplicated()]
    worst = stale.sort_values("silent_ns", ascending=False, kind="stable").head(facts.most)
    return judge(
        "stale_online",
        count=len(stale),
        checked=len(told),
        found="online beyond the TTL",
        candidates="presence answers that said online",
        examples=[
            example(
                (event, row["renewal"]),
                f"{row['how']} {row['silent_ns'] / 1e9:.3g} s after the last renewal, TTL {ttl_ns / 1e9:g} s"
                if row["renewal"] >= 0
                else "online, but was never heard of",
            )
            for event, row in zip(worst.index.tolist(), worst.to_dict("records"), strict=True)
        ],
        values={"longest_silence_s": float(stale["silent_ns"].max() / 1e9)} if len(stale) else {},
    )


def _said(told: pd.DataFrame, renewals: pd.DataFrame, ttl_ns: int) -> pd.DataFrame:
    """What was false when it was said: silent_ns, the last `renewal` before, and `how` it was wrong."""
    last = nearest(told["user"].to_numpy(), told["t_ns"].to_numpy() + EPSILON_NS, renewals)
    silent_ns = told["start_ns"].to_numpy() - times_ns(renewals, last, default=-ttl_ns - EPSILON_NS)
    rows = pd.DataFrame({"silent_ns": silent_ns, "renewal": events(renewals, last), "how": "online"}, told.index)
    return rows[silent_ns >= ttl_ns + EPSILON_NS]


def _stood(facts: Facts, renewals: pd.DataFrame, ttl_ns: int) -> pd.DataFrame:
    """What was true when it was said and stood too long: columns as of `_said`."""
    told, patience_ns = standing(facts, "online"), ttl_ns + 2 * EPSILON_NS
    silences = _silences(renewals, patience_ns)
    silence = nearest(told["user"].to_numpy(), told["t_ns"].to_numpy(), silences, after=True)
    since_ns = np.append(silences["since_ns"].to_numpy(), NEVER_NS - patience_ns)[silence]
    end_ns = np.minimum(told["until_ns"].to_numpy(), times_ns(silences, silence))
    rows = pd.DataFrame(
        {"silent_ns": end_ns - since_ns, "renewal": events(silences, silence), "how": "still online"}, told.index
    )
    due_ns = since_ns + patience_ns
    late: pd.DataFrame = rows[(told["t_ns"].to_numpy() <= due_ns) & (due_ns < end_ns)]
    return late


def _silences(renewals: pd.DataFrame, longer_ns: int) -> pd.DataFrame:
    """Times without a renewal of a user: since_ns, by the time t_ns at which they end, and the `event` before."""
    rows = renewals.sort_values(["user", "t_ns"], kind="stable").rename(columns={"t_ns": "since_ns"})
    rows["t_ns"] = rows.groupby("user")["since_ns"].shift(-1, fill_value=NEVER_NS)
    rows = rows[rows["t_ns"] - rows["since_ns"] > longer_ns]
    return rows.sort_values("t_ns", kind="stable", ignore_index=True)


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
