"""Charts of load: cores used by each process, cores and backlog over time."""

from __future__ import annotations

import pandas as pd

from reports.load import utilisation_over_time
from reports.plots.axes import time_axis
from reports.plots.style import HALF, LIMIT, WORLD_COLOURS, figure, name_line, styled, to_svg
from reports.result import Result
from reports.run import Run
from reports.text import WORLD_NAMES
from reports.trend import backlog_over_time


@styled
def utilisation_plot(run: Run, result: Result) -> str:
    """Mean utilisation of every process in both worlds."""
    names = sorted({name for world in result.worlds.values() for name in world.load.utilisation})
    if not names:
        return ""
    drawn, (axis,) = figure(HALF, 1.1 + 0.36 * len(names))
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
    drawn, (busy, waiting) = figure(HALF, 4.8, rows=2, sharex=True)
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
        time_axis(axis, run.histories[result.judged], result.world)
        axis.set_ylim(bottom=0)
    if (cores := result.world.load.cores) is not None:
        busy.axhline(cores, color=LIMIT, lw=1, ls="--")
    busy.set_title("cores busy, all processes" + (f" (of {cores})" if cores else ""))
    waiting.set(title="backlog, records waiting", xlabel="time into the run (s)")
    if busy.get_legend_handles_labels()[0]:
        busy.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, fontsize=11, handlelength=1.2)
    return to_svg(drawn, "cores busy and backlog over time")


def _total_cores(used: pd.DataFrame) -> pd.Series:
    """All processes together on a grid of whole seconds."""
    wide = used.assign(t_s=used["t_s"].astype(float).round()).pivot_table(index="t_s", columns="target", values="cores")
    return wide.interpolate(limit_direction="both").sum(axis=1)
