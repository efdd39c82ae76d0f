"""Surges lift everybody's rate for a while: the clock of the traffic runs faster in them.

    factor  ┤        ╭────╮           bursts of the scenario, at known times
            │   ╭──╮ │    │           shocks, at random ones: given them the messages are Poisson, so that
          1 ┤───╯  ╰─╯    ╰────       together they are a Cox process (Cox, JRSS B 17, 1955)
            └──────────────────
    clock     day curve ─► × factor ─► volume

What surges bring comes on top of the mean of the day. Where they overlap, factors multiply.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.random import Generator

from sim.scenario import Scenario, Shocks
from sim.workload.day_curve import DayCurve
from sim.workload.samplers import FloatArray


@dataclass(frozen=True, slots=True)
class Surge:
    """A stretch of time in which everybody's rate is `factor` times the usual one."""

    start_s: float
    end_s: float
    factor: float


@dataclass(frozen=True)
class TrafficClock:
    """The day curve with its surges. `volume_s` is the integral of the rate over the mean rate of the day."""

    day: DayCurve
    surges: tuple[Surge, ...] = ()

    def intensity(self, t_s: float) -> float:
        """Rate at `t_s` over the mean rate of the day."""
        return self.day.intensity(t_s) * self._factor(t_s)

    def volume_s(self, t_s: float) -> float:
        """Integral of the intensity from 0 to `t_s`."""
        volume_s = self.day.volume_s(t_s)
        return float(np.interp(volume_s, self._day_s, self._own_s)) if self.surges else volume_s

    def time_s(self, volume_s: float) -> float:
        """When the integral reaches `volume_s`; the end of the run when it never does."""
        return self.day.time_s(float(np.interp(volume_s, self._own_s, self._day_s)) if self.surges else volume_s)

    @property
    def total_s(self) -> float:
        """The integral over the run."""
        return float(self._own_s[-1]) if self.surges else self.day.duration_s

    def _factor(self, t_s: float) -> float:
        return math.prod(surge.factor for surge in self.surges if surge.start_s <= t_s < surge.end_s)

    @cached_property
    def _knots_s(self) -> list[float]:
        borders_s = (t_s for surge in self.surges for t_s in (surge.start_s, surge.end_s))
        return sorted({0.0, self.day.duration_s, *(min(t_s, self.day.duration_s) for t_s in borders_s)})

    @cached_property
    def _day_s(self) -> FloatArray:
        """The day's clock at each knot."""
        return np.array([self.day.volume_s(t_s) for t_s in self._knots_s])

    @cached_property
    def _own_s(self) -> FloatArray:
        """This clock at each knot: between two, it runs `factor` times as fast as the day's."""
        factors = [self._factor((low_s + high_s) / 2) for low_s, high_s in pairwise(self._knots_s)]
        return np.concatenate([[0.0], np.cumsum(np.diff(self._day_s) * factors)])


def draw_clock(scenario: Scenario, rng: Generator) -> TrafficClock:
    """The clock of one run: its day, its bursts and the shocks that befall it."""
    bursts = [Surge(burst.at_s, burst.at_s + burst.lasts_s, burst.factor) for burst in scenario.bursts]
    duration_s = scenario.run.duration_s
    shocks = draw_shocks(rng, scenario.shocks, duration_s)
    return TrafficClock(DayCurve(duration_s, scenario.traffic.daily_peak), (*bursts, *shocks))


def draw_shocks(rng: Generator, shocks: Shocks, duration_s: float) -> Sequence[Surge]:
    """Shocks that begin within `duration_s`: a Poisson process, each of exponential length."""
    starts_s = np.sort(rng.uniform(0, duration_s, rng.poisson(shocks.rate_per_s * duration_s)))
    lengths_s = rng.exponential(shocks.lasts_s, len(starts_s))
    return [
        Surge(start_s, start_s + length_s, shocks.factor)
        for start_s, length_s in zip(starts_s.tolist(), lengths_s.tolist(), strict=True)
    ]
