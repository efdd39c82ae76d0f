"""Pure checks over a History of either world: one module an anomaly, each defined in its docstring.

history ──► facts ──► lost, duplicated, … ──► Verdict: pass, fail, unknown ──► evidence
"""

from __future__ import annotations

import difflib
from collections.abc import Collection

from reports.checks import (
    content_mismatch,
    duplicated,
    false_offline,
    lost,
    order_divergence,
    phantom,
    receipt_regress,
    reordered_sender,
    resume_gap,
    slo_miss,
    stale_online,
)
from reports.checks.base import Check, unknown
from reports.checks.evidence import explain
from reports.checks.facts import facts_of
from sim.errors import UsageError
from sim.history import History
from sim.verdict import Verdict

CHECKS: dict[str, Check] = {
    "lost": lost.CHECK,
    "duplicated": duplicated.CHECK,
    "reordered_sender": reordered_sender.CHECK,
    "order_divergence": order_divergence.CHECK,
    "resume_gap": resume_gap.CHECK,
    "phantom": phantom.CHECK,
    "content_mismatch": content_mismatch.CHECK,
    "receipt_regress": receipt_regress.CHECK,
    "stale_online": stale_online.CHECK,
    "false_offline": false_offline.CHECK,
    "slo_miss": slo_miss.CHECK,
}

__all__ = ["CHECKS", "Check", "check_history", "explain"]


def check_history(history: History, names: Collection[str] | None = None) -> tuple[Verdict, ...]:
    """Verdicts of the checks named (default all), in the order of CHECKS. Raises UsageError for an unknown name.

    A check that crashes is unknown with the error in its summary: a bug of ours must never pass for a clean run.
    """
    wanted = CHECKS.keys() if names is None else names
    for name in wanted:
        if name not in CHECKS:
            near = difflib.get_close_matches(name, CHECKS, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise UsageError(f"no check is called {name!r}{hint} Known: {', '.join(CHECKS)}")
    facts = facts_of(history)
    return tuple(_verdict(check, facts) for name, check in CHECKS.items() if name in wanted)


def _verdict(check: Check, history: History) -> Verdict:
    try:
        return check.run(history)
    except Exception as error:
        return unknown(check.name, f"the check itself crashed: {type(error).__name__}: {error}")
