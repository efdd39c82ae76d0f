"""Redis shards: Poisson requests of three kinds before one thread, and a choice that is a true part of the whole."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.random import SeedSequence

from sim.experiments.executor import InProcess
from sim.fast.layout import full_layout
from sim.fast.registry import KINDS, Requests, ShardJob, requests, run_registry, run_shard, shard_jobs
from sim.plan import plan
from tests.sim.fast.worlds import small_scenario

SERVICES_S = np.array([15e-6, 10e-6, 16e-6])


def test_a_shard_waits_as_pollaczek_and_khinchine_say() -> None:
    rates = np.array([16_900.0, 4_500.0, 12_600.0])
    seen = run_shard(ShardJob(rates, SERVICES_S, SeedSequence(2), 20.0))
    load = float(rates @ SERVICES_S)
    expected_s = float(rates @ SERVICES_S**2) / (2 * (1 - load)) + load / float(rates.sum())
    assert seen.times.mean_s == pytest.approx(expected_s, rel=0.01)
    assert seen.busy_s / 20 == pytest.approx(load, rel=0.01)
    assert seen.requests / 20 == pytest.approx(rates, rel=0.02)


def test_requests_are_those_of_the_plan() -> None:
    scenario = small_scenario()
    made, layout = plan(scenario), full_layout(scenario)
    rates = requests(scenario, layout).rates_per_s.sum(axis=0)
    assert len(rates) == len(KINDS)
    assert rates[0] == pytest.approx(made.line("traffic.heartbeats").value)
    assert rates[1] == pytest.approx(layout.deliveries_per_s * 3)
    assert rates[2] * made.line("traffic.recipients").value == pytest.approx(made.line("redis.presence_reads").value)


def asked() -> Requests:
    spread = np.random.default_rng(3).normal(1, 0.2, 60)
    return Requests(np.outer(spread, [16_900.0, 4_500.0, 12_600.0]), SERVICES_S)


def test_keeping_all_shards_costs_nothing_and_few_costs_little() -> None:
    whole = run_registry(asked(), InProcess(), SeedSequence(1), 0.2, keep=60)
    few = run_registry(asked(), InProcess(), SeedSequence(1), 0.2, keep=15)
    assert whole.error == 0
    assert 0 < abs(few.error) < 0.05
    assert few.times.quantile_s(0.99) == pytest.approx(whole.times.quantile_s(0.99), rel=0.05)
    assert few.busy_s.max() == whole.busy_s.max()


def test_a_shard_does_the_same_whichever_others_are_kept() -> None:
    alone, among = (
        [run_shard(job) for job in shard_jobs(asked(), np.array(shards), SeedSequence(1), 0.05)]
        for shards in ([7], [3, 7, 11])
    )
    assert alone[0].times.counts.tolist() == among[1].times.counts.tolist()
