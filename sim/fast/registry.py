"""Redis at full size: presence and connection registry, each shard one thread with its own share of all requests.

    heartbeat        renews presence:{user} and conn:{user}     one request, two commands
    look-up          conn: of a recipient, or of the sender whose message was received or read
    open             presence of all members by one MGET

A shard's requests come from thousands of gateways and workers, so they are Poisson. They outnumber messages thirty to
one; a run simulates all requests of some shards, chosen by `sim.fast.scaling`, and measures what that choice costs
against all shards over a shorter time. A shard's stream depends on seed and number alone: the choice is a true part.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import SeedSequence

from sim.experiments.executor import Executor
from sim.fast.compiled import compiled
from sim.fast.draws import Picker, Stream, child_of, exponential, pick, picker, stream_of
from sim.fast.flow import deliveries_carried
from sim.fast.histogram import BINS, Histogram, bin_of
from sim.fast.layout import RECEIPTS_PER_DELIVERY, Layout, shard_loads
from sim.fast.production import REDIS_COMMAND, REDIS_REQUEST, production
from sim.fast.scaling import Kept, keep_shards, relative_error, weighted
from sim.plan import plan
from sim.scenario import Scenario
from sim.workload.samplers import FloatArray, IntArray

KINDS = ("heartbeat", "look-up", "open")
# Hundreds of service times; a shard at load 0.5 forgets how it began within tens.
WARM_UP_S = 0.005
_COMPARED_REQUESTS = 20e6
_COMPARED_S = 0.25
_BLOCK = 128


@dataclass(frozen=True, slots=True, eq=False)
class Requests:
    """Requests/s of every shard by kind, shape (shards, 3), and the service time of each kind, in seconds."""

    rates_per_s: FloatArray
    services_s: FloatArray

    @property
    def loads(self) -> FloatArray:
        """Offered utilisation of every shard."""
        offered: FloatArray = self.rates_per_s @ self.services_s
        return offered


@dataclass(frozen=True, slots=True, eq=False)
class ShardJob:
    """All requests of one shard over `window_s`."""

    rates_per_s: FloatArray
    services_s: FloatArray
    seed: SeedSequence
    window_s: float


@dataclass(frozen=True, slots=True, eq=False)
class ShardSeen:
    """Times at the shard, waiting included; requests by kind; seconds worked."""

    times: Histogram
    requests: IntArray
    busy_s: float


@dataclass(frozen=True, slots=True, eq=False)
class RegistryRun:
    """The registry over the window: times of all shards, counted from those kept.

    `error` is the relative error of the p99 by that choice, measured against all shards over `compared_s`.
    """

    shards: int
    kept: Kept
    window_s: float
    requests: IntArray
    times: Histogram
    busy_s: FloatArray
    loads: FloatArray
    error: float
    compared_s: float

    @property
    def simulated(self) -> int:
        """Requests that were simulated."""
        return int(self.requests.sum())

    @property
    def heartbeats(self) -> int:
        """Heartbeats that were simulated, each renewing presence and registry entry."""
        return int(self.requests[0])


def requests(scenario: Scenario, layout: Layout) -> Requests:
    """What every Redis shard of the plan gets, at the layout's message rate."""
    made = plan(scenario)
    shards = int(made.line("redis.shards").value)
    connected = made.line("traffic.connected").value
    spread = math.sqrt(math.expm1(scenario.people.activity_sigma**2))
    loads = shard_loads(np.random.default_rng([scenario.run.seed, 0x4ED15]), shards, connected, spread)
    recipients = made.line("traffic.recipients").value
    lookups = deliveries_carried(layout, production(scenario))[0] * (1 + RECEIPTS_PER_DELIVERY)
    opens = connected * scenario.population.foreground * scenario.people.opens_per_s
    rates = np.column_stack([np.full(shards, made.line("traffic.heartbeats").value), lookups * loads, opens * loads])
    commands = np.array([2.0, 1.0, recipients])
    return Requests(rates / shards, REDIS_REQUEST.value + commands * REDIS_COMMAND.value)


