"""duplicate_row: the store holds one message twice, under two message ids.

Two `store.row` events with one uuid and different `message_id`. The same row seen twice by the scan is one row; a copy
with the same id at another place in the conversation is what `duplicated` and `order_divergence` see, if anybody does.
"""

from __future__ import annotations

from reports.checks.base import Check, example, judge, records
from reports.checks.facts import facts_of
from sim.history import History
from sim.verdict import Verdict


def run(history: History) -> Verdict:
    """Judge by the definition above."""
    facts = facts_of(history)
    rows = facts.table("store.row", "uuid", "message_id")
    rows = rows[(rows["uuid"] >= 0) & (rows["message_id"] >= 0)].drop_duplicates()
    again = rows[rows["uuid"].duplicated()]
    first = rows[rows["uuid"].isin(again["uuid"])].drop_duplicates("uuid")
    original = dict(zip(first["uuid"], first.index, strict=True))
    return judge(
        "duplicate_row",
        count=len(again),
        checked=len(rows),
        found="stored again",
        candidates="rows",
        too_little=facts.silence,
        absent="the history has no scan of the store (store.row)",
        examples=[
            example((original[row["uuid"]], row["event"]), "one message under two ids")
            for row in records(again.head(facts.most))
        ],
    )


CHECK = Check("duplicate_row", "safety", "The store holds the same message under two message ids.", run)
