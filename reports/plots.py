"""The charts of a report: each takes the run and its result, gives inline SVG, or "" when there is nothing to draw."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from reports.estimates import QUANTILES, Floats
from reports.figure import (
    HOP_COLOURS,
    INK,
    LIMIT,
    WORLD_COLOURS,
    apart,
    figure,
    name_line,
    shade,
    styled,
    to_svg,
)
from reports.latency import judged_seconds, latency_over_time
from reports.load import utilisation_over_time
from reports.presence import PresenceAnswers, presence_answers
from reports.result import Result
from reports.run import Run
from reports.sessions import Sessions
from reports.text import WORLD_NAMES
from reports.trend import backlog_over_time
from sim.history import History
from sim.hops import HOPS
from sim.units import show_duration

_WIDE, _HALF, _FEWEST = 14.6, 7.2, 10
_SHAPES = {"p50": (1.4, 1.0), "p95": (1.4, 0.65), "p99": (2.0, 1.0)}
_MILLISECONDS = FuncFormatter(lambda ms, _: show_duration(ms / 1e3))


@styled
def latency_over_time_plot(run: Run, result: Result) -> str:
    """p50, p95, p99 of delivery over the run, a panel for each world, warm-up and faults shaded."""
    worlds = list(run.histories)
    drawn, axes = figure(_WIDE, 3.4 * len(worlds), rows=len(worlds), sharex=True, sharey=True)
    limit_s = run.scenario.thresholds.get("delivery_p99")
    ends: dict[str, list[tuple[float, float, str, str]]] = {}
    for axis, name in zip(axes, worlds, strict=True):
        series = latency_over_time(result.worlds[name].samples["delivery"], result.worlds[name].window.end_s)
        _time_axis(axis, run.histories[name], result, name)
        _log_latency(axis)
        axis.set_title(f"delivery latency, {WORLD_NAMES[name]}")
        for statistic, (width, alpha) in _SHAPES.items():
            axis.plot(series.t_s, series[statistic] * 1e3, color=WORLD_COLOURS[name], lw=width, alpha=alpha)
        last = series.tail(1).clip(lower=1e-6).to_dict("records")
        ends[name] = [(row["t_s"], row[q] * 1e3, q, WORLD_COLOURS[name]) for row in last for q in _SHAPES]
    for axis, name in zip(axes, worlds, strict=True):
        _limit_line(axis, limit_s, "delivery p99 limit")
        _name_lines(axis, ends[name], 0.075)
    axes[-1].set_xlabel("time into the run, by the moment the message was meant (s)")
    return to_svg(drawn, "delivery latency over time")


@styled
def quantile_plot(run: Run, result: Result) -> str:
    """Delivery latency at every percentile, tail stretched: equal steps for 90, 99, 99.9 %."""
    drawn, (axis,) = figure(_WIDE, 4.2)
    _log_latency(axis)
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
    _name_lines(axis, ends)
    ticks = [0, math.log10(2), *range(1, math.floor(deepest) + 1)]
    axis.set_xticks(ticks, [f"{100 * (1 - 10**-tick):.6g}" for tick in ticks])
    axis.set(title="latency by percentile", xlabel="percentile", xlim=(0, deepest))
    for threshold in result.thresholds:
        limited, _, statistic = threshold.name.partition("_")
        if limited == "delivery" and statistic in QUANTILES:
            depth_of = -math.log10(1 - QUANTILES[statistic])
            axis.plot([depth_of], [threshold.limit_s * 1e3], "v", color=LIMIT, markersize=8, zorder=5)
            _limit_line(axis, threshold.limit_s, f"limit at {statistic}", at=0.02)
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
    drawn, (parts, whole) = figure(_WIDE, 1.9 + 2.1 * height, rows=2, height_ratios=[1.35, 1])
    for axis, labelled in ((parts, True), (whole, False)):
        _stack(axis, bars, labelled)
        axis.set_yticks(range(len(bars)), [label for label, _ in bars])
        axis.invert_yaxis()
        axis.grid(visible=False, axis="y")
        axis.xaxis.set_major_formatter(_MILLISECONDS)
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


@styled
def utilisation_plot(run: Run, result: Result) -> str:
    """Mean utilisation of every process in both worlds."""
    names = sorted({name for world in result.worlds.values() for name in world.load.utilisation})
    if not names:
        return ""
    drawn, (axis,) = figure(_HALF, 1.1 + 0.36 * len(names))
    thickness = 0.8 / len(result.worlds)
    for offset, (world_name, world) in enumerate(result.worlds.items()):
        rows = [index + (offset - (len(result.worlds) - 1) / 2) * thickness for index in range(len(names))]
        used = [world.load.utilisation.get(name, 0.0) for name in names]
        axis.barh(rows, used, thickness * 0.9, color=WORLD_COLOURS[world_name], label=WORLD_NAMES[world_name])
        for row, cores in zip(rows, used, strict=True):
            if cores:
                name_line(axis, cores, row, f"{cores:.2f}", WORLD_COLOURS[world_name])
    axis.set_yticks(range(len(names)), names)
    axis.invert_yaxis()
    axis.grid(visible=False, axis="y")
    axis.set_xlim(0, max(1.05, axis.get_xlim()[1] * 1.08))
    axis.axvline(1, color=LIMIT, lw=1, ls="--")
    axis.set(xlabel="cores used", title="utilisation by process")
    axis.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, fontsize=11, handlelength=0.9)
    return to_svg(drawn, "utilisation by process")


@styled
def load_over_time_plot(run: Run, result: Result) -> str:
    """Cores busy and records waiting, over the run."""
    drawn, (busy, waiting) = figure(_HALF, 4.8, rows=2, sharex=True)
    for name, history in run.histories.items():
        colour = WORLD_COLOURS[name]
        used = utilisation_over_time(history)
        if len(used):
            total = _total_cores(used)
            busy.plot(total.index, total.to_numpy(), color=colour, label=WORLD_NAMES[name])
        backlog = backlog_over_time(history)
        backlog = backlog[backlog.t_s <= result.worlds[name].window.end_s]
        waiting.plot(backlog.t_s, backlog.value, color=colour, label=WORLD_NAMES[name])
    for axis in (busy, waiting):
        _time_axis(axis, run.histories[result.judged], result, result.judged)
        axis.set_ylim(bottom=0)
    if (cores := result.world.load.cores) is not None:
        busy.axhline(cores, color=LIMIT, lw=1, ls="--")
    busy.set_title("cores busy, all processes" + (f" (of {cores})" if cores else ""))
    waiting.set(title="backlog, records waiting", xlabel="time into the run (s)")
    if busy.get_legend_handles_labels()[0]:
        busy.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, fontsize=11, handlelength=1.2)
    return to_svg(drawn, "cores busy and backlog over time")


@styled
def presence_plot(run: Run, result: Result) -> str:
    """Sessions open, heartbeats stored, and answers of the presence store that differ from the truth, over the run."""
    drawn, (sockets, beats, wrong) = figure(_WIDE, 3.4, columns=3)
    for name, history in run.histories.items():
        colour, end_s = WORLD_COLOURS[name], result.worlds[name].window.end_s
        sessions = Sessions.of(history).over_time(end_s)
        sockets.step(
            [*sessions.t_s, end_s],
            [*sessions.open, sessions.open.iloc[-1]],
            where="post",
            color=colour,
            lw=1.5,
            label=WORLD_NAMES[name],
        )
        edges = np.linspace(0, end_s, max(6, min(30, int(end_s / 2))) + 1)
        stored = history.of_kind("heartbeat.stored")["t_ns"].to_numpy() / 1e9
        per_s = np.histogram(stored, edges)[0] / np.diff(edges)
        beats.stairs(per_s, edges, color=colour, lw=1.5, baseline=None)
    _wrong_answers(wrong, {name: presence_answers(history) for name, history in run.histories.items()})
    sockets.set(title="open sessions", xlabel="time into the run (s)")
    beats.set(title="heartbeats stored per second", xlabel="time into the run (s)")
    for axis in (sockets, beats):
        axis.set(ylim=(0, None), xlim=(0, result.world.window.end_s))
        axis.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
    sockets.legend(loc="lower right", fontsize=11, handlelength=1.2)
    return to_svg(drawn, "presence")


def _quantile_curve(values: Floats) -> tuple[Floats, Floats]:
    """Depth in the tail, log10(1 / (1 − share)), and latency (ms) there; `values` ascend."""
    depth = np.linspace(0, math.log10(values.size), 160)
    ranks = np.clip(np.ceil((1 - 10**-depth) * values.size).astype(int) - 1, 0, values.size - 1)
    return depth, np.maximum(values[ranks], 1e-6) * 1e3


def _log_latency(axis: Axes) -> None:
    axis.set_yscale("log")
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_major_formatter(_MILLISECONDS)
    axis.yaxis.set_minor_formatter(NullFormatter())


def _name_lines(axis: Axes, ends: list[tuple[float, float, str, str]], least: float = 0.05) -> None:
    """Name each line (x, y, name, colour) at its end, at least that share of the axis apart."""
    low, high = (math.log10(limit) for limit in axis.get_ylim())
    heights = apart([math.log10(y) for _, y, _, _ in ends], least * (high - low))
    for (x, _, name, colour), height in zip(ends, heights, strict=True):
        name_line(axis, x, 10**height, name, colour)


def _wrong_answers(axis: Axes, answers: dict[str, PresenceAnswers]) -> None:
    kinds = ("online, but gone", "offline, but there")
    thickness = 0.8 / len(answers)
    for offset, (name, found) in enumerate(answers.items()):
        rows = [index + (offset - (len(answers) - 1) / 2) * thickness for index in range(2)]
        shares = [100 * count / max(found.reads, 1) for count in (found.stale_online, found.false_offline)]
        axis.barh(rows, shares, thickness * 0.9, color=WORLD_COLOURS[name])
        for row, share, count in zip(rows, shares, (found.stale_online, found.false_offline), strict=True):
            name_line(axis, share, row, f"{share:.2g}% ({count:,})", WORLD_COLOURS[name])
    axis.set_yticks(range(2), kinds)
    axis.invert_yaxis()
    axis.grid(visible=False, axis="y")
    axis.set_xlim(0, max(1.0, axis.get_xlim()[1] * 1.5))
    axis.set(title="presence answers unlike the truth", xlabel="% of answers")


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


def _time_axis(axis: Axes, history: History, result: Result, name: str) -> None:
    window = result.worlds[name].window
    axis.set_xlim(0, window.end_s)
    if window.start_s > 0:
        shade(axis, 0, window.start_s, "warm-up", "warm-up")
    for start_s, end_s, label in fault_windows(history, window.end_s):
        shade(axis, start_s, end_s, "fault", label)


def fault_windows(history: History, end_s: float) -> list[tuple[float, float, str]]:
    """Start, end (s) and name of every fault; one that was never undone lasts to the end."""
    open_since: dict[str, tuple[float, str]] = {}
    windows = []
    rows = history.of_kind("fault.start", "fault.stop")
    for t_ns, kind, target, cause in zip(rows["t_ns"], rows["kind"], rows["target"], rows["cause"], strict=True):
        if kind == "fault.start":
            open_since[str(target)] = (t_ns / 1e9, f"{target}: {cause}" if pd.notna(cause) else str(target))
        elif str(target) in open_since:
            start_s, label = open_since.pop(str(target))
            windows.append((start_s, t_ns / 1e9, label))
    return windows + [(start_s, end_s, label) for start_s, label in open_since.values()]


def _limit_line(axis: Axes, limit_s: float | None, label: str, at: float = 0.995) -> None:
    if limit_s is None:
        return
    axis.axhline(limit_s * 1e3, color=LIMIT, lw=1.2, ls="--")
    axis.set_ylim(top=max(limit_s * 2e3, axis.get_ylim()[1]))
    side = "right" if at > 0.5 else "left"
    text = f"{label} {show_duration(limit_s)}"
    axis.annotate(
        text,
        (at, limit_s * 1e3),
        xycoords=("axes fraction", "data"),
        xytext=(0, 4),
        textcoords="offset points",
        ha=side,
        color=LIMIT,
        fontsize=11,
    )


def _total_cores(used: pd.DataFrame) -> pd.Series:
    """All processes together on a grid of whole seconds."""
    wide = used.assign(t_s=used["t_s"].astype(float).round()).pivot_table(index="t_s", columns="target", values="cores")
    return wide.interpolate(limit_direction="both").sum(axis=1)
