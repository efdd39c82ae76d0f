"""false_offline: somebody whose device is connected and does its part is shown offline.

A `presence.read` or `presence.change` says offline although the user's last sign of life before it (`conn.open` or
`heartbeat.sent`) is no older than heartbeat + ε, and the session of that sign stayed open until ε after the answer.
ε = 0.5 s.

Causes, by the last renewal (`conn.open` or `heartbeat.stored`) before the read, and its age when the read ended:

    registry        younger than TTL − ε: something else removed the key
    lost-heartbeat  older, and a heartbeat sent since was not stored before the device sent its next
    jitter          older, and the heartbeat was stored, only too late
    untold          true when it was said; but where devices subscribe (`design.presence`) it stood for TTL + 2ε after
                    the user had come, whose session lasted as long
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.checks.base import Check, example, judge, unknown
from reports.checks.codes import MISSING, NEVER_NS, Integers
from reports.checks.facts import Facts, facts_of
from reports.checks.presence import EPSILON_NS, events, life, nearest, presence_told, seconds_ns, times_ns
from reports.checks.standing import standing
from sim.history import History
from sim.verdict import Verdict

CAUSES = ("registry", "lost-heartbeat", "jitter", "untold")


def run(history: History) -> Verdict:
    """Judge by the definition above."""
    facts = facts_of(history)
    heartbeat_ns, ttl_ns = (seconds_ns(facts, name) for name in ("heartbeat_s", "presence_ttl_s"))
    if heartbeat_ns is None or ttl_ns is None:
        return unknown("false_offline", "the config event has no heartbeat_s or no presence_ttl_s")
    offline, online = (_connected(facts, presence_told(facts, state), heartbeat_ns) for state in ("offline", "online"))
    came = _came(facts, ttl_ns)
    rows = pd.concat([_causes(facts, offline, ttl_ns), came[came["until_ns"] > came["due_ns"]]])
    worst = rows.sort_values("age_ns", kind="stable").head(facts.most)
    return judge(
        "false_offline",
        count=len(rows),
        checked=len(offline) + len(online) + len(came),
        found="offline",
        candidates="presence answers about connected users",
        examples=[example(row["events"], f"offline while connected: {row['cause']}") for _, row in worst.iterrows()],
        values={cause: int(n) for cause in CAUSES if (n := (rows["cause"] == cause).sum())},
    )


def _connected(facts: Facts, reads: pd.DataFrame, heartbeat_ns: int) -> pd.DataFrame:
    """Reads about users who were connected and on time throughout, with `sign`: the event that shows it."""
    signs = life(facts, "conn.open", "heartbeat.sent")
    last = nearest(reads["user"].to_numpy(), reads["start_ns"].to_numpy(), signs)
    session = np.append(signs["session"].to_numpy(), MISSING)[last]
    on_time = times_ns(signs, last, default=MISSING) >= reads["start_ns"] - heartbeat_ns - EPSILON_NS
    stays = facts.session_times_ns("conn.close")[session] > reads["t_ns"] + EPSILON_NS
    connected: pd.DataFrame = reads.assign(sign=events(signs, last))[on_time & stays & (last >= 0)]
    return connected


def _causes(facts: Facts, reads: pd.DataFrame, ttl_ns: int) -> pd.DataFrame:
    """The reads with `cause`, `age_ns` of the last renewal, and the convicting `events`."""
    renewals, sent, stored = (
        life(facts, *kinds) for kinds in (("conn.open", "heartbeat.stored"), ("heartbeat.sent",), ("heartbeat.stored",))
    )
    users = reads["user"].to_numpy()
    last = nearest(users, reads["start_ns"].to_numpy(), renewals)
    renewed_ns = times_ns(renewals, last, default=MISSING)
    unanswered = nearest(users, renewed_ns, sent, after=True)
    sent_ns = times_ns(sent, unanswered)
    next_ns = times_ns(sent, nearest(users, np.minimum(sent_ns, NEVER_NS - 1), sent, after=True))
    answer_ns = times_ns(stored, nearest(users, np.minimum(sent_ns, NEVER_NS - 1), stored, after=True))
    age_ns = reads["t_ns"].to_numpy() - renewed_ns
    gone = (sent_ns <= reads["t_ns"].to_numpy()) & (answer_ns >= next_ns)
    cause = np.select([age_ns < ttl_ns - EPSILON_NS, gone], CAUSES[:2], default=CAUSES[2])
    witnesses = _witnesses(reads, events(renewals, last), events(sent, unanswered))
    return reads.assign(cause=cause, age_ns=age_ns, events=pd.Series(witnesses, index=reads.index, dtype=object))


def _came(facts: Facts, ttl_ns: int) -> pd.DataFrame:
    """What subscribers were told of users who came afterwards and stayed; due_ns: by when the device had to know."""
    told, opens = standing(facts, "offline"), life(facts, "conn.open")
    opens = opens[facts.session_times_ns("conn.close")[opens["session"]] > opens["t_ns"] + ttl_ns + 2 * EPSILON_NS]
    opens = opens.reset_index(drop=True)
    first = nearest(told["user"].to_numpy(), told["t_ns"].to_numpy(), opens, after=True)
    due_ns = times_ns(opens, first, default=NEVER_NS - ttl_ns - 2 * EPSILON_NS) + ttl_ns + 2 * EPSILON_NS
    witnesses = pd.Series(list(zip(told.index, events(opens, first).tolist(), strict=True)), told.index, object)
    return told.assign(due_ns=due_ns, events=witnesses, cause="untold", age_ns=0)[first >= 0]


def _witnesses(reads: pd.DataFrame, renewal: Integers, unanswered: Integers) -> list[tuple[int, ...]]:
    """Last renewal, the heartbeat after it if it was sent before the read, last sign of life, and the read."""
    read = reads.index.to_numpy()
    between = np.where(unanswered < read, unanswered, MISSING)
    return list(zip(renewal.tolist(), between.tolist(), reads["sign"].tolist(), read.tolist(), strict=True))


CHECK = Check(
    "false_offline",
    "safety",
    "A user was shown offline while a device of theirs was connected and had sent its heartbeats in time.",
    run,
)
