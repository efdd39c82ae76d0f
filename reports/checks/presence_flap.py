"""presence_flap: somebody is shown going and coming although they did neither.

    answers      online ── offline ── online
    connection   ────────── open ───────────     no conn.open, no conn.close

Three answers about one user in a row, by `presence.read` or `presence.change`, that say online, offline, online, with
no session of theirs opening or closing from ε before the first until ε after the last, ε = 0.5 s. Reads are taken at
the time they began. The offline answer by itself is `false_offline` or a true absence.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.checks.base import Check, example, judge
from reports.checks.facts import Facts, facts_of
from reports.checks.presence import EPSILON_NS, life, nearest, presence_reads, times_ns
from sim.history import History
from sim.verdict import Verdict


def run(history: History) -> Verdict:
    """Judge by the definition above."""
    facts = facts_of(history)
    answers = _answers(facts)
    user, online, t_ns = (answers[name].to_numpy() for name in ("user", "online", "t_ns"))
    same = (np.diff(user) == 0) & (np.diff(online) != 0)
    # Runs of equal answers count once: from the last online before an absence to the first one after it.
    turns = np.flatnonzero(same)
    away = turns[online[turns]]
    back = turns[~online[turns]]
    at = np.searchsorted(back, away)
    pairs = at < len(back)
    first, last = away[pairs], back[at[pairs]] + 1
    first, last = first[user[first] == user[last]], last[user[first] == user[last]]
    moves = life(facts, "conn.open", "conn.close")
    moved_ns = times_ns(moves, nearest(user[first], t_ns[first] - EPSILON_NS, moves, after=True))
    flaps = np.flatnonzero(moved_ns > t_ns[last] + EPSILON_NS)
    return judge(
        "presence_flap",
        count=len(flaps),
        checked=len(answers),
        found="absences of people who stayed connected or away",
        candidates="presence answers",
        examples=[
            example(answers.index[[first[i], first[i] + 1, last[i]]], "online, offline, online, and nobody moved")
            for i in flaps[: facts.most]
        ],
    )


def _answers(facts: Facts) -> pd.DataFrame:
    """Answers by user and time: user, online, t_ns."""
    tables = [presence_reads(facts, state).assign(online=state == "online") for state in ("online", "offline")]
    heard = facts.table("presence.change", "user", "state", "t_ns")
    online = (heard["state"] == facts.code("state", "online")).to_numpy()
    changes = heard.assign(online=online, start_ns=heard["t_ns"])
    rows = pd.concat([*tables, changes])[["user", "online", "start_ns"]].rename(columns={"start_ns": "t_ns"})
    rows = rows[rows["user"] >= 0].astype({"online": bool})
    return pd.DataFrame(rows.sort_index().sort_values(["user", "t_ns"], kind="stable"))


CHECK = Check(
    "presence_flap", "safety", "A user was shown offline between two times online without having come or gone.", run
)
