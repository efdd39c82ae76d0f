"""presence_flap: somebody is shown going and coming although they did neither.

    answers      online ── offline ── online
    connection   ────────── open ───────────     no conn.open, no conn.close

An answer about a user, by `presence.read` or `presence.change`, that says offline, and the nearest two around it that
say online, with no session of theirs opening or closing from ε before the first began until ε after the last ended,
ε = 0.5 s.

A read was true at some time from its `start_ns` to its `t_ns`. So one comes before another only where it had ended when
the other began: an answer that waited for seconds for its store contradicts none that was given meanwhile. The offline
answer by itself is `false_offline` or a true absence.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.checks.base import Check, example, judge, records
from reports.checks.codes import NEVER_NS
from reports.checks.facts import Facts, facts_of
from reports.checks.presence import EPSILON_NS, events, life, nearest, presence_changes, presence_reads, times_ns
from sim.history import History
from sim.verdict import Verdict


def run(history: History) -> Verdict:
    """Judge by the definition above."""
    facts = facts_of(history)
    online, offline = (_answers(facts, state) for state in ("online", "offline"))
    flaps = _flaps(online, offline, life(facts, "conn.open", "conn.close"))
    return judge(
        "presence_flap",
        count=len(flaps),
        checked=len(online) + len(offline),
        found="absences of people who stayed connected or away",
        candidates="presence answers",
        examples=[
            example([row["before"], row["event"], row["after"]], "online, offline, online, and nobody moved")
            for row in records(flaps.head(facts.most))
        ],
    )


def _answers(facts: Facts, state: str) -> pd.DataFrame:
    """Answers that said `state`, in the order of their ends: event, user, start_ns, t_ns."""
    changes = presence_changes(facts, state)
    told = pd.concat([presence_reads(facts, state), changes.assign(start_ns=changes["t_ns"])])
    return told.rename_axis("event").reset_index().sort_values("event", ignore_index=True)


def _flaps(online: pd.DataFrame, offline: pd.DataFrame, moves: pd.DataFrame) -> pd.DataFrame:
    """The first offline `event` of each absence that was none, with the online ones `before` and `after` it."""
    begun = online.assign(t_ns=online["start_ns"], end_ns=online["t_ns"]).sort_values("t_ns", ignore_index=True)
    user, start_ns, end_ns = (offline[name].to_numpy() for name in ("user", "start_ns", "t_ns"))
    before, after = nearest(user, start_ns, online), nearest(user, end_ns, begun, after=True)
    first_ns = np.append(online["start_ns"].to_numpy(), NEVER_NS)[before]
    last_ns = np.append(begun["end_ns"].to_numpy(), NEVER_NS)[after]
    moved_ns = times_ns(moves, nearest(user, first_ns - EPSILON_NS, moves, after=True))
    around = offline.assign(before=events(online, before), after=events(begun, after))
    flaps = around[(before >= 0) & (after >= 0) & (moved_ns - EPSILON_NS > last_ns)]
    return flaps.drop_duplicates(["before", "after"])


CHECK = Check(
    "presence_flap", "safety", "A user was shown offline between two times online without having come or gone.", run
)
