"""A Case: one run of the model that an experiment asks for, and what it answers.

    seed ──spawn──► replication 0 ──► trace seed, engine seed
                    replication 1 ──► trace seed, engine seed       the same for every design: common random numbers

Whoever runs a case gets the same numbers, so they are kept under its key and never computed twice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.random import SeedSequence

from sim.engine import BOX, Profile, simulate
from sim.experiments.ledger import key_of
from sim.experiments.measure import measure
from sim.scenario import Scenario
from sim.scenario_file import dump_scenario
from sim.workload import make_trace

Values = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Case:
    """Replication `number` (from 0) of a scenario below one `seed`, on a profile."""

    scenario: Scenario
    seed: int
    number: int
    profile: Profile = BOX

    @property
    def seeds(self) -> tuple[int, int]:
        """Seed of the trace, seed of the engine."""
        trace, engine = SeedSequence(self.seed, spawn_key=(self.number,)).spawn(2)
        return _number(trace), _number(engine)

    @property
    def key(self) -> str:
        """The same for the same run, another for any other, or for another version of chatscale."""
        costs = json.dumps(asdict(self.profile), sort_keys=True)
        return key_of(dump_scenario(self.scenario), costs, *map(str, self.seeds))


def observe(case: Case) -> Values:
    """Run the model: what `sim.experiments.measure` says of the history."""
    trace_seed, engine_seed = case.seeds
    trace = make_trace(case.scenario, trace_seed)
    return measure(simulate(case.scenario, trace, case.profile, engine_seed), case.profile.cores)


def _number(child: SeedSequence) -> int:
    return int(child.generate_state(1, np.uint32)[0])
