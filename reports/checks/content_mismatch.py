"""content_mismatch: what a device showed or fetched, or what the store holds, is not what was written.

The hash of a `deliver`, `media.get` or `store.row` differs from that of the message's `send.invoke`. Events without a
hash, or of messages that nobody sent, are not judged here.
"""

from __future__ import annotations

import pandas as pd

from reports.checks.base import Check, example, judge
from reports.checks.facts import facts_of
from sim.history import History
from sim.verdict import Verdict


def run(history: History) -> Verdict:
    """Judge by the definition above."""
    facts = facts_of(history)
    kept, fetched = (facts.table(kind, "uuid", "hash") for kind in ("store.row", "media.get"))
    copies = pd.concat([kept, fetched, facts.delivers[["uuid", "hash"]]])
    copies = copies[(copies["uuid"] >= 0) & (copies["hash"] >= 0)]
    written = facts.messages["hash"].to_numpy()[copies["uuid"]]
    differs = copies[(written >= 0) & (written != copies["hash"])]
    return judge(
        "content_mismatch",
        count=len(differs),
        checked=int((written >= 0).sum()),
        found="altered",
        candidates="copies of messages",
        too_little=facts.silence,
        examples=[
            example((facts.messages["sent"][uuid], event), "not the content that was sent")
            for event, uuid in differs["uuid"].head(facts.most).items()
        ],
    )


CHECK = Check(
    "content_mismatch", "safety", "A delivered, stored or fetched message does not have the content that was sent.", run
)
