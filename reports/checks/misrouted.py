"""misrouted: a message was shown where it should not have arrived.

not_a_member    the device's user does not belong to the conversation
closed_session  its session had ended before
ghost_session   the device had opened a newer session before, and the older one went on getting messages
"""

from __future__ import annotations

import numpy as np

from reports.checks.base import Check, example, judge
from reports.checks.codes import Firsts, Flags, Integers, reasons
from reports.checks.facts import Facts, facts_of
from sim.history import History
from sim.verdict import Verdict

REASONS = ("closed_session", "ghost_session", "not_a_member")


def run(history: History) -> Verdict:
    """Judge by the definition above."""
    facts = facts_of(history)
    session, t_ns = facts.delivers["session"].to_numpy(), facts.delivers["t_ns"].to_numpy()
    closed, newer = facts.session_times_ns("conn.close"), _replaced_ns(facts)
    rows, reason = reasons([closed[session] < t_ns, newer[session] < t_ns, ~_belongs(facts)])
    ends = {kind: facts.session_events(kind) for kind in ("conn.open", "conn.close")}
    return judge(
        "misrouted",
        count=len(rows),
        checked=len(facts.delivers),
        found="in the wrong place",
        candidates="deliveries",
        too_little=facts.silence,
        examples=[
            example(
                (*(ends[kind][session[row]] for kind in ends), facts.delivers.index[row]),
                REASONS[why].replace("_", " "),
            )
            for row, why in zip(rows[: facts.most], reason, strict=False)
        ],
        values={name: int(n) for i, name in enumerate(REASONS) if (n := (reason == i).sum())},
    )


def _replaced_ns(facts: Facts) -> Integers:
    """By session: when its device opened the next one, NEVER_NS if it did not."""
    times = facts.session_times_ns("conn.open")
    replaced = np.full_like(times, np.iinfo(np.int64).max)
    opens = facts.table("conn.open", "device", "session")
    opens = opens[(opens["session"] >= 0) & (opens["device"] >= 0)].sort_values("device", kind="stable")
    device, session = opens["device"].to_numpy(), opens["session"].to_numpy()
    same = np.diff(device) == 0
    replaced[session[:-1][same]] = times[session[1:][same]]
    return replaced


def _belongs(facts: Facts) -> Flags:
    """Which deliveries reach a member; all of them if the config names no members."""
    if not facts.names_members:
        return np.ones(len(facts.delivers), dtype=np.bool_)
    users = len(facts.names("user"))
    allowed, asked = (
        rows["conv"].to_numpy() * users + rows["user"].to_numpy() for rows in (facts.members, facts.delivers)
    )
    return Firsts.of(allowed).find(asked) >= 0


CHECK = Check(
    "misrouted",
    "safety",
    "A message was shown to somebody outside the conversation, or in a session that had ended or been replaced.",
    run,
)
