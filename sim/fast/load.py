"""How busy each stage is: what it is offered, what it did, and how fast a backlog grows where it is offered too much.

offered   arrival rate × mean service, of each shard (utilisation law), known before anything is simulated
busy      seconds worked over seconds passed, as simulated
growth    what comes to the overloaded shards and cannot be served, records a second
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sim.fast.flow import STAGES, Flow, flows
from sim.fast.layout import Layout
from sim.fast.slice import Seen
from sim.fast.steps import Times
from sim.workload.samplers import FloatArray


@dataclass(frozen=True, slots=True)
class StageLoad:
    """Utilisation of a stage's shards: mean and hottest as simulated, and the highest that is offered.

    `growth_per_s` is records a second over the `overloaded` shards, those that are offered 1 or more.
    """

    shards: int
    mean: float
    hottest: float
    hottest_shard: int
    offered_hottest: float
    overloaded: int
    growth_per_s: float


@dataclass(frozen=True, slots=True)
class Surge:
    """The highest rate of a run: messages a second, what each stage's hottest shard is offered, and growth there."""

    messages_per_s: float
    offered: Mapping[str, float]
    growth_per_s: Mapping[str, float]


def surge(highest: Layout, times: Times) -> Surge:
    """What the stages are offered in the layout of that moment."""
    asked = flows(highest, times)
    return Surge(
        highest.messages_per_s,
        {name: float(flow.offered.max()) for name, flow in asked.items()},
        {name: float(flow.growth_per_s.sum()) for name, flow in asked.items() if flow.growth_per_s.any()},
    )


def stage_loads(flows: Mapping[str, Flow], seen: Sequence[Seen]) -> dict[str, StageLoad]:
    """The loads of all stages over all slices, in the order of the path."""
    passed_s = seen[0].window_s * len(seen)
    busy = {name: np.sum([one.busy_s[name] for one in seen], axis=0) / passed_s for name in STAGES}
    return {name: _stage_load(flows[name], busy[name]) for name in STAGES}


def _stage_load(flow: Flow, busy: FloatArray) -> StageLoad:
    # A server that never rests has been given more than it did: services are noted when they are handed over.
    busy = np.minimum(busy, 1.0)
    return StageLoad(
        shards=len(busy),
        mean=float(busy.mean()),
        hottest=float(busy.max()),
        hottest_shard=int(busy.argmax()),
        offered_hottest=float(flow.offered.max()),
        overloaded=int((flow.offered >= 1).sum()),
        growth_per_s=float(flow.growth_per_s.sum()),
    )
