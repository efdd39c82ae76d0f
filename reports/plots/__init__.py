"""The charts of a report: each takes the run and its result, gives inline SVG, or "" when there is nothing to draw."""

from reports.plots.latency import hop_budget_plot, latency_over_time_plot, quantile_plot
from reports.plots.load import load_over_time_plot, utilisation_plot
from reports.plots.presence import presence_plot

__all__ = [
    "hop_budget_plot",
    "latency_over_time_plot",
    "load_over_time_plot",
    "presence_plot",
    "quantile_plot",
    "utilisation_plot",
]
