"""A schedule of faults drawn from a seed: one after the other, each given the time to be undone and recovered from.

    |── slot ──|── slot ──|── slot ──|     a slot of at least 20 s; its fault begins in the first quarter
      ▓▓▓        ▓          ▓▓▓▓▓          and lasts for at most half of it; a pause of a worker and a loss of
                                           heartbeats last longer

The same seed, design and duration give the same faults. Every kind and every target of a kind is as likely as any
other. What is drawn stands in the run's scenario file, so that a run can be repeated without the seed too.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.random import PCG64, SeedSequence

from sim.design import Design
from sim.errors import UsageError
from sim.faults import KINDS, NETWORK, STOPS, Fault
from sim.scenario import Scenario

_SLOT_S = 20.0
_SHORTEST_S = 0.5
# A worker is given up by its group after 10 s: most of these pauses make a zombie of it.
_LONG_PAUSE_S = (8.0, 14.0)
_SURE_S = 5.0
_STREAM = 0xFA17


def draw_faults(seed: int, design: Design, duration_s: float) -> tuple[Fault, ...]:
    """As many faults as slots fit; at least one. Raises UsageError for a run that is too short for any."""
    return _draw_slots([seed, _STREAM], design, duration_s, KINDS)


def draw_mixed_faults(seed: int, design: Design, duration_s: float) -> tuple[Fault, ...]:
    """In every slot a part is stopped, and the network goes wrong somewhere too. Raises UsageError as `draw_faults`."""
    stops = _draw_slots([seed, _STREAM, 1], design, duration_s, STOPS)
    network = map(_sure_to_hit, _draw_slots([seed, _STREAM, 2], design, duration_s, NETWORK))
    return tuple(sorted((*stops, *network), key=lambda fault: fault.at_s))


def _sure_to_hit(fault: Fault) -> Fault:
    """A node of a cluster answers a third of the requests: what is to hit some of them takes longer and less for it."""
    changes: dict[str, Any] = {"for_s": max(fault.for_s or 0.0, _SURE_S)}
    if fault.nth is not None:
        changes["nth"] = 1 + fault.nth // 5
    if fault.after_bytes is not None:
        changes["after_bytes"] = fault.after_bytes // 10
    return fault.model_copy(update=changes)


def _draw_slots(entropy: list[int], design: Design, duration_s: float, kinds: Collection[str]) -> tuple[Fault, ...]:
    if duration_s < _SLOT_S:
        raise UsageError(
            f"a run of {duration_s:g} s has no time for drawn faults; they need {_SLOT_S:g} s: --set run.duration"
        )
    rng = np.random.Generator(PCG64(SeedSequence(entropy)))
    slots = int(duration_s // _SLOT_S)
    slot_s = duration_s / slots
    return tuple(_draw(rng, design, number * slot_s, slot_s, kinds) for number in range(slots))


def _draw(rng: np.random.Generator, design: Design, start_s: float, slot_s: float, kinds: Collection[str]) -> Fault:
    gateways = [f"gateway-{number + 1}" for number in range(design.gateways)]
    workers = [f"worker-{number + 1}" for number in range(design.workers)]
    targets: dict[str, list[str]] = {
        "pause": [*gateways, *workers, *design.servers],
        "kill": [*gateways, *workers, *design.servers],
        "drain": [*gateways, *workers],
        # Nobody asks a replica of Redis for anything.
        **{kind: [server for server in design.servers if server != "redis-2"] for kind in NETWORK},
        "skew": gateways,
        "lose-heartbeats": gateways,
    }
    kind = str(rng.choice([kind for kind in targets if kind in kinds]))
    row: dict[str, Any] = {
        "kind": kind,
        "target": str(rng.choice(targets[kind])),
        "at": round(start_s + float(rng.uniform(0.05, 0.25)) * slot_s, 1),
        "for": round(float(rng.uniform(_SHORTEST_S, slot_s / 2)), 1),
    }
    match kind:
        case "pause" if row["target"] in workers:
            row["for"] = round(float(rng.uniform(*_LONG_PAUSE_S)), 1)
        case "slow":
            row["by"] = round(float(rng.uniform(0.01, 0.2)), 3)
        case "skew":
            row["by"] = round(float(rng.uniform(-0.9, 0.9)), 3)
        case "cut":
            row["after"] = int(rng.integers(0, 20_000))
        case "lose-response":
            row["nth"] = int(rng.integers(1, 20))
        case "lose-heartbeats":
            # A device sends one a period: whatever is shorter may hit none.
            row["for"] = max(row["for"], min(design.heartbeat_s, round(start_s + slot_s - row["at"], 1)))
            row["share"] = round(float(rng.uniform(0.3, 1.0)), 2)
    return Fault.model_validate(row)


def with_drawn_faults(scenario: Scenario, seed: int) -> Scenario:
    """The scenario under faults drawn from a seed. Raises UsageError if it has faults of its own."""
    if scenario.faults:
        raise UsageError(
            f"{scenario.name} has faults of its own; leave out --faults, or lay none over it: --set 'faults=[]'"
        )
    drawn = draw_faults(seed, scenario.design, scenario.run.duration_s)
    return scenario.model_copy(update={"faults": drawn})
