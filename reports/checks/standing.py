"""How long what a device was told of somebody stood on its screen, where devices subscribe to presence.

    online ─────────────── offline     until the next word about them,
    online ──── opens another          the device's next question,
    online ───────── conn.close        or the end of its session

With `design.presence = "subscription"` silence means that nothing changed. Elsewhere an answer means nothing any more
once it is given, and does not stand.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.checks.codes import Integers
from reports.checks.columns import once
from reports.checks.facts import Facts
from reports.checks.presence import nearest, presence_told, times_ns


@once
def standing(facts: Facts, state: str) -> pd.DataFrame:
    """What subscribers were told that is `state`: user, device, t_ns, until_ns; index = event number."""
    told = pd.concat([presence_told(facts, one) for one in ("online", "offline")]).sort_index()
    told = told[(told["device"] >= 0) & (facts.design.get("presence") == "subscription")]
    told = told.assign(until_ns=np.minimum(_next_word_ns(facts, told), _turned_away_ns(facts, told)))
    wanted = np.intersect1d(told.index, presence_told(facts, state).index)
    return pd.DataFrame(told.loc[wanted])


def _next_word_ns(facts: Facts, told: pd.DataFrame) -> Integers:
    following = told.groupby(["device", "user"])["t_ns"].shift(-1, fill_value=facts.end_ns)
    return following.to_numpy(dtype="int64")


def _turned_away_ns(facts: Facts, told: pd.DataFrame) -> Integers:
    questions = facts.table("presence.read", "device", "start_ns").rename(
        columns={"device": "user", "start_ns": "t_ns"}
    )
    closes = facts.table("conn.close", "device", "t_ns").rename(columns={"device": "user"})
    ends = pd.concat([questions, closes]).drop_duplicates().sort_values("t_ns", ignore_index=True)
    # An answer belongs to the question that began when it says, a change to the last one before it.
    asked_ns = told["start_ns"].where(told["is_answer"], told["t_ns"]).to_numpy()
    return times_ns(ends, nearest(told["device"].to_numpy(), asked_ns, ends, after=True))
