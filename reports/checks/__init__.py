"""Pure checks over a History of either world: one module an anomaly, each defined in its docstring.

history ──► facts ──► lost, duplicated, … ──► Verdict: pass, fail, unknown ──► evidence
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from reports.checks import (
    bad_input,
    causality,
    content_mismatch,
    cursor_late_insert,
    cursor_regress,
    duplicate_log,
    duplicate_row,
    duplicated,
    early_ack,
    false_offline,
    gap_held,
    id_collision,
    id_log_conflict,
    last_seen_regress,
    lost,
    misrouted,
    order_divergence,
    partition_split,
    phantom,
    presence_flap,
    receipt_lost,
    receipt_regress,
    registry_orphan,
    reordered_sender,
    resume_dup,
    resume_gap,
    sender_gap,
    skipped,
    slo_miss,
    stale_online,
    unseen_tail,
    wire_duplicate,
)
from reports.checks.base import Check, unknown
from reports.checks.evidence import explain
from reports.checks.facts import EXAMPLES, Facts
from sim.errors import UsageError
from sim.history import History
from sim.verdict import CRASHED, Outcome, Verdict

CHECKS: dict[str, Check] = {
    module.CHECK.name: module.CHECK
    for module in (
        bad_input,
        lost,
        skipped,
        unseen_tail,
        duplicated,
        wire_duplicate,
        duplicate_row,
        duplicate_log,
        phantom,
        id_collision,
        reordered_sender,
        sender_gap,
        gap_held,
        order_divergence,
        id_log_conflict,
        cursor_late_insert,
        resume_gap,
        resume_dup,
        cursor_regress,
        causality,
        early_ack,
        partition_split,
        misrouted,
        registry_orphan,
        receipt_regress,
        receipt_lost,
        stale_online,
        false_offline,
        presence_flap,
        last_seen_regress,
        slo_miss,
        content_mismatch,
    )
}

__all__ = ["CHECKS", "Check", "check_history", "explain"]


def check_history(
    history: History,
    names: Collection[str] | None = None,
    *,
    allowed: Collection[str] = (),
    most: int = EXAMPLES,
) -> tuple[Verdict, ...]:
    """Verdicts of the checks named (default all), in the order of CHECKS, with at most `most` examples each.

    Anomalies that are `allowed`, here or by the config event, maybe with reasons, pass and say so. A check that crashes
    is unknown with the error in its summary: a bug of ours must never pass for a clean run. Raises UsageError for an
    unknown name.
    """
    facts = history if isinstance(history, Facts) else Facts(history.frame, history.disorder, most)
    permitted = {**_reasons(facts.settings.get("allowed", {})), **_reasons(allowed)}
    wanted = CHECKS.keys() if names is None else names
    for name in (*wanted, *permitted):
        _must_be_known(name)
    if "bad_input" in permitted:
        raise UsageError("bad_input cannot be allowed: it says that the history, not the system, is wrong")
    return tuple(_verdict(check, facts, permitted.get(name, "")) for name, check in CHECKS.items() if name in wanted)


def _must_be_known(name: str) -> None:
    if name not in CHECKS:
        near = difflib.get_close_matches(name, CHECKS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise UsageError(f"no check is called {name!r}{hint} Known: {', '.join(CHECKS)}")


def _reasons(allowed: Any) -> dict[str, str]:
    """By name, why it is allowed. Raises UsageError for what says neither names nor names with reasons."""
    if isinstance(allowed, Mapping):
        return {str(name): str(why) for name, why in allowed.items()}
    if isinstance(allowed, str) or not isinstance(allowed, Collection):
        raise UsageError(f"allowed must name anomalies, each maybe with its reason, not {allowed!r}")
    return dict.fromkeys(map(str, allowed), "as asked")


def _verdict(check: Check, facts: Facts, permitted: str) -> Verdict:
    try:
        found = check.run(facts)
    except Exception as error:
        return unknown(check.name, f"{CRASHED}: {type(error).__name__}: {error}")
    if permitted and found.outcome is Outcome.FAIL:
        summary = f"{found.summary}, allowed: {permitted}"
        return replace(found, outcome=Outcome.PASS, summary=summary, allowed=permitted)
    return found
