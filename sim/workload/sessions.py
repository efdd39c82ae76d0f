"""Who is online when: every device alternates between a session and a break, in the steady state from the start.

    t = 0        ramp                                              duration
      ┆┈┈┈┈┈├────────── session ───────────┤┈┈ break ┈┈├──── session ────…
              residual of a session that                 log-normal
              had begun before the run

Breaks are exponential, with the mean that keeps the share of connected devices: on / (on + off) = connected / users.
A session met at a random moment is length-biased: log-normal again with mu + sigma², and a uniform part of it is left
(renewal theory; Cox, Renewal Theory, 1962, chapter 5). What is left of an exponential break is exponential.

Some sessions are spent in the foreground; in the others the device holds its socket and the person does nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from sim.scenario import Scenario
from sim.workload.streams import Streams

RAMP_MAX_S = 5.0
# A device does not come back in the instant that it left.
BREAK_MIN_S = 0.1


@dataclass(frozen=True, slots=True)
class Session:
    """One socket's life, in nanoseconds from the start of the run. `end_ns` may lie beyond the run."""

    start_ns: int
    end_ns: int
    crashes: bool
    foreground: bool = True


def draw_sessions(scenario: Scenario, streams: Streams) -> list[list[Session]]:
    """Sessions of every user of the box, by user, that begin within the run.

    Exactly `box_connected` users are online at the start; they connect one by one over the ramp, the
    first half of the warm-up and at most 5 s.
    """
    users, connected = scenario.box_users, scenario.box_connected
    ramp_s = min(scenario.run.warm_up_s / 2, RAMP_MAX_S)
    online = set(streams.presence.permutation(users)[:connected].tolist())
    arrivals_s = streams.presence.uniform(0, ramp_s, users).tolist()
    model = _OnOff(scenario, connected / users, streams.sessions)
    drawn = [list(model.sessions(arrivals_s[user] if user in online else None)) for user in range(users)]
    return [_attended(sessions, scenario.population.foreground, streams.attention) for sessions in drawn]


def draw_second_sessions(scenario: Scenario, streams: Streams) -> dict[int, list[Session]]:
    """Sessions of second devices, by user: each comes and goes by itself, as often connected as a first one.

    They hold a socket in the background; the person looks at what comes on the first.
    """
    users, share = scenario.box_users, scenario.population.second_device
    if not share:
        return {}
    connected = scenario.box_connected / users
    model = _OnOff(scenario, connected, streams.device_sessions)
    ramp_s = min(scenario.run.warm_up_s / 2, RAMP_MAX_S)
    owners = np.flatnonzero(streams.devices.random(users) < share).tolist()
    online_s = [streams.devices.uniform(0, ramp_s) if streams.devices.random() < connected else None for _ in owners]
    return {
        user: [replace(session, foreground=False) for session in model.sessions(from_s)]
        for user, from_s in zip(owners, online_s, strict=True)
    }


def _attended(sessions: list[Session], share: float, rng: Generator) -> list[Session]:
    return [replace(session, foreground=rng.random() < share) for session in sessions]


class _OnOff:
    """The alternating renewal process of one device after another."""

    def __init__(self, scenario: Scenario, share: float, rng: Generator) -> None:
        people = scenario.people
        self._rng = rng
        self._mu, self._sigma = math.log(people.session_median_s), people.session_sigma
        self._mean_break_s = people.session_median_s * math.exp(self._sigma**2 / 2) * (1 - share) / share
        self._crash_share = people.crash_share
        self._run_s = scenario.run.duration_s

    def sessions(self, online_from_s: float | None) -> Iterator[Session]:
        """Sessions of a device that is online from the start (it connects then) or not (None)."""
        if online_from_s is None:
            start_s, length_s = self._rng.exponential(self._mean_break_s), self._length_s()
        else:
            start_s, length_s = online_from_s, self._residual_s()
        while start_s < self._run_s:
            yield Session(round(start_s * 1e9), round((start_s + length_s) * 1e9), self._crashes())
            start_s += length_s + max(BREAK_MIN_S, self._rng.exponential(self._mean_break_s))
            length_s = self._length_s()

    def _length_s(self) -> float:
        return self._rng.lognormal(self._mu, self._sigma)

    def _residual_s(self) -> float:
        return self._rng.random() * self._rng.lognormal(self._mu + self._sigma**2, self._sigma)

    def _crashes(self) -> bool:
        return self._rng.random() < self._crash_share
