"""duplicate_log: one message is in the log more than once.

    producer_retry   with the same message_id: the producer wrote it again
    client_resend    with another message_id: the client sent it again, and no producer can recognise that

The log is written at least once, so neither is a violation, but for a design that claims an idempotent producer: there
`producer_retry` convicts. An idempotent producer recognises its own retries only, within one session.
"""

from __future__ import annotations

from reports.checks.base import Check, example, judge, records
from reports.checks.facts import facts_of
from sim.history import History
from sim.verdict import Verdict


def run(history: History) -> Verdict:
    """Judge by the definition above."""
    facts = facts_of(history)
    logged = facts.table("log.append", "uuid", "message_id", "partition", "offset")
    logged = logged[logged["uuid"] >= 0].drop_duplicates(["uuid", "partition", "offset"])
    again = logged[logged["uuid"].duplicated()]
    retried = logged.duplicated(["uuid", "message_id"]).loc[again.index]
    claimed = bool(facts.design.get("idempotence"))
    guilty = again[retried] if claimed and retried.any() else again
    first = logged[logged["uuid"].isin(guilty["uuid"])].drop_duplicates("uuid")
    original = dict(zip(first["uuid"], first.index, strict=True))
    return judge(
        "duplicate_log",
        count=len(guilty),
        checked=len(logged),
        found="logged again",
        candidates="records",
        too_little=facts.silence,
        absent="the history has no independent reading of the log (log.append)",
        allowed="" if claimed and retried.any() else "the log is written at least once",
        examples=[
            example(
                (original[row["uuid"]], row["event"]), "the producer wrote it twice" if row["retried"] else "sent again"
            )
            for row in records(guilty.assign(retried=retried).head(facts.most))
        ],
        values={"producer_retry": int(retried.sum()), "client_resend": int((~retried).sum())} if len(again) else {},
    )


CHECK = Check("duplicate_log", "safety", "The log holds the same message more than once.", run)
