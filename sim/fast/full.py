"""The full-size system at 1:1, from independent slices of it: every message, delivery and receipt.

    registry  kept Redis shards ──times at a shard──►┐
                                                     ├─► slice 1 … slice n (one a thread) ─► histograms added up
    layout of the plan, times of production ────────►┘

A steady minute is cut into slices of time; a run with bursts into parts of the system (`sim.fast.timeline`), since
what backs up in a burst is there after it. Slices are replications: the interval of a figure is Student's over them.
A server whose load is 1 or more has no steady state; what is told of it is how fast its backlog grows, and no latency
of what passes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

from numpy.random import SeedSequence

from sim.errors import ModelError
from sim.experiments.executor import Executor
from sim.fast.draws import table_of_all
from sim.fast.flow import flows
from sim.fast.layout import Load, full_layout, require_steady
from sim.fast.load import stage_loads, surge
from sim.fast.production import production
from sim.fast.registry import RegistryRun, requests, run_registry
from sim.fast.result import FullRun
from sim.fast.slice import Job, Seen, run_slice
from sim.fast.storm import Wave, run_waves
from sim.fast.timeline import clock_of, message_course, parts, read_course, side_by_side
from sim.scenario import Scenario
from sim.workload.samplers import FloatArray

Item = TypeVar("Item")
Result = TypeVar("Result")

SLICES = 6
PARTS = 4
KEPT_SHARDS = 64
WARM_UP_S = 0.5
_STORM = 0x5708


class Threads:
    """An executor of threads: compiled code lets go of the interpreter, so they use all cores and share all tables."""

    def __init__(self, threads: int) -> None:
        self._threads = threads

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """`function` of every item, in the order of the items."""
        pool = ThreadPoolExecutor(self._threads)
        try:
            yield from pool.map(function, items)
        finally:
            # Whoever gives up does not wait for what was not begun.
            pool.shutdown(cancel_futures=True)


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
    """Simulate so many steady seconds of the whole system. The same seed gives the same result with any executor.

    Raises ModelError for what needs the reference engine, for a scenario with bursts or shocks unless at its event
    peak, and for fewer than 4 slices.
    """
    if slices < 4 or seconds <= 0:
        raise ModelError(
            f"{seconds:g} s in {slices} slices: expected a positive time and at least 4 slices for an interval"
        )
    require_steady(scenario, load)
    layout = full_layout(scenario, load)
    registry_seed, *seeds = _seeds(scenario, seed).spawn(slices + 1)
    registry = run_registry(requests(scenario, layout), executor, registry_seed, seconds, kept_shards)
    times = production(scenario, shard_table(registry))
    jobs = [Job(layout, times, child, seconds / slices, WARM_UP_S) for child in seeds]
    on_note(told(registry))
    seen = _run(jobs, executor, on_note)
    loads = stage_loads(flows(layout, times), seen)
    waves = _waves(scenario, executor, seed, registry)
    return FullRun(scenario.name, load, seconds, layout, tuple(one.hops for one in seen), loads, registry, waves=waves)


def full_play(
    scenario: Scenario,
    executor: Executor,
    *,
    seed: int | None = None,
    kept_shards: int = KEPT_SHARDS,
    on_note: Callable[[str], None] = lambda _: None,
) -> FullRun:
    """Simulate the scenario's own run at full size: day curve, bursts and shocks, in four parts of the system.

    A stage has a steady state when it keeps up over the whole run: what backs up in a burst shows in the latencies.
    Redis is at the highest rate of the run throughout. Raises ModelError for what needs the reference engine, and for
    a system too small for four parts.
    """
    layout, duration_s = full_layout(scenario, "mean"), scenario.run.duration_s
    clock = clock_of(scenario, scenario.run.seed if seed is None else seed)
    course = message_course(clock, WARM_UP_S)
    reads = read_course(course, scenario.people.read_delay_median_s, scenario.people.read_delay_sigma)
    registry_seed, *seeds = _seeds(scenario, seed).spawn(PARTS + 1)
    highest = replace(layout, messages_per_s=layout.messages_per_s * float(course.factors.max()))
    registry = run_registry(requests(scenario, highest), executor, registry_seed, duration_s, kept_shards)
    times = production(scenario, shard_table(registry))
    jobs = [
        Job(part, times, child, duration_s, WARM_UP_S, course=course, reads=reads)
        for part, child in zip(parts(layout, PARTS), seeds, strict=True)
    ]
    on_note(told(registry))
    seen = _run(jobs, executor, on_note)
    mean = replace(layout, messages_per_s=layout.messages_per_s * clock.total_s / duration_s)
    loads = stage_loads(flows(mean, times), [side_by_side(seen)])
    hops = tuple(one.hops for one in seen)
    waves = _waves(scenario, executor, seed, registry)
    return FullRun(scenario.name, "run", duration_s, mean, hops, loads, registry, surge(highest, times), waves)


def shard_table(registry: RegistryRun) -> FloatArray:
    """The distribution of the time at a Redis shard, for whoever looks something up."""
    return table_of_all(registry.times.quantiles_s)


def told(registry: RegistryRun) -> str:
    """How much of Redis was simulated."""
    return f"{registry.heartbeats:,} heartbeats on {len(registry.kept.shards)} of {registry.shards:,} Redis shards"


def _run(jobs: Sequence[Job], executor: Executor, on_note: Callable[[str], None]) -> list[Seen]:
    seen: list[Seen] = []
    for found in executor.map(run_slice, jobs):
        seen.append(found)
        done = sum(one.hops["gateway"].count for one in seen)
        on_note(f"{len(seen)} of {len(jobs)} slices, {done:,} messages")
    return seen


def _waves(scenario: Scenario, executor: Executor, seed: int | None, registry: RegistryRun) -> tuple[Wave, ...]:
    own = SeedSequence([scenario.run.seed if seed is None else seed, _STORM])
    return run_waves(scenario, executor, own, float(registry.loads.max()))


def _seeds(scenario: Scenario, seed: int | None) -> SeedSequence:
    return SeedSequence(scenario.run.seed if seed is None else seed)
