"""Random numbers inside compiled code: one small state a stream, so that a stage draws the same whatever else runs.

    bits       SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): a counter and a mixer, 64 bits a call
    tables     a distribution as its quantile function at 4,097 equal steps, linear in between: two draws a call
    Picker     an index with given weights in constant time: Walker's alias method (1977), Vose's tables (1991)

A stream is an array of one uint64, seeded from `numpy.random.SeedSequence`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.random import SeedSequence
from numpy.typing import NDArray

from sim.fast.compiled import compiled
from sim.plan.sizes import Z99
from sim.workload.samplers import FloatArray

Stream = NDArray[np.uint64]

CELLS = 4096
_KNOTS = np.maximum(np.arange(CELLS) / CELLS, 2.0**-40)
_TAIL = 1 - (np.arange(CELLS) + 0.5) / (CELLS * CELLS)
_CELL_SHIFT = np.uint64(20)
_WITHIN = np.uint64(0xFFFFF)
_WITHIN_UNIT = 2.0**-20
_HALF = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_SHIFTS = (np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11))
_UNIT = 2.0**-53


class Picker(NamedTuple):
    """Index i is kept with a chance of `threshold[i]` / 2³², else it becomes `other[i]`."""

    threshold: NDArray[np.uint64]
    other: NDArray[np.int64]


def streams(seed: SeedSequence, count: int) -> list[Stream]:
    """`count` independent streams, the same ones at every call."""
    # Not seed.spawn: it counts its children, so a second call would give others.
    return [stream_of(child_of(seed, number)) for number in range(count)]


def stream_of(seed: SeedSequence) -> Stream:
    """The stream of a seed, at its beginning."""
    return seed.generate_state(1, np.uint64).astype(np.uint64)


def child_of(seed: SeedSequence, number: int) -> SeedSequence:
    """Child `number` of a seed, as the first call of its `spawn` would give it."""
    return SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, number))


@compiled
def bits(stream: Stream) -> np.uint64:
    """The next 64 bits of a stream."""
    stream[0] += _GAMMA
    mixed: np.uint64 = stream[0]
    mixed = (mixed ^ (mixed >> _SHIFTS[0])) * _MIX_1
    mixed = (mixed ^ (mixed >> _SHIFTS[1])) * _MIX_2
    return mixed ^ (mixed >> _SHIFTS[2])


@compiled
def exponential(stream: Stream, mean_s: float) -> float:
    """One exponential draw, by inversion of 53 bits."""
    return -math.log1p(-_UNIT * float(bits(stream) >> _SHIFTS[3])) * mean_s


@compiled
def pick(stream: Stream, picker: Picker) -> int:
    """One index by the weights of the picker, which has at most 2²⁰ entries."""
    drawn = bits(stream)
    index = int(np.int64(((drawn >> _HALF) * np.uint64(len(picker.other))) >> _HALF))
    return index if (drawn & _LOW) < picker.threshold[index] else int(picker.other[index])


@compiled
def _quantile(table: FloatArray, word: np.uint64) -> float:
    cell = int(np.int64(word >> _CELL_SHIFT))
    low: float = table[cell]
    return low + float(table[cell + 1] - low) * (_WITHIN_UNIT * float(word & _WITHIN))


@compiled
def draw_pair(stream: Stream, first: FloatArray, second: FloatArray) -> tuple[float, float]:
    """One draw of each of two tables, from the halves of 64 bits."""
    drawn = bits(stream)
    return _quantile(first, drawn >> _HALF), _quantile(second, drawn & _LOW)


@compiled
def draw(stream: Stream, table: FloatArray) -> float:
    """One draw of a table."""
    return _quantile(table, bits(stream) >> _HALF)


def table_of(quantile: Callable[[float], float]) -> FloatArray:
    """A table of a quantile function that may be infinite at 1; the last step keeps the mean of the tail beyond."""
    return table_of_all(lambda shares: np.array([quantile(share) for share in shares.tolist()]))


def table_of_all(quantiles: Callable[[FloatArray], FloatArray]) -> FloatArray:
    """The same of a function that takes many shares at once, which is quicker."""
    knots, tail = quantiles(_KNOTS), quantiles(_TAIL)
    return np.append(knots, max(2 * math.fsum(tail.tolist()) / CELLS - knots[-1], knots[-1]))


@cache
def log_normal(median_s: float, p99_s: float) -> FloatArray:
    """A table of the log-normal with this median and 99th percentile, made once and not to be written to.

    Raises ValueError unless 0 < median ≤ p99.
    """
    if not 0 < median_s <= p99_s:
        raise ValueError(f"median {median_s} s and p99 {p99_s} s: expected 0 < median ≤ p99")
    sigma, normal = math.log(p99_s / median_s) / Z99, NormalDist()
    return table_of(lambda share: median_s * math.exp(sigma * normal.inv_cdf(share)))


def exponential_table(mean_s: float) -> FloatArray:
    """A table of the exponential distribution."""
    return table_of(lambda share: -mean_s * math.log1p(-share))


def constant(value_s: float) -> FloatArray:
    """A table of one value."""
    return np.full(CELLS + 1, value_s)


def table_mean(table: FloatArray) -> float:
    """The mean of what `draw` returns."""
    return float(np.trapezoid(table) / (len(table) - 1))


def picker(weights: FloatArray) -> Picker:
    """Tables for weights ≥ 0 with a sum above 0. Raises ValueError for others."""
    count, total = len(weights), float(weights.sum())
    if not 0 < count <= 1 << 20 or total <= 0 or (weights < 0).any():
        raise ValueError(f"{count} weights with sum {total:g}: expected 1 to 1,048,576 weights ≥ 0, not all 0")
    chance = weights * (count / total)
    other = np.arange(count)
    _alias(chance, other)
    threshold = np.minimum(chance * 2.0**32, 2.0**32).astype(np.uint64)
    return Picker(threshold, other)


@compiled
def _alias(chance: FloatArray, other: NDArray[np.int64]) -> None:
    """Fill up each index of less than 1 with another's surplus. Rounding leaves some over whose chance is 1."""
    small, large = np.empty_like(other), np.empty_like(other)
    smalls = larges = 0
    for index in range(len(chance)):
        if chance[index] < 1:
            small[smalls] = index
            smalls += 1
        else:
            large[larges] = index
            larges += 1
    while smalls and larges:
        smalls -= 1
        donor = large[larges - 1]
        other[small[smalls]] = donor
        chance[donor] -= 1 - chance[small[smalls]]
        if chance[donor] < 1:
            small[smalls] = donor
            smalls += 1
            larges -= 1
    chance[small[:smalls]] = 1.0
    chance[large[:larges]] = 1.0
