"""`bench sim`: how fast the full-size model is, against the clock and against the same path event by event.

compile   once a machine; kept beside the source
pipeline  three servers in a row in the recursion, SimPy and Ciw: messages a second of each, and every time compared
sample    a small part of all shards at the full load per shard, both ways: SimPy's speed, and every time compared
minute    every message, delivery and receipt of the whole system
day       cores that keep up with a day at 1:1, and core-hours that it takes, from the minute's processor time
"""

from __future__ import annotations

import os
import resource
import time
from dataclasses import asdict, replace
from typing import Any

from numpy.random import SeedSequence

from chatscale.following import Nobody, Watcher
from chatscale.run_folder import machine
from sim.fast.event_path import Agreement, compare_engines
from sim.fast.full import Threads, full_run
from sim.fast.layout import full_layout
from sim.fast.pipeline import pipeline, side_by_side
from sim.fast.production import production
from sim.fast.slice import Job
from sim.plan import plan
from sim.scenario import Scenario
from sim.scenario_file import load_scenario
from sim.units import DAY_S

_SAMPLE_SHARE = 1 / 3000
_SAMPLE_S = 4.0
_PIPELINE_MESSAGES = 20_000


def bench_sim(name: str = "whatsapp", *, seconds: float = 60.0, watcher: Watcher | None = None) -> dict[str, Any]:
    """The figures of one full-size run of `seconds` simulated seconds. Raises ModelError as `full_run` does."""
    watch = watcher or Nobody()
    scenario = load_scenario(name)
    threads = len(os.sched_getaffinity(0))
    watch.step("compile")
    compile_s = _compile(scenario)
    watch.step("one pipeline in the recursion, SimPy and Ciw")
    engines = side_by_side(pipeline(_PIPELINE_MESSAGES, scenario.run.seed))
    watch.step("the same path on SimPy, on a sample")
    agreement = sample(scenario)
    watch.note(f"{agreement.messages:,} messages in {agreement.event_s:.1f} s, differing by {agreement.largest_s:g} s")
    watch.step(f"{seconds:g} s of {name} at full size")
    began_s, cpu_s = time.perf_counter(), time.process_time()
    run = full_run(scenario, Threads(threads), seconds=seconds, on_note=watch.note)
    wall_s, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_s
    counts = run.counts
    event_per_s, fast_per_s = agreement.messages / agreement.event_s, counts["messages"] / wall_s
    return {
        "scenario": name,
        **counts,
        "simulated_s": seconds,
        "wall_s": round(wall_s, 2),
        "real_time_factor": round(seconds / wall_s, 3),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "speedup_vs_simpy": round(fast_per_s / event_per_s),
        "speedup_vs_simpy_per_core": round(counts["messages"] / cpu_s / event_per_s),
        "max_abs_diff_vs_simpy": agreement.largest_s,
        "times_compared": agreement.compared,
        "simpy_messages_per_s": round(event_per_s),
        "messages_per_s": round(fast_per_s),
        "cpu_s": round(cpu_s, 2),
        "compile_s": round(compile_s, 2),
        "threads": threads,
        "engines": {name: asdict(speed) for name, speed in engines.items()},
        "whole_day": whole_day(scenario, counts["messages"] / cpu_s),
        "redis_shards": run.registry.shards,
        "redis_shards_kept": len(run.registry.kept.shards),
        "redis_p99_error": run.registry.error,
        "machine": machine(),
    }


def whole_day(scenario: Scenario, messages_per_core_s: float) -> dict[str, float]:
    """What every message of 24 hours takes at that speed: in all, and to have it in a day."""
    messages = plan(scenario).line("traffic.messages_mean").value * DAY_S
    core_s = messages / messages_per_core_s
    return {
        "messages": round(messages),
        "core_hours": round(core_s / 3600, 2),
        "cores_for_real_time": round(core_s / DAY_S, 2),
        "cores_for_one_hour": round(core_s / 3600, 1),
    }


def sample(scenario: Scenario) -> Agreement:
    """A small part of the system, both ways."""
    layout = full_layout(scenario).part(_SAMPLE_SHARE)
    return compare_engines(Job(layout, production(scenario), SeedSequence(scenario.run.seed), _SAMPLE_S - 1, 1.0))


def _compile(scenario: Scenario) -> float:
    """Have all machine code ready; seconds that it took."""
    began_s = time.perf_counter()
    layout = replace(full_layout(scenario).part(_SAMPLE_SHARE), messages_per_s=100.0)
    compare_engines(Job(layout, production(scenario), SeedSequence(1), 0.05, 0.05))
    return time.perf_counter() - began_s
