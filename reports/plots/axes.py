"""What several charts share: the axis of time with its shaded spans, the axis of latency, the line of a limit."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from reports.plots.style import LIMIT, apart, name_line, shade
from reports.world import World
from sim.history import History
from sim.units import show_duration

MILLISECONDS = FuncFormatter(lambda ms, _: show_duration(ms / 1e3))


def time_axis(axis: Axes, history: History, world: World) -> None:
    """The run from its start to the end of load, warm-up and faults shaded."""
    window = world.window
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


def log_latency(axis: Axes) -> None:
    """A logarithmic y axis of milliseconds, read as durations."""
    axis.set_yscale("log")
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_major_formatter(MILLISECONDS)
    axis.yaxis.set_minor_formatter(NullFormatter())


def limit_line(axis: Axes, limit_s: float | None, label: str, at: float) -> None:
    """A dashed line at a limit, named, with room above; nothing without a limit."""
    if limit_s is None:
        return
    axis.axhline(limit_s * 1e3, color=LIMIT, lw=1.2, ls="--")
    axis.set_ylim(top=max(limit_s * 2e3, axis.get_ylim()[1]))
    text = f"{label} {show_duration(limit_s)}"
    axis.annotate(
        text,
        (at, limit_s * 1e3),
        xycoords=("axes fraction", "data"),
        xytext=(0, 4),
        textcoords="offset points",
        color=LIMIT,
        fontsize=11,
    )


def name_lines(axis: Axes, ends: list[tuple[float, float, str, str]], least: float) -> None:
    """Name each line (x, y, name, colour) at its end, at least that share of the axis apart."""
    low, high = (math.log10(limit) for limit in axis.get_ylim())
    heights = apart([math.log10(y) for _, y, _, _ in ends], least * (high - low))
    for (x, _, name, colour), height in zip(ends, heights, strict=True):
        name_line(axis, x, 10**height, name, colour)
