"""Worlds with faults for the tests: small groups that write all the time, and the checks that judge what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from reports.checks import check_history
from sim.engine import BOX, Profile, simulate
from sim.history import History
from sim.scenario import Scenario
from sim.trace import Action, Trace
from sim.verdict import Outcome
from tests.sim.engine.worlds import SECOND

USERS = (1, 2, 3, 4)
CONVERSATIONS = (5, 6, 7, 8)
OF_MESSAGES = ("lost", "duplicated", "reordered_sender", "order_divergence", "resume_gap", "phantom")
PROMISES = (*OF_MESSAGES, "receipt_regress", "receipt_lost")


def fault(kind: str, target: str, at: float, lasts: float | None = None, **more: Any) -> dict[str, Any]:
    """A row of [[faults]]."""
    return {"kind": kind, "target": target, "at": at, **({} if lasts is None else {"for": lasts}), **more}


def faulty(*faults: dict[str, Any], preset: str = "hardened", **design: Any) -> Scenario:
    """A scenario of 20 users and 60 s with these faults."""
    return Scenario.model_validate(
        {
            "name": "faulty",
            "population": {"users": 2_000_000_000},
            "traffic": {"messages": "100bn/day"},
            "scale": {"connections": 1e-8},
            "design": {"preset": preset, **design},
            "run": {"duration": 60, "warm_up": 0},
            "faults": faults,
        }
    )


def heartbeats(users: Sequence[int] = USERS, duration_s: float = 60.0, each_s: float = 15.0) -> Iterator[Action]:
    """Of users that connected at 0."""
    for number in range(1, round(duration_s / each_s)):
        yield from (Action(round(number * each_s * 1e9), "heartbeat", user) for user in users)


def chatter(end_s: float = 30.0, gap_s: float = 0.1, duration_s: float = 60.0) -> Trace:
    """All are in all conversations and write in turn, from 2 s on."""
    actions = [Action(0, "join", user, conv) for conv in CONVERSATIONS for user in USERS]
    actions += [Action(0, "connect", user) for user in USERS]
    actions += heartbeats(duration_s=duration_s)
    written: dict[tuple[int, int], int] = {}
    for number in range(round((end_s - 2) / gap_s)):
        user, conv = USERS[number % 4], CONVERSATIONS[number // 4 % 4]
        written[user, conv] = written.get((user, conv), 0) + 1
        at_ns = 2 * SECOND + round(number * gap_s * 1e9)
        actions.append(Action(at_ns, "send", user, conv, f"m{number}", written[user, conv], 20))
    return Trace.of(actions, seed=1, duration_s=duration_s)


def broken(history: History, names: Sequence[str] = PROMISES) -> dict[str, int]:
    """The promises that were broken, and how often; the history must have come to its quiet end."""
    assert history.quiesced_ns is not None
    return {v.check: v.count for v in check_history(history, names) if v.outcome is Outcome.FAIL}


def run(*faults: dict[str, Any], preset: str = "hardened", profile: Profile = BOX, **design: Any) -> History:
    """The chatter under these faults."""
    return simulate(faulty(*faults, preset=preset, **design), chatter(), profile)
