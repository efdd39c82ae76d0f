"""The chart of presence: who is there, how it is renewed, and how often the store was wrong."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from reports.plots.style import WIDE, WORLD_COLOURS, figure, name_line, styled, to_svg
from reports.presence import PresenceAnswers, presence_answers
from reports.result import Result
from reports.run import Run
from reports.sessions import Sessions
from reports.text import WORLD_NAMES


@styled
def presence_plot(run: Run, result: Result) -> str:
    """Sessions open, heartbeats stored, and answers of the presence store that differ from the truth, over the run."""
    drawn, (sockets, beats, wrong) = figure(WIDE, 3.4, columns=3)
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
