"""The names of what the checks look for, so that a scenario can say which of it breaks no promise.

`reports.checks` holds one check for each, in this order.
"""

from __future__ import annotations

import difflib

ANOMALIES = (
    *("lost", "skipped", "unseen_tail", "duplicated", "wire_duplicate", "duplicate_row", "duplicate_log", "phantom"),
    *("id_collision", "reordered_sender", "sender_gap", "gap_held", "order_divergence", "id_log_conflict"),
    *("cursor_late_insert", "resume_gap", "resume_dup", "cursor_regress", "causality", "early_ack"),
    *("partition_split", "misrouted", "registry_orphan", "receipt_regress", "receipt_lost", "stale_online"),
    *("false_offline", "presence_flap", "last_seen_regress", "slo_miss", "content_mismatch"),
)


def must_be_anomaly(name: str) -> str:
    """The name itself. Raises ValueError for one that no check bears, with the nearest that one does."""
    if name not in ANOMALIES:
        near = difflib.get_close_matches(name, ANOMALIES, n=1)
        raise ValueError(f"no anomaly is called {name!r}; " + (f"did you mean {near[0]}?" if near else "see README.md"))
    return name
