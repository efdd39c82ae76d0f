"""The rate over one day, replayed in the length of a run: mean 1, one peak at half time.

    peak ┤       ╭─╮             peak ≤ 2    1 + (peak − 1) · cos x                     x from −π to π
         │      ╱   ╲            peak > 2    peak · ((1 + cos x) / 2)^k                 k such that the mean is 1
       1 ┤─────╱─────╲─────
         │  __╱       ╲__        both are 1 + cos x at 2; the night is never negative
         └────────────────
         0        ½       1

An inhomogeneous Poisson process is drawn by inversion: it is a homogeneous one on the clock `volume_s(t)`, the
integral of the curve. One draw an event, none rejected as thinning
would: another peak moves events and does not reshuffle them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sim.workload.samplers import FloatArray

_STEPS = 8192


@dataclass(frozen=True)
class DayCurve:
    """The curve of `duration_s` seconds whose highest value is `peak` ≥ 1 (rate over mean rate)."""

    duration_s: float
    peak: float

    def intensity(self, t_s: float) -> float:
        """Rate at `t_s` over the mean rate."""
        cosine = math.cos(2 * math.pi * t_s / self.duration_s - math.pi)
        if self.peak <= 2:
            return 1 + (self.peak - 1) * cosine
        return float(self.peak * ((1 + cosine) / 2) ** self._power)

    def volume_s(self, t_s: float) -> float:
        """Integral of the intensity from 0 to `t_s`; `duration_s` at the end."""
        return float(np.interp(t_s, self._times_s, self._volumes_s))

    def time_s(self, volume_s: float) -> float:
        """When the integral reaches `volume_s`; `duration_s` when it never does."""
        return float(np.interp(volume_s, self._volumes_s, self._times_s))

    @cached_property
    def _power(self) -> float:
        """The k for which the mean of ((1 + cos x) / 2)^k, Γ(k + ½) / (√π Γ(k + 1)), is 1 / peak."""
        low, high = 1.0, self.peak**2
        for _ in range(80):
            middle = (low + high) / 2
            mean = math.exp(math.lgamma(middle + 0.5) - math.lgamma(middle + 1)) / math.sqrt(math.pi)
            low, high = (middle, high) if mean > 1 / self.peak else (low, middle)
        return low

    @cached_property
    def _times_s(self) -> FloatArray:
        return np.linspace(0, self.duration_s, _STEPS + 1)

    @cached_property
    def _volumes_s(self) -> FloatArray:
        values = np.array([self.intensity(t_s) for t_s in self._times_s.tolist()])
        volumes: FloatArray = np.concatenate([[0.0], np.cumsum((values[1:] + values[:-1]) / 2)])
        return volumes * (self.duration_s / float(volumes[-1]))
