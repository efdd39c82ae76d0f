"""Sockets that are cut at once, and the storm of devices that come back.

    session    ├──────────✂┈┈┈┈┈┈┈┈┈├───────┤         cut at `at`, back by back-off, ends when it would have
               ├───────────────────────────┤
    later                ┈┈┈├┈┈┈┈┈├─────────┤         begins while the gateway is away: late by back-off too

A drop takes whole gateways, in the order of their numbers (devices are spread over gateways by user id), and a random
part of the last where the share is none of a whole number. Back-off is exponential with full jitter, so
that devices do not return in step (Google's guidance for FCM; AWS Architecture Blog, "Exponential Backoff And Jitter").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from numpy.random import Generator

from sim.scenario import Drop, Scenario
from sim.workload.sessions import Session


def with_drops(scenario: Scenario, sessions: Sequence[list[Session]], rng: Generator) -> list[list[Session]]:
    """The sessions of every user as the scenario's drops leave them. Draws nothing when there are none."""
    left = list(sessions)
    gateways = scenario.design.gateways
    for drop in sorted(scenario.drops, key=lambda drop: drop.at_s):
        parts = rng.random(len(left)).tolist()
        for user, part in enumerate(parts):
            if (user % gateways + part) / gateways < drop.share:
                left[user] = list(_dropped(left[user], drop, rng))
    return left


def backoff_s(rng: Generator, drop: Drop, away_s: float) -> float:
    """Time to the first attempt that finds the gateway back, `away_s` from now."""
    waited_s, longest_s = 0.0, drop.backoff_s
    while True:
        waited_s += rng.uniform(0, longest_s)
        if waited_s >= away_s:
            return waited_s
        longest_s = min(drop.backoff_max_s, 2 * longest_s)


def _dropped(sessions: Sequence[Session], drop: Drop, rng: Generator) -> Iterator[Session]:
    at_ns, back_ns = round(drop.at_s * 1e9), round((drop.at_s + drop.away_s) * 1e9)
    for session in sessions:
        cut = session.start_ns < at_ns < session.end_ns
        late = at_ns <= session.start_ns < back_ns
        if cut:
            yield replace(session, end_ns=at_ns, crashes=True)
        if not cut and not late:
            yield session
            continue
        tried_ns = max(at_ns, session.start_ns)
        start_ns = tried_ns + round(backoff_s(rng, drop, max(0, back_ns - tried_ns) / 1e9) * 1e9)
        if start_ns < session.end_ns:
            yield replace(session, start_ns=start_ns)
