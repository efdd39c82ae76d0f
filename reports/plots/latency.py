"""Charts of latency: over time, by percentile, and by hop against the limit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from reports.estimates import QUANTILES, Floats
from reports.latency import judged_seconds, latency_over_time
from reports.plots.axes import MILLISECONDS, limit_line, log_latency, name_lines, time_axis
from reports.plots.style import HOP_COLOURS, INK, LIMIT, WIDE, WORLD_COLOURS, figure, name_line, styled, to_svg
from reports.result import Result
from reports.run import Run
from reports.text import WORLD_NAMES
from sim.hops import HOPS
from sim.units import show_duration

_FEWEST = 10
_SHAPES = {"p50": (1.4, 1.0), "p95": (1.4, 0.65), "p99": (2.0, 1.0)}


@styled
def latency_over_time_plot(run: Run, result: Result) -> str:
    """p50, p95, p99 of delivery over the run, a panel for each world, warm-up and faults shaded."""
    worlds = list(run.histories)
    drawn, axes = figure(WIDE, 3.4 * len(worlds), rows=len(worlds), sharex=True, sharey=True)
    limit_s = run.scenario.thresholds.get("delivery_p99")
    ends: dict[str, list[tuple[float, float, str, str]]] = {}
    for axis, name in zip(axes, worlds, strict=True):
        series = latency_over_time(result.worlds[name].samples["delivery"], result.worlds[name].window.end_s)
        time_axis(axis, run.histories[name], result.worlds[name])
        log_latency(axis)
        axis.set_title(f"delivery latency, {WORLD_NAMES[name]}")
        for statistic, (width, alpha) in _SHAPES.items():
            axis.plot(series.t_s, series[statistic] * 1e3, color=WORLD_COLOURS[name], lw=width, alpha=alpha)
        last = series.tail(1).clip(lower=1e-6).to_dict("records")
        ends[name] = [(row["t_s"], row[q] * 1e3, q, WORLD_COLOURS[name]) for row in last for q in _SHAPES]
    for axis, name in zip(axes, worlds, strict=True):
        limit_line(axis, limit_s, "delivery p99 limit", at=0.01)
        name_lines(axis, ends[name], 0.08)
    axes[-1].set_xlabel("time into the run, by the moment the message was meant (s)")
    return to_svg(drawn, "delivery latency over time")


@styled
def quantile_plot(run: Run, result: Result) -> str:
    """Delivery latency at every percentile, tail stretched: equal steps for 90, 99, 99.9 %."""
    drawn, (axis,) = figure(WIDE, 4.2)
    log_latency(axis)
    ends = []
    for name, world in result.worlds.items():
        for kind, style in (("delivery", "-"), ("ack", ":")):
            values = judged_seconds(world.samples[kind], world.window)
            if values.size >= _FEWEST:
                depth, latency_ms = _quantile_curve(values)
                axis.plot(depth, latency_ms, style, color=WORLD_COLOURS[name])
                ends.append(
                    (float(depth[-1]), float(latency_ms[-1]), f"{kind}, {WORLD_NAMES[name]}", WORLD_COLOURS[name])
                )
    deepest = max((depth for depth, *_ in ends), default=2.0)
    ticks = [0, math.log10(2), *range(1, math.floor(deepest) + 1)]
    axis.set_xticks(ticks, [f"{100 * (1 - 10**-tick):.6g}" for tick in ticks])
    axis.set(title="latency by percentile", xlabel="percentile", xlim=(0, deepest))
    for threshold in result.thresholds:
        limited, _, statistic = threshold.name.partition("_")
        if limited == "delivery" and statistic in QUANTILES:
            depth_of = -math.log10(1 - QUANTILES[statistic])
            axis.plot([depth_of], [threshold.limit_s * 1e3], "v", color=LIMIT, markersize=8, zorder=5)
            limit_line(axis, threshold.limit_s, f"limit at {statistic}", at=0.02)
    name_lines(axis, ends, 0.06)
    return to_svg(drawn, "latency by percentile")


@styled
def hop_budget_plot(run: Run, result: Result) -> str:
    """Where the time of a median and of a p99 message goes, and how much of the limit that is."""
    bars = [
        (f"{quantile}, {WORLD_NAMES[name]}", world.budgets[quantile])
        for quantile in ("p50", "p99")
        for name, world in result.worlds.items()
        if quantile in world.budgets
    ]
    if not bars:
        return ""
    limit_ms = 1e3 * run.scenario.thresholds.get("delivery_p99", 0.5)
    height = 0.42 * len(bars)
    drawn, (parts, whole) = figure(WIDE, 1.9 + 2.1 * height, rows=2, height_ratios=[1.35, 1])
    for axis, labelled in ((parts, True), (whole, False)):
        _stack(axis, bars, labelled)
        axis.set_yticks(range(len(bars)), [label for label, _ in bars])
        axis.invert_yaxis()
        axis.grid(visible=False, axis="y")
        axis.xaxis.set_major_formatter(MILLISECONDS)
    parts.set_title("where the time goes")
    parts.legend(
        ncols=len(HOPS), loc="lower right", bbox_to_anchor=(1, 1), fontsize=11, handlelength=0.9, columnspacing=1.1
    )
    whole.set_title(f"the same against the limit of {show_duration(limit_ms / 1e3)}")
    whole.axvline(limit_ms, color=LIMIT, lw=1.5)
    whole.set_xlim(0, max(limit_ms * 1.02, whole.get_xlim()[1]))
    for row, (_, hops) in enumerate(bars):
        total_ms = sum(hops.values()) * 1e3
        name_line(whole, total_ms, row, f"{show_duration(total_ms / 1e3)}, {total_ms / limit_ms:.0%} of the limit", INK)
    return to_svg(drawn, "latency budget by hop")


def _quantile_curve(values: Floats) -> tuple[Floats, Floats]:
    """Depth in the tail, log10(1 / (1 − share)), and latency (ms) there; `values` ascend."""
    depth = np.linspace(0, math.log10(values.size), 160)
    ranks = np.clip(np.ceil((1 - 10**-depth) * values.size).astype(int) - 1, 0, values.size - 1)
    return depth, np.maximum(values[ranks], 1e-6) * 1e3


def _stack(axis: Axes, bars: Sequence[tuple[str, Mapping[str, float]]], labelled: bool) -> None:
    rows = [hops for _, hops in bars]
    widest_ms = max(sum(hops.values()) for hops in rows) * 1e3
    left = np.zeros(len(rows))
    for hop, colour in zip(HOPS, HOP_COLOURS, strict=True):
        widths = np.array([max(hops[hop.name], 0.0) * 1e3 for hops in rows])
        axis.barh(range(len(rows)), widths, 0.66, left=left, color=colour, label=hop.name, ec="white", lw=0.6)
        for row, (start, width) in enumerate(zip(left, widths, strict=True)):
            if labelled and width > 0.06 * widest_ms:
                dark = colour in ("#332288", "#117733", "#aa4499")
                ink = "white" if dark else INK
                axis.text(
                    start + width / 2,
                    row,
                    show_duration(width / 1e3),
                    ha="center",
                    va="center",
                    fontsize=10.5,
                    color=ink,
                )
        left += widths
