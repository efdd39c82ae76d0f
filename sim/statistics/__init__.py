"""Statistics of simulated runs, for whatever engine.

intervals   Student's interval over replications, over pairs, over batches of one run
stopping    how many replications are enough
trend       does a series rise?
warm_up     was the warm-up long enough?
"""

from sim.statistics.intervals import LEAST, Interval, batch_mean_interval, mean_interval, paired_interval
from sim.statistics.stopping import Precision
from sim.statistics.trend import Trend, trend
from sim.statistics.warm_up import mser5_cut

__all__ = [
    "LEAST",
    "Interval",
    "Precision",
    "Trend",
    "batch_mean_interval",
    "mean_interval",
    "mser5_cut",
    "paired_interval",
    "trend",
]
