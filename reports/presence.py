"""Answers of the presence store against the truth of the sessions.

online, but gone     the user was away from the question to the answer: expected until the TTL has passed
                     (`stale_online` judges beyond that)
offline, but there   the user was there from the question to the answer
"""

from __future__ import annotations

from dataclasses import dataclass

from reports.sessions import Sessions
from sim.history import History


@dataclass(frozen=True, slots=True)
class PresenceAnswers:
    """How many users were asked about, and how many answers differ from the truth."""

    reads: int
    stale_online: int
    false_offline: int


def presence_answers(history: History) -> PresenceAnswers:
    """Compare every `presence.read` with the sessions open from its start to its end."""
    reads = history.of_kind("presence.read")
    asked = (reads["reader"], reads["start_ns"].fillna(reads["t_ns"]), reads["t_ns"])
    sessions = Sessions.of(history)
    online = (reads["state"] == "online").to_numpy()
    gone, there = sessions.absent(*asked), sessions.stays(*asked)
    return PresenceAnswers(len(reads), int((online & gone).sum()), int((~online & there).sum()))
