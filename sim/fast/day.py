"""A day of the full-size system from short windows that are spread over its curve.

    rate ┤       ▁▃▅▇▇▅▃▁             strata: equal stretches of the day
         │   ▏  ▏   ▏  ▏  ▏   ▏       one window in each, at a random moment: together a replication
         │ ▏   ▏  ▏   ▏     ▏   ▏     the next replication, and at least two more
         └──┴───┴───┴───┴───┴───

A window is so short against a day that its rate stands still. All are equally long, so the times of a day are those of
its windows added up, a busy hour with the weight of its messages; and counts grow by the day over the time sampled.
Each replication answers for the whole day, so that the interval over them holds what sampling costs: the moments
that were drawn, and what happened at them (stratified sampling, Cochran 1977, chapter 5).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.random import SeedSequence

from sim.errors import ModelError
from sim.experiments.ledger import key_of
from sim.fast.draws import child_of, table_of_all
from sim.fast.flow import flows
from sim.fast.layout import Layout, full_layout, require_steady
from sim.fast.load import stage_loads
from sim.fast.production import production
from sim.fast.registry import kept_times, requests
from sim.fast.slice import Job, run_slice
from sim.scenario import Scenario
from sim.scenario_file import dump_scenario
from sim.statistics import LEAST
from sim.units import DAY_S
from sim.workload.day_curve import DayCurve

STRATA = 24
REPLICATIONS = 4
WINDOW_S = 1.0
KEPT_SHARDS = 32
# Several times the way of a message and its receipts, and hundreds of times any wait.
_WARM_UP_S = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A window of `seconds`, `at_s` into the day: the `number`-th of its replication, in the layout of that moment."""

    scenario: Scenario
    layout: Layout
    at_s: float
    replication: int
    number: int
    seconds: float
    seed: SeedSequence

    @property
    def key(self) -> str:
        """The same for the same window, another for any other."""
        words = (self.seconds, self.at_s, self.layout.messages_per_s, self.seed.entropy, *self.seed.spawn_key)
        return key_of("window", dump_scenario(self.scenario), *map(repr, words))


def windows(
    scenario: Scenario,
    *,
    seed: int | None = None,
    replications: int = REPLICATIONS,
    strata: int | None = None,
    seconds: float | None = None,
    day_s: float = DAY_S,
) -> list[Window]:
    """The windows of a day, by default 24 of 1 s a replication; what is finished first covers the whole day.

    Raises ModelError for what needs the reference engine, fewer than 4 replications, or more windows than the day has.
    """
    strata = STRATA if strata is None else strata
    seconds = WINDOW_S if seconds is None else seconds
    if replications < LEAST:
        raise ModelError(f"{replications} replications are too few for an interval, at least {LEAST} are needed")
    if not 0 < replications * strata * seconds <= day_s:
        raise ModelError(
            f"{replications} × {strata} windows of {seconds:g} s: expected more than nothing and at most "
            f"{day_s:g} s together; choose fewer or shorter ones"
        )
    usual = full_layout(scenario, "mean")
    require_steady(scenario, "day")
    curve = DayCurve(day_s, scenario.traffic.daily_peak)
    root = SeedSequence(scenario.run.seed if seed is None else seed)
    return list(_windows(scenario, usual, curve, root, replications, strata, seconds))


def _windows(
    scenario: Scenario,
    usual: Layout,
    curve: DayCurve,
    root: SeedSequence,
    replications: int,
    strata: int,
    seconds: float,
) -> Iterator[Window]:
    for replication in range(replications):
        for number in range(strata):
            seed = child_of(child_of(root, replication), number)
            part = np.random.default_rng(child_of(seed, 0)).random()
            at_s = curve.duration_s / strata * (number + part)
            layout = replace(usual, messages_per_s=usual.messages_per_s * curve.intensity(at_s))
            yield Window(scenario, layout, at_s, replication, number, seconds, seed)


def observe(window: Window) -> Mapping[str, Any]:
    """Simulate one window: its histograms and loads, JSON-ready."""
    scenario, layout = window.scenario, window.layout
    asked = requests(scenario, layout)
    shard, served = kept_times(asked, child_of(window.seed, 1), window.seconds, KEPT_SHARDS)
    times = production(scenario, table_of_all(shard.quantiles_s))
    seen = run_slice(Job(layout, times, child_of(window.seed, 2), window.seconds, _WARM_UP_S))
    return {
        "hops": {hop: found.to_dict() for hop, found in seen.hops.items()},
        "stages": {name: asdict(load) for name, load in stage_loads(flows(layout, times), [seen]).items()},
        "redis": {"requests": served, "shards": len(asked.loads), "hottest": float(asked.loads.max())},
    }
