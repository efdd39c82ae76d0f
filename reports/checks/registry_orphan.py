"""registry_orphan: the registry of connections names a gateway that does not hold the user, or nowhere when one does.

    orphan    a registry.read names a gateway at which the user had no session open within (start − TTL − ε, end + ε)
    missing   a registry.read names none, while a session of the user was open from start − ε until end + ε

TTL is conn_ttl_s of the config's design, ε = 0.5 s. A read takes from `start_ns` (else its own time) to `t_ns`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.checks.base import Check, example, judge, unknown
from reports.checks.codes import MISSING, NEVER_NS, Flags, Integers
from reports.checks.facts import Facts, facts_of
from reports.checks.presence import EPSILON_NS, nearest, seconds_ns
from sim.history import History
from sim.verdict import Verdict

_NOTES = {"orphan": "names a gateway that does not hold the user", "missing": "names none while the user is connected"}


def run(history: History) -> Verdict:
    """Judge by the definition above."""
    facts = facts_of(history)
    reads = facts.table("registry.read", "user", "gateway", "start_ns", "t_ns")
    reads["start_ns"] = reads["start_ns"].where(reads["start_ns"] >= 0, reads["t_ns"])
    ttl_ns = seconds_ns(facts, "conn_ttl_s")
    if len(reads) and ttl_ns is None:
        return unknown("registry_orphan", "the config event has no conn_ttl_s")
    sessions, names = _sessions(facts), reads["gateway"].to_numpy() >= 0
    found = {"orphan": names & _orphan(reads, sessions, ttl_ns or 0), "missing": ~names & _connected(reads, sessions)}
    told = [(event, name) for name, rows in found.items() for event in reads.index[rows][: facts.most]]
    return judge(
        "registry_orphan",
        count=sum(int(rows.sum()) for rows in found.values()),
        checked=len(reads),
        found="that were wrong",
        candidates="reads of the registry",
        absent="the history has no reads of the registry (registry.read)",
        examples=[example(_witnesses(facts, event), _NOTES[name]) for event, name in told[: facts.most]],
        values={name: int(n) for name, rows in found.items() if (n := rows.sum())},
    )


def _sessions(facts: Facts) -> pd.DataFrame:
    """Sessions in the order in which they opened: user, gateway, t_ns, and when they ended."""
    opens = facts.table("conn.open", "user", "gateway", "session", "t_ns").reset_index(drop=True)
    return opens.assign(end_ns=facts.session_times_ns("conn.close")[opens["session"]])


def _orphan(reads: pd.DataFrame, sessions: pd.DataFrame, ttl_ns: int) -> Flags:
    """Which reads name a gateway that the user had left for longer than the TTL, or was never at."""
    gateways = int(max(sessions["gateway"].max(), reads["gateway"].max(), 0)) + 1 if len(reads) else 1
    places = pd.DataFrame({"user": sessions["user"] * gateways + sessions["gateway"], "t_ns": sessions["t_ns"]})
    asked = (reads["user"] * gateways + reads["gateway"]).to_numpy()
    last = nearest(asked, reads["t_ns"].to_numpy() + EPSILON_NS, places)
    left_ns = np.append(sessions["end_ns"].groupby(places["user"]).cummax(), MISSING)[last]
    flags: Flags = left_ns < reads["start_ns"].to_numpy() - ttl_ns - EPSILON_NS
    flags |= last == MISSING
    return flags


def _connected(reads: pd.DataFrame, sessions: pd.DataFrame) -> Flags:
    """Which reads fall into a session of the user."""
    last = nearest(reads["user"].to_numpy(), reads["start_ns"].to_numpy() - EPSILON_NS, sessions)
    ends: Integers = np.append(sessions["end_ns"].to_numpy(), MISSING)[last]
    flags: Flags = (ends > reads["t_ns"].to_numpy() + EPSILON_NS) & (ends <= NEVER_NS)
    return flags


def _witnesses(facts: Facts, read: int) -> list[int]:
    """The read, and the user's last session before it."""
    opens, closes = (facts.table(kind, "user", "session") for kind in ("conn.open", "conn.close"))
    theirs = opens[(opens["user"] == facts.at("user", np.array([read]))[0]) & (opens.index < read)]
    ended = closes[closes["session"].isin(theirs["session"][-1:]) & (closes.index < read)]
    return [read, *theirs.index[-1:], *ended.index]


CHECK = Check(
    "registry_orphan",
    "safety",
    "The registry of connections names a gateway that the user has left, or none while they are connected.",
    run,
)
