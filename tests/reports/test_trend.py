from __future__ import annotations

import numpy as np
import pandas as pd

from reports.latency import Window
from reports.trend import Trend, backlog_trend, slope
from sim.history import History
from tests.reports.synthetic import gauges

WINDOW = Window(10.0, 60.0)


def _trend(backlog_per_s: float = 0.0, latency_per_s: float = 0.0, peak: float = 0.0) -> Trend:
    events = gauges(60.0, {}, backlog_per_s)
    if peak:
        events[30]["value"] = peak
    t_s = np.arange(0.25, 60, 0.25)
    samples = pd.DataFrame({"t_s": t_s, "latency_s": 0.010 + latency_per_s * t_s})
    return backlog_trend(History.of(events), samples, WINDOW, arrivals_per_s=100.0)


def test_a_level_backlog_is_not_saturated() -> None:
    found = _trend()
    assert (found.state, found.backlog_peak, found.backlog_per_s) == ("steady", 2.0, 0.0)


def test_a_backlog_that_takes_a_share_of_the_arrivals_is_saturated() -> None:
    assert _trend(backlog_per_s=5.0).state == "growing"
    assert _trend(backlog_per_s=5.0).sentence.startswith("saturated: work arrived faster than it was served")


def test_a_significant_but_tiny_growth_is_not_saturation() -> None:
    assert _trend(backlog_per_s=1.0).state == "steady"


def test_latency_that_climbs_without_end_is_saturation_too() -> None:
    assert _trend(latency_per_s=0.020).state == "growing"
    assert _trend(latency_per_s=0.005).state == "steady"


def test_a_backlog_of_more_than_a_second_that_went_away_is_a_peak() -> None:
    assert _trend(peak=150.0).state == "peaked"


def test_nothing_sampled_is_unknown() -> None:
    nothing = pd.DataFrame({"t_s": [], "latency_s": []}, dtype=float)
    history = History.of([{"t_ns": 0, "kind": "quiesce"}])
    assert backlog_trend(history, nothing, WINDOW, 100.0).state == "unknown"


def test_the_slope_is_the_median_of_all_pairs_and_one_outlier_does_not_move_it() -> None:
    values = np.arange(20.0) * 3
    values[7] = 1e6
    found, rises = slope(np.arange(20.0), values)
    assert (found, rises) == (3.0, True)


def test_a_falling_series_does_not_rise() -> None:
    assert slope(np.arange(20.0), -np.arange(20.0)) == (-1.0, False)
