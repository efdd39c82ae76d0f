"""Small worlds for the tests: two people, costs without delays, a queue fed at random."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import simpy

from sim.engine import BOX
from sim.engine.profile import DELAYS, PROBABILITIES, PROCESSES, Delay, Profile
from sim.history import History
from sim.scenario import Scenario
from sim.trace import Action, Trace

SECOND = 1_000_000_000


def scenario(**design: Any) -> Scenario:
    """A scenario of 20 users with these design choices (keys as in a file)."""
    return Scenario.model_validate(
        {
            "name": "small",
            "population": {"users": 2_000_000_000},
            "traffic": {"messages": "100bn/day"},
            "scale": {"connections": 1e-8},
            "design": design,
            "run": {"duration": 10, "warm_up": 0},
        }
    )


def people(*actions: Action, conv: int = 5, users: Sequence[int] = (1, 2), duration_s: float = 10.0) -> Trace:
    """A trace in which `users` are members of `conv`."""
    joins = [Action(0, "join", user, conv) for user in users]
    return Trace.of([*joins, *actions], seed=1, duration_s=duration_s)


def exact(profile: Profile = BOX) -> Profile:
    """The profile without delays, wake-ups and idle shares: every time follows from the operations' CPU alone."""
    none = Delay((0.0,) * len(PROBABILITIES), "assumed", "no delay")
    idle = {kind: replace(share, value=0.0, low=0.0) for kind, share in profile.background.items()}
    wakes = {f"{kind}.wake": replace(profile.cpu[f"{kind}.wake"], value=0.0, low=0.0) for kind in PROCESSES}
    return replace(profile, delays=dict.fromkeys(DELAYS, none), background=idle, cpu={**profile.cpu, **wakes})


def story(history: History, *kinds: str) -> list[tuple[str, str]]:
    """Kind and user of each event (all but samples, or these kinds), in order."""
    rows = history.of_kind(*kinds) if kinds else history.frame[history.frame["kind"] != "sample"]
    users = ["" if pd.isna(user) else str(user) for user in rows["user"]]
    return list(zip(rows["kind"].astype(str), users, strict=True))


Serve = Callable[[float], simpy.Event]


def mean_sojourn_s(
    env: simpy.Environment, stages: Sequence[Serve], rate_per_s: float, services: Sequence[Sequence[float]], seed: int
) -> float:
    """Mean time of Poisson customers through the stages, the first tenth not counted; `services` has a row a stage."""
    gaps = np.random.default_rng(seed).exponential(1 / rate_per_s, len(services[0]))
    sojourns: list[float] = []

    def customer(number: int) -> Any:
        came_s = env.now
        for serve, service in zip(stages, services, strict=True):
            yield serve(service[number])
        if number >= len(gaps) // 10:
            sojourns.append(env.now - came_s)

    def source() -> Any:
        for number, gap in enumerate(gaps):
            yield env.timeout(gap)
            env.process(customer(number))

    env.process(source())
    env.run()
    return float(np.mean(sojourns))
