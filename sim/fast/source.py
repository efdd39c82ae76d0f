"""Poisson arrivals whose rate changes in steps: a steady minute, a day's curve, a burst.

factor  ┤   ┌──┐                an arrival is one exponential gap after the last, on a clock that
      1 ┤───┘  └─────           runs `factor` times as fast as time does (inversion, as in `day_curve`)
        └───┴──┴──── ends
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sim.fast.compiled import compiled
from sim.fast.draws import Stream, exponential
from sim.workload.samplers import FloatArray, IntArray


class Course(NamedTuple):
    """The rate over the steady one, `factors[k]` until `ends_s[k]`; the last step has no end."""

    ends_s: FloatArray
    factors: FloatArray


STEADY = Course(np.array([np.inf]), np.ones(1))


class Source(NamedTuple):
    """A stream of arrivals: when the next one comes, the mean gap at factor 1, its course and where it is in that."""

    next_s: FloatArray
    gap_s: FloatArray
    ends_s: FloatArray
    factors: FloatArray
    step: IntArray
    stream: Stream


def source(stream: Stream, rate_per_s: float, course: Course = STEADY) -> Source:
    """A source from time 0 on, its first arrival drawn."""
    made = Source(np.zeros(1), np.array([1 / rate_per_s]), *course, np.zeros(1, np.int64), stream)
    come(made)
    return made


@compiled
def come(source: Source) -> float:
    """Draw when the next one comes after this one; the gap between them, which `next_s` has grown by."""
    left_s, now_s, step = exponential(source.stream, source.gap_s[0]), source.next_s[0], source.step[0]
    while step < len(source.ends_s) - 1 and left_s > (source.ends_s[step] - now_s) * source.factors[step]:
        left_s -= (source.ends_s[step] - now_s) * source.factors[step]
        now_s = source.ends_s[step]
        step += 1
    gap_s = float(now_s - source.next_s[0] + left_s / source.factors[step])
    source.next_s[0] += gap_s
    source.step[0] = step
    return gap_s


def expected(source: Source, until_s: float) -> int:
    """About how many come until then at the present rate, and some more."""
    rate_per_s = float(source.factors[source.step[0]] / source.gap_s[0])
    return int((until_s - float(source.next_s[0])) * rate_per_s * 1.2) + 64


def course_of(intensity: Callable[[float], float], duration_s: float, steps: int) -> Course:
    """A curve in equal steps, each at its value in the middle; it stays where it ends."""
    ends_s = np.arange(1, steps + 1) * (duration_s / steps)
    factors = np.array([intensity(float(end_s) - duration_s / steps / 2) for end_s in ends_s])
    return Course(np.concatenate([ends_s[:-1], [np.inf]]), factors)
