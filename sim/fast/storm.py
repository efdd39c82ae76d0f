"""The wave of devices that come back when sockets were cut at full size: every device of some gateways, one by one.

    cut ─► back-off (full jitter) ─► handshake: the cores of its gateway ─► Redis: two keys ─► Cassandra: what is new?
           law of the drop           queue of every device, exact            offered load at the busiest moment

A device goes back to its gateway, or to what replaces it. Gateways share nothing at the handshake and have the same law
(people are spread by hash), so some of them tell of all: what is kept is a true part, and its interval says how much
that leaves open. Redis and Cassandra see the sum of all gateways, millions of devices, which is as good as its mean.

Not answered here: what messages wait that are for somebody who is away (the time until they are back is), and what
retries and late clean-ups do to order and presence; the reference engine plays those on the box.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator, SeedSequence

from sim.experiments.executor import Executor
from sim.fast.kernel import fifo
from sim.fast.production import REDIS_COMMAND, REDIS_REQUEST
from sim.plan import parameters as known
from sim.plan import plan
from sim.provenance import assumed
from sim.scenario import Drop, People, Scenario
from sim.statistics import Interval, mean_interval
from sim.workload.samplers import FloatArray

CONNECT_WORK = assumed(
    "gateway's work for a connect",
    500e-6,
    "s",
    "TLS 1.3 handshake without resumption, upgrade, authentication, on one core",
    200e-6,
    2e-3,
)
RESUME_QUERIES = 2
KEPT_GATEWAYS = 24
_SLOT_S = 0.1
_CONNECT_COMMANDS = 2


@dataclass(frozen=True, slots=True)
class WaveJob:
    """One gateway whose sockets are cut: how many devices it held, and how many more come while it is away."""

    drop: Drop
    people: People
    held: float
    comers: float
    cores: int
    seed: SeedSequence


@dataclass(frozen=True, slots=True, eq=False)
class WaveSeen:
    """Of one gateway: devices back, quantiles of the time until they were and of the queue, connects in each slot."""

    devices: int
    back_s: tuple[float, float, float]
    waited_p99_s: float
    backlog: int
    connects: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Wave:
    """One drop. `sockets` were cut; `offered_*` are the loads of the busiest 100 ms, the usual load included."""

    drop: Drop
    gateways: int
    sockets: float
    seen: tuple[WaveSeen, ...]
    usual_redis: float
    redis_shards: int
    cores: int

    @property
    def connects_per_s(self) -> float:
        """Connects of all gateways in the busiest 100 ms, as a rate."""
        return self._peak * self.gateways / _SLOT_S

    @property
    def offered_gateway(self) -> float:
        """Of a gateway's cores by handshakes."""
        return self._peak / _SLOT_S * CONNECT_WORK.value / self.cores

    @property
    def growth_per_s(self) -> float:
        """Connects a second that all gateways cannot do in the busiest 100 ms."""
        return self.connects_per_s * max(0.0, 1 - 1 / self.offered_gateway)

    @property
    def offered_redis(self) -> float:
        """Of the hottest Redis shard."""
        work_s = REDIS_REQUEST.value + _CONNECT_COMMANDS * REDIS_COMMAND.value
        return self.usual_redis + self.connects_per_s / self.redis_shards * work_s

    @property
    def queries_per_s(self) -> float:
        """Reads of Cassandra by devices that ask what is new."""
        return self.connects_per_s * RESUME_QUERIES

    @property
    def backlog(self) -> Interval:
        """The most devices that waited at a gateway."""
        return mean_interval([one.backlog for one in self.seen])

    @property
    def waited_p99(self) -> Interval:
        """The queue before the handshake."""
        return mean_interval([one.waited_p99_s for one in self.seen])

    @property
    def back(self) -> dict[str, Interval]:
        """From the cut, or from the wish to connect, to the end of the handshake."""
        return {
            name: mean_interval([one.back_s[place] for one in self.seen])
            for place, name in enumerate(("p50", "p99", "max"))
        }

    @property
    def _peak(self) -> float:
        length = max(len(one.connects) for one in self.seen)
        return float(np.mean([np.pad(one.connects, (0, length - len(one.connects))) for one in self.seen], 0).max())

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; times in seconds."""
        return {
            "at_s": self.drop.at_s,
            "gateways": self.gateways,
            "gateways_kept": len(self.seen),
            "devices_kept": sum(one.devices for one in self.seen),
            "sockets": self.sockets,
            "connects_per_s": self.connects_per_s,
            "offered_gateway": self.offered_gateway,
            "growth_per_s": self.growth_per_s,
            "backlog": _told(self.backlog),
            "waited_p99_s": _told(self.waited_p99),
            **{f"back_{name}_s": _told(found) for name, found in self.back.items()},
            "offered_redis": self.offered_redis,
            "resume_queries_per_s": self.queries_per_s,
        }


def run_waves(scenario: Scenario, executor: Executor, seed: SeedSequence, usual_redis: float) -> tuple[Wave, ...]:
    """Every drop of the scenario; `usual_redis` is the load of the hottest Redis shard without it."""
    made = plan(scenario)
    all_gateways = made.line("gateways.servers").value
    held = made.line("traffic.connected").value / all_gateways
    connects_per_s = made.line("gateways.connects").value / all_gateways
    cores = int(known.SERVER_CORES.value)
    waves = []
    for drop, own in zip(scenario.drops, seed.spawn(len(scenario.drops)), strict=True):
        gateways = max(1, round(drop.share * all_gateways))
        comers = connects_per_s * drop.away_s
        children = own.spawn(min(KEPT_GATEWAYS, max(2, gateways)))
        jobs = [WaveJob(drop, scenario.people, held, comers, cores, child) for child in children]
        seen = tuple(executor.map(run_wave, jobs))
        shards = int(made.line("redis.shards").value)
        waves.append(Wave(drop, gateways, held * gateways, seen, usual_redis, shards, cores))
    return tuple(waves)


def run_wave(job: WaveJob) -> WaveSeen:
    """Every device of one gateway: when it is back, and how long it queued."""
    rng = np.random.default_rng(job.seed)
    tried_s = np.concatenate(
        [np.zeros(rng.poisson(job.held)), rng.uniform(0, job.drop.away_s, rng.poisson(job.comers))]
    )
    wait_s = backoffs_s(rng, job.drop, np.maximum(0.0, job.drop.away_s - tried_s))
    stays = wait_s < _left_s(rng, job.people, len(tried_s))
    order = np.argsort(tried_s[stays] + wait_s[stays], kind="stable")
    tried_s, came_s = tried_s[stays][order], (tried_s + wait_s)[stays][order]
    services_s = np.full(len(came_s), CONNECT_WORK.value)
    left_s = fifo(came_s, services_s, np.zeros(job.cores))
    p50, p99 = np.quantile(left_s - tried_s, (0.5, 0.99))
    waited_s = left_s - came_s - services_s
    return WaveSeen(
        devices=len(came_s),
        back_s=(float(p50), float(p99), float((left_s - tried_s).max())),
        waited_p99_s=max(0.0, float(np.quantile(waited_s, 0.99))),
        backlog=_most_present(came_s, left_s),
        connects=np.bincount((came_s / _SLOT_S).astype(np.int64)).astype(np.float64),
    )


def backoffs_s(rng: Generator, drop: Drop, away_s: FloatArray) -> FloatArray:
    """Each device's time to its first attempt after `away_s`, drawn as `sim.workload.drops.backoff_s` does."""
    waited_s, longest_s = np.zeros(len(away_s)), drop.backoff_s
    waits = np.ones(len(away_s), bool)
    while waits.any():
        waited_s[waits] += rng.uniform(0, longest_s, int(waits.sum()))
        waits &= waited_s < away_s
        longest_s = min(drop.backoff_max_s, 2 * longest_s)
    return waited_s


def _left_s(rng: Generator, people: People, count: int) -> FloatArray:
    """What is left of the sessions of people who are connected: long ones are met more often, at any point of them."""
    mu = math.log(people.session_median_s) + people.session_sigma**2
    left_s: FloatArray = rng.lognormal(mu, people.session_sigma, count) * rng.random(count)
    return left_s


def _most_present(came_s: FloatArray, left_s: FloatArray) -> int:
    """The most devices that were there at once, queue and handshake."""
    gone = np.searchsorted(np.sort(left_s), came_s, side="right")
    return int((np.arange(1, len(came_s) + 1) - gone).max())


def _told(found: Interval) -> dict[str, float]:
    return {"mean": found.mean, "half_width": found.half_width}


def wave_parameters() -> Sequence[Any]:
    """The figures that are of a wave alone."""
    return (CONNECT_WORK,)
