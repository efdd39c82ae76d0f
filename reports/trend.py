"""Was the stack saturated? Then a wrong prediction says nothing about the model.

    work arrives faster than it is served    →  the backlog and the latency grow without end   growing
    it did so for a while, then caught up    →  over a second of arrivals waited at the peak   peaked
    neither                                  →  what differs from the prediction is the model  steady

Growth must be both significant (Mann–Kendall, Mann 1945, one-sided 1 %) and large: a backlog that takes 2 % of the
arrivals, or a median latency that rises by 10 ms each second, which is work arriving 1 % faster than it is served.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from reports.estimates import Floats
from reports.latency import Window, latency_over_time
from reports.load import gauges
from sim.history import History
from sim.units import show_duration

_SIGNIFICANT_Z = 2.326
_BACKLOG_SHARE = 0.02
_LATENCY_S_PER_S = 0.010
_PEAK_S = 1.0

State = Literal["steady", "peaked", "growing", "unknown"]


@dataclass(frozen=True, slots=True)
class Trend:
    """How backlog (records) and median delivery latency moved in the judged window; None where nothing was sampled."""

    state: State
    backlog_peak: float | None
    backlog_per_s: float | None
    latency_s_per_s: float | None
    sentence: str


def backlog_trend(history: History, samples: pd.DataFrame, window: Window, arrivals_per_s: float) -> Trend:
    """Judge the backlog gauges and the delivery latencies (`samples` as in `reports.latency`) of one history."""
    backlog = backlog_over_time(history)
    backlog = backlog[(backlog["t_s"] >= window.start_s) & (backlog["t_s"] <= window.end_s)]
    medians = latency_over_time(samples, window.end_s)
    medians = medians[(medians["t_s"] >= window.start_s) & (medians["t_s"] <= window.end_s)]
    peak = float(backlog["value"].max()) if len(backlog) else None
    growth, records_significant = slope(backlog["t_s"].to_numpy(dtype=float), backlog["value"].to_numpy(dtype=float))
    rise, latency_significant = slope(medians["t_s"].to_numpy(dtype=float), medians["p50"].to_numpy(dtype=float))
    backlog_grows = growth is not None and records_significant and growth > _BACKLOG_SHARE * arrivals_per_s
    latency_grows = rise is not None and latency_significant and rise > _LATENCY_S_PER_S
    state: State = "steady"
    if growth is None and rise is None:
        state = "unknown"
    elif backlog_grows or latency_grows:
        state = "growing"
    elif peak is not None and peak > _PEAK_S * max(arrivals_per_s, 1.0):
        state = "peaked"
    return Trend(state, peak, growth, rise, _sentence(state, peak, growth, rise))


def backlog_over_time(history: History) -> pd.DataFrame:
    """Records waiting at each sampled moment, all targets together: columns `t_s`, `value`."""
    rows = gauges(history, "backlog")
    wide = rows.pivot_table(index="t_s", columns="target", values="value").ffill().fillna(0.0)
    return pd.DataFrame({"t_s": wide.index.to_numpy(dtype=float), "value": wide.sum(axis=1).to_numpy(dtype=float)})


def slope(t: Floats, values: Floats) -> tuple[float | None, bool]:
    """The median slope of all pairs (Theil–Sen) and whether the series rises (Mann–Kendall); None below 8 points."""
    if values.size < 8:
        return None, False
    first, second = np.triu_indices(values.size, k=1)
    rises = values[second] - values[first]
    count = values.size
    spread = np.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    z = (np.sign(rises).sum() - 1) / spread
    return float(np.median(rises / (t[second] - t[first]))), bool(z > _SIGNIFICANT_Z)


def _sentence(state: State, peak: float | None, growth: float | None, rise: float | None) -> str:
    facts = []
    if growth is not None:
        facts.append(f"backlog changes by {growth:+.2g} records/s, {peak:.0f} at most")
    if rise is not None:
        facts.append(f"median delivery changes by {_signed(rise)} each second")
    seen = "; ".join(facts) or "neither backlog nor latency was sampled often enough"
    return {
        "steady": f"not saturated ({seen})",
        "peaked": f"overloaded for a while, then caught up ({seen})",
        "growing": f"saturated: work arrived faster than it was served ({seen})",
        "unknown": f"cannot tell whether it was saturated ({seen})",
    }[state]


def _signed(seconds: float) -> str:
    return ("+" if seconds >= 0 else "−") + show_duration(abs(seconds))
