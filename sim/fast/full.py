"""A minute of the full-size system at 1:1, from independent slices of it: every message, delivery and receipt.

    registry  kept Redis shards ──times at a shard──►┐
                                                     ├─► slice 1 … slice n (one a thread) ─► histograms added up
    layout of the plan, times of production ────────►┘

The slices are replications: the interval of a figure is Student's over them. A server whose load is 1 or more has no
steady state; what is told of it is how fast its backlog grows, and no latency of what passes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from numpy.random import SeedSequence

from sim.errors import ModelError
from sim.experiments.executor import Executor
from sim.fast.draws import table_of
from sim.fast.flow import flows
from sim.fast.layout import Load, full_layout
from sim.fast.load import stage_loads
from sim.fast.production import production
from sim.fast.registry import RegistryRun, requests, run_registry
from sim.fast.result import FullRun
from sim.fast.slice import Job, Seen, run_slice
from sim.scenario import Scenario
from sim.workload.samplers import FloatArray

Item = TypeVar("Item")
Result = TypeVar("Result")

SLICES = 6
KEPT_SHARDS = 64
WARM_UP_S = 0.5


class Threads:
    """An executor of threads: compiled code lets go of the interpreter, so they use all cores and share all tables."""

    def __init__(self, threads: int) -> None:
        self._threads = threads

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """`function` of every item, in the order of the items."""
        with ThreadPoolExecutor(self._threads) as pool:
            yield from pool.map(function, items)


def full_run(
    scenario: Scenario,
    executor: Executor,
    *,
    seconds: float = 60.0,
    load: Load = "peak",
    seed: int | None = None,
    kept_shards: int = KEPT_SHARDS,
    slices: int = SLICES,
    on_note: Callable[[str], None] = lambda _: None,
) -> FullRun:
    """Simulate so many seconds of the whole system. The same seed gives the same result with any executor.

    Raises ModelError for what needs the reference engine, and for fewer than 4 slices.
    """
    if slices < 4 or seconds <= 0:
        raise ModelError(
            f"{seconds:g} s in {slices} slices: expected a positive time and at least 4 slices for an interval"
        )
    layout = full_layout(scenario, load)
    registry_seed, *slice_seeds = SeedSequence(scenario.run.seed if seed is None else seed).spawn(slices + 1)
    registry = run_registry(requests(scenario, layout), executor, registry_seed, seconds, kept_shards)
    on_note(f"{registry.heartbeats:,} heartbeats on {len(registry.kept.shards)} of {registry.shards:,} Redis shards")
    times = production(scenario, shard_table(registry))
    window_s = seconds / slices
    jobs = [Job(layout, times, child, window_s, WARM_UP_S) for child in slice_seeds]
    seen: list[Seen] = []
    for found in executor.map(run_slice, jobs):
        seen.append(found)
        done = sum(one.hops["gateway"].count for one in seen)
        on_note(f"{len(seen) * window_s:.1f} of {seconds:g} s, {done:,} messages")
    return FullRun(
        scenario=scenario.name,
        load=load,
        simulated_s=seconds,
        layout=layout,
        slices=tuple(slice_.hops for slice_ in seen),
        stages=stage_loads(flows(layout, times), seen),
        registry=registry,
    )


def shard_table(registry: RegistryRun) -> FloatArray:
    """The distribution of the time at a Redis shard, for whoever looks something up."""
    return table_of(registry.times.quantile_s)
