"""Which shards a scaled run keeps, what the choice costs, and which ways to scale are refused.

    loads, sorted   ▇▇▆▆▅▅▅▅▅▄▄▄▄▄▄▄▄▄▄▃▃▃▃▃▂▂▁
    kept            ▇▇▆   ▅    ▄    ▄    ▃   ▂     the hottest as they are, then the middle of strata of equal number

A kept shard keeps its own load and stands for its stratum. Waiting grows as 1 ÷ (1 − load), so the hottest shards make
the tail: a choice that misses them is off by tens of percent, and one server for a whole pool, or every shard
at the mean load, is no model of the whole at all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.errors import ModelError
from sim.fast.histogram import Histogram
from sim.workload.samplers import FloatArray, IntArray

_HOTTEST_SHARE = 0.25
_SAME = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """Numbers of the shards kept, hottest first, and how many shards each stands for."""

    shards: IntArray
    weights: IntArray


def keep_shards(loads: FloatArray, keep: int) -> Kept:
    """Keep so many: the hottest quarter of them as they are, and the middle one of each stratum of the others.

    Raises ModelError when `keep` is not from 1 to the number of shards.
    """
    if not 1 <= keep <= len(loads):
        raise ModelError(f"cannot keep {keep} of {len(loads)} shards; keep from 1 to {len(loads)}")
    by_load = np.argsort(-loads, kind="stable")
    hottest = max(1, round(keep * _HOTTEST_SHARE)) if keep < len(loads) else keep
    strata = [by_load[:hottest][index : index + 1] for index in range(hottest)]
    if keep > hottest:
        strata += np.array_split(by_load[hottest:], keep - hottest)
    elif keep < len(loads):
        strata[-1] = by_load[hottest - 1 :]
    middles = [
        int(stratum[0] if number < hottest else stratum[len(stratum) // 2]) for number, stratum in enumerate(strata)
    ]
    return Kept(np.array(middles), np.array([len(stratum) for stratum in strata]))


def weighted(kept_times: Sequence[Histogram], kept: Kept) -> Histogram:
    """The times of all shards as the kept ones, in their order, tell them."""
    parts = (times.times(weight) for times, weight in zip(kept_times, kept.weights.tolist(), strict=True))
    return sum(parts, Histogram.empty())


def relative_error(partial: Histogram, whole: Histogram, probability: float = 0.99) -> float:
    """How far a quantile of the part lies from that of the whole, as a share of the whole's."""
    exact_s = whole.quantile_s(probability)
    return partial.quantile_s(probability) / exact_s - 1


def shrink_pool(servers: int, keep: int, load: float) -> int:
    """Servers of a pool with one queue in a scaled run: all of them.

    Raises ModelError for fewer at the same load: they wait longer (Erlang C), since less is pooled.
    """
    if keep == servers:
        return keep
    whole, part = pool_wait(servers, load), pool_wait(keep, load)
    raise ModelError(
        f"a pool of {servers} servers cannot shrink to {keep} at the same load {load:g}: the mean wait would be "
        f"{part:.3g} service times instead of {whole:.3g}, {part / whole:.3g} times as long; keep the pool whole"
    )


def at_mean_load(loads: FloatArray, keep: int) -> FloatArray:
    """The loads of `keep` equal shards in place of all, when all have the same load.

    Raises ModelError when they do not: the tail is made by those above the mean.
    """
    mean = float(loads.mean())
    if float(np.abs(loads - mean).max()) <= _SAME * mean:
        return np.full(keep, mean)
    true, flat = mm1_quantile(loads), mm1_quantile(np.array([mean]))
    raise ModelError(
        f"{len(loads)} shards with loads from {loads.min():.3g} to {loads.max():.3g} cannot all run at their mean "
        f"{mean:.3g}: the p99 would be {flat:.3g} service times instead of {true:.3g} ({flat / true - 1:+.0%}); "
        "keep some shards at their own loads, the hottest among them (keep_shards)"
    )


def pool_wait(servers: int, load: float) -> float:
    """Mean wait in service times of M/M/c at utilisation `load` (Erlang 1917); the terms by their logarithms."""
    if servers < 1 or not 0 < load < 1:
        raise ModelError(f"a pool of {servers} servers at load {load:g}: expected at least 1 server and 0 < load < 1")
    offered = servers * load
    logs = [k * math.log(offered) - math.lgamma(k + 1) for k in range(servers + 1)]
    last = math.exp(logs[servers] - logs[0]) / (1 - load)
    waits = last / (math.fsum(math.exp(log) for log in logs[:servers]) + last)
    return waits / (servers * (1 - load))


def mm1_quantile(loads: FloatArray, probability: float = 0.99) -> float:
    """A quantile over all customers, in service times, of M/M/1 shards side by side; infinite when one is overloaded.

    Time at a shard is exponential with mean 1 ÷ (1 − load) (Kleinrock 1975), weighted by the shard's customers.
    """
    if loads.max() >= 1:
        return math.inf
    low, high = 0.0, -math.log(1 - probability) / (1 - float(loads.max()))
    for _ in range(100):
        middle = (low + high) / 2
        beyond = float(loads @ np.exp(-(1 - loads) * middle) / loads.sum())
        low, high = (middle, high) if beyond > 1 - probability else (low, middle)
    return high
