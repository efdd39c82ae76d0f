"""id_collision: two messages bear one message_id.

Two uuids with the same `message_id` in `send.ok`, `log.append`, `store.row` or `deliver`. An id names a message in the
whole system, so conversations do not matter.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.checks.base import Check, example, judge
from reports.checks.codes import Firsts
from reports.checks.facts import Facts, facts_of
from sim.history import History
from sim.verdict import Verdict

_KINDS = ("send.ok", "log.append", "store.row")


def run(history: History) -> Verdict:
    """Judge by the definition above."""
    facts = facts_of(history)
    named = _named(facts)
    ids = Firsts.of(named["message_id"].to_numpy())
    again = named.iloc[ids.repeated]
    shown = again.head(facts.most)
    original = named["event"].to_numpy()[ids.find(shown["message_id"].to_numpy())]
    return judge(
        "id_collision",
        count=len(again),
        checked=len(named),
        found="with another's id",
        candidates="messages",
        too_little=facts.silence,
        absent="no event has a message_id",
        examples=[
            example((first, event), f"two messages are called {number}")
            for first, event, number in zip(original, shown["event"], shown["message_id"], strict=True)
        ],
    )


def _named(facts: Facts) -> pd.DataFrame:
    """Columns message_id, uuid, event: each pair of an id and a message once, with the first event that says so."""
    tables = [facts.table(kind, "message_id", "uuid").rename_axis("event").reset_index() for kind in _KINDS]
    # What was shown is looked at by message, for there are many more deliveries than messages.
    shown = facts.messages["delivered"].to_numpy()
    seen = np.flatnonzero(shown >= 0)
    delivered = {"event": shown[seen], "message_id": facts.at("message_id", shown[seen]), "uuid": seen}
    rows = pd.concat([*tables, pd.DataFrame(delivered)], ignore_index=True)
    rows = rows[(rows["message_id"] >= 0) & (rows["uuid"] >= 0)]
    number = pd.factorize(rows["message_id"])[0] * len(facts.messages) + rows["uuid"].to_numpy()
    return rows[Firsts.of(number).flags]


CHECK = Check("id_collision", "safety", "Two different messages bear the same message id.", run)