def shard_jobs(asked: Requests, shards: IntArray, seed: SeedSequence, window_s: float) -> list[ShardJob]:
    """One job a shard; shard k has the same stream whichever others are asked for."""
    return [
        ShardJob(
            asked.rates_per_s[shard],
            asked.services_s,
            child_of(seed, shard),
            window_s,
        )
        for shard in shards.tolist()
    ]


def run_shard(job: ShardJob) -> ShardSeen:
    """Serve all requests of one shard, first come, first served."""
    counts, tally = np.zeros(BINS, np.int64), np.zeros(len(KINDS), np.int64)
    gap_s = 1 / float(job.rates_per_s.sum())
    total_s, busy_s = _serve(
        stream_of(job.seed),
        gap_s,
        picker(job.rates_per_s),
        job.services_s,
        np.array([WARM_UP_S, WARM_UP_S + job.window_s]),
        counts,
        tally,
    )
    return ShardSeen(Histogram(counts, total_s), tally, busy_s)


@compiled
def _serve(
    stream: Stream,
    gap_s: float,
    kinds: Picker,
    services_s: FloatArray,
    window_s: FloatArray,
    counts: IntArray,
    tally: IntArray,
) -> tuple[float, float]:
    now_s = free_s = total_s = busy_s = 0.0
    while True:
        now_s += exponential(stream, gap_s)
        if now_s > window_s[1]:
            return total_s, busy_s
        kind = pick(stream, kinds)
        free_s = max(now_s, free_s) + services_s[kind]
        if now_s > window_s[0]:
            counts[bin_of(free_s - now_s)] += 1
            tally[kind] += 1
            total_s += free_s - now_s
            busy_s += services_s[kind]


def run_block(jobs: Sequence[ShardJob]) -> Histogram:
    """Times at all shards of a block."""
    return sum((run_shard(job).times for job in jobs), Histogram.empty())


def kept_times(asked: Requests, seed: SeedSequence, window_s: float, keep: int) -> tuple[Histogram, int]:
    """Times at all shards as so many kept ones tell them, and how many requests were simulated."""
    kept = keep_shards(asked.loads, min(keep, len(asked.loads)))
    seen = [run_shard(job) for job in shard_jobs(asked, kept.shards, seed, window_s)]
    return weighted([shard.times for shard in seen], kept), sum(int(shard.requests.sum()) for shard in seen)


def run_registry(asked: Requests, executor: Executor, seed: SeedSequence, window_s: float, keep: int) -> RegistryRun:
    """The kept shards over the whole time, and all of them over a short one to know what the choice costs."""
    kept = keep_shards(asked.loads, min(keep, len(asked.loads)))
    compared_s = min(_COMPARED_S, window_s, _COMPARED_REQUESTS / float(asked.rates_per_s.sum()))
    seen = list(executor.map(run_shard, shard_jobs(asked, kept.shards, seed, window_s)))
    shortly = executor.map(run_shard, shard_jobs(asked, kept.shards, seed, compared_s))
    partial = weighted([shard.times for shard in shortly], kept)
    jobs = shard_jobs(asked, np.arange(len(asked.loads)), seed, compared_s)
    blocks = [jobs[start : start + _BLOCK] for start in range(0, len(jobs), _BLOCK)]
    whole = sum(executor.map(run_block, blocks), Histogram.empty())
    return RegistryRun(
        shards=len(asked.loads),
        kept=kept,
        window_s=window_s,
        requests=np.sum([shard.requests for shard in seen], axis=0),
        times=weighted([shard.times for shard in seen], kept),
        busy_s=np.array([shard.busy_s for shard in seen]),
        loads=asked.loads,
        error=relative_error(partial, whole),
        compared_s=compared_s,
    )
