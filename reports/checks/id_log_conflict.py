"""id_log_conflict: the message ids of a conversation do not rise as its log does.

    offset      1    2    3
    message_id  10   30   20       2 → 3 is a conflict

Two neighbours in the log of one conversation (of one partition, by offset; of copies of a message the first) of which
the later has the smaller message_id: whoever orders or resumes by id sees another conversation than whoever reads the
log. That is a violation where the design's cursor is the message id. Elsewhere ids order nothing, and it is allowed.
Worst first: the largest step back.
"""

from __future__ import annotations

import numpy as np

from reports.checks.base import Check, example, judge
from reports.checks.facts import facts_of
from sim.history import History
from sim.verdict import Verdict

_SNOWFLAKE_MS_BITS = 22


def run(history: History) -> Verdict:
    """Judge by the definition above."""
    facts = facts_of(history)
    records = facts.table("log.append", "conv", "partition", "offset", "message_id", "uuid")
    records = records[(records["message_id"] >= 0) & (records["conv"] >= 0)].drop_duplicates("uuid")
    records = records.sort_values(["conv", "partition", "offset"], kind="stable")
    conv, partition, number = (records[name].to_numpy() for name in ("conv", "partition", "message_id"))
    back = np.where((np.diff(conv) == 0) & (np.diff(partition) == 0), number[:-1] - number[1:], 0)
    found = np.flatnonzero(back > 0)
    worst = found[np.argsort(-back[found], kind="stable")][: facts.most]
    by_id = facts.design.get("cursor") == "message-id"
    return judge(
        "id_log_conflict",
        count=len(found),
        checked=len(back) + 1 if len(records) else 0,
        found="with a smaller id than the one before in the log",
        candidates="records",
        too_little=facts.silence,
        absent="the history has no independent reading of the log (log.append)",
        allowed="" if by_id else "this design does not order by message id",
        examples=[
            example(records.index[[i, i + 1]], f"the id falls by {_shown(int(back[i]))} where the log rises")
            for i in worst
        ],
        values={"largest_step_back": int(back[found].max())} if len(found) else {},
    )


def _shown(step: int) -> str:
    """A step between ids, in milliseconds if it is as large as a step of a Snowflake's time."""
    milliseconds = step >> _SNOWFLAKE_MS_BITS
    return f"{milliseconds:,} ms" if milliseconds else f"{step:,}"


CHECK = Check(
    "id_log_conflict",
    "safety",
    "Neighbouring messages of a conversation have ids in the opposite order of the log.",
    run,
)
