"""Overload: work comes faster than it is done, so what waits grows without end and no latency describes it.

    meant − done                 ╱ overloaded: backlog_per_s messages more each second
                  ╱╲           ╱
         ────────╱  ╲────────╱── a busy spell, over again: latencies hold

A rise must be both significant (Mann–Kendall, one-sided 1 %) and large: at least 5 % of what arrives.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from sim.statistics import trend

_POINTS = 24
_SIGNIFICANT_Z = 2.326
_LEAST_SHARE = 0.05


def backlog(meant_s: pd.Series, done_s: pd.Series, start_s: float, end_s: float) -> dict[str, float]:
    """`backlog_per_s`, growth of messages under way (1/s); `backlog_end`, how many at the end; `overloaded`, 0 or 1.

    `done_s` is infinite for what was never done.
    """
    t_s = np.linspace(start_s, end_s, _POINTS)
    begun, ended = (np.sort(times.to_numpy(dtype=np.float64)) for times in (meant_s, done_s))
    come, gone = (np.searchsorted(times, t_s, side="right") for times in (begun, ended))
    rise = trend(t_s, (come - gone).astype(np.float64))
    arrivals_per_s = float(come[-1] - come[0]) / (end_s - start_s)
    overloaded = rise.z > _SIGNIFICANT_Z and rise.slope > _LEAST_SHARE * arrivals_per_s
    return {
        "backlog_per_s": rise.slope,
        "backlog_end": float(come[-1] - gone[-1]),
        "overloaded": float(overloaded),
    }
