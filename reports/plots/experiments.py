"""Charts of experiments, each an SVG file of its own: the curves of a sweep, the tornado of a sensitivity."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter

from reports.plots.axes import limit_line, log_latency
from reports.plots.style import HALF, HOP_COLOURS, INK, LIMIT, MUTED, WORLD_COLOURS, figure, name_line, styled
from sim.experiments.grid import number
from sim.experiments.sensitivity import Bar, End, Tornado, shown, shown_range
from sim.experiments.sweep import STATISTIC, Sweep, Swept

_WIDE = 10.0
_MOST_BARS = 12
_BY_FACTOR = 10
_ENDS = (WORLD_COLOURS["sim"], WORLD_COLOURS["real"])


@styled
def save_sweep_plot(found: Sweep, path: Path) -> None:
    """Delivery p99 along the first axis with its intervals, a curve for each combination of the others."""
    drawn, (axis,) = figure(_WIDE, 5.4)
    places = _places(found.axes[0].values)
    knees = found.knees()
    curves = found.curves()
    for at, ((others, curve), colour) in enumerate(zip(curves.items(), _colours(len(curves)), strict=True)):
        label = ", ".join(f"{one.key} = {value}" for one, value in zip(found.axes[1:], others, strict=True))
        _curve(axis, curve, places, found.axes[0].key, label, colour)
        _mark_overloads(axis, curve, places, found.axes[0].key, colour, 0.96 - 0.05 * at)
        _mark_knees(axis, [one for one in knees if one in curve], places, found.axes[0].key, colour)
    log_latency(axis)
    if any(one.point.is_overloaded for one in found.swept):
        axis.set_ylim(top=3 * axis.get_ylim()[1])
    limit_line(axis, found.scenario.thresholds.get(STATISTIC), "threshold", 0.01)
    if max(places.values()) >= _BY_FACTOR * min(places.values()) > 0:
        axis.set_xscale("log")
        axis.minorticks_off()
    axis.set_xticks(list(places.values()), list(places))
    axis.set(xlabel=f"{found.axes[0].key}   (mean and 95 % interval; ✕ overloaded, with what the backlog grows by)")
    axis.set_title(f"delivery p99 of {found.scenario.name}")
    if len(found.axes) > 1:
        axis.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, fontsize=10)
    _save(drawn, path)


@styled
def save_tornado_plot(tornadoes: Sequence[Tornado], path: Path) -> None:
    """The widest bars of every answer, one below the other."""
    heights = [1.1 + 0.36 * max(2, len(_felt(one))) for one in tornadoes]
    drawn, axes = figure(1.5 * HALF, sum(heights), rows=len(tornadoes), height_ratios=heights)
    for axis, tornado in zip(axes, tornadoes, strict=True):
        _tornado(axis, tornado)
    _save(drawn, path)


def _places(values: Sequence[str]) -> dict[str, float]:
    """Where each value stands on the axis: at its number, or one beside the other when some are words."""
    found = {value: number(value) for value in values}
    known = {value: place for value, place in found.items() if place is not None}
    return known if len(known) == len(found) else {value: float(at) for at, value in enumerate(values, 1)}


def _colours(count: int) -> list[str]:
    ours = ["#0072b2", "#d55e00", *HOP_COLOURS[2:]]
    return [ours[at % len(ours)] for at in range(count)]


def _curve(axis: Axes, curve: Sequence[Swept], places: dict[str, float], key: str, label: str, colour: str) -> None:
    found = [(places[one.settings[key]], one.point.interval(STATISTIC)) for one in curve if not one.point.is_overloaded]
    seen = [(x, interval) for x, interval in found if interval is not None]
    means = [interval.mean * 1e3 for _, interval in seen]
    # On a logarithmic axis an interval cannot reach 0.
    below = [min(interval.half_width * 1e3, 0.99 * mean) for (_, interval), mean in zip(seen, means, strict=True)]
    above = [interval.half_width * 1e3 for _, interval in seen]
    axis.errorbar([x for x, _ in seen], means, [below, above], color=colour, marker="o", ms=4, capsize=3, label=label)


def _mark_overloads(
    axis: Axes, curve: Sequence[Swept], places: dict[str, float], key: str, colour: str, height: float
) -> None:
    for one in curve:
        if one.point.is_overloaded:
            at = (places[one.settings[key]], height)
            place = axis.get_xaxis_transform()
            axis.plot(*([value] for value in at), "x", color=colour, transform=place, ms=8, mew=2)
            text = f"+{one.point.means['backlog_per_s']:.3g}/s"
            axis.annotate(
                text, at, (7, 0), xycoords=place, textcoords="offset points", va="center", color=colour, fontsize=10
            )


def _mark_knees(axis: Axes, knees: Sequence[Swept], places: dict[str, float], key: str, colour: str) -> None:
    for one in knees:
        at = (places[one.settings[key]], one.point.means[STATISTIC] * 1e3)
        axis.plot([at[0]], [at[1]], "o", ms=13, mfc="none", mec=colour, mew=1.6)
        axis.annotate("knee", at, xytext=(9, 7), textcoords="offset points", color=MUTED, fontsize=11)


def _tornado(axis: Axes, tornado: Tornado) -> None:
    bars = _felt(tornado)
    base = tornado.base
    edge = max([0.0 if base is None else base, *_values(bars)], default=1.0) * 1.15
    for row, bar in enumerate(bars):
        for end, colour in zip((bar.low, bar.high), _ENDS, strict=True):
            _end(axis, row, end, base, edge, colour)
    axis.set_yticks(range(len(bars)), [f"{bar.assumption.key}  {shown_range(bar.assumption)}" for bar in bars])
    axis.set_ylim(max(len(bars), 2) - 0.4, -0.6)
    axis.grid(visible=False, axis="y")
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: shown(value, tornado.unit)))
    if base is not None:
        axis.axvline(base, color=INK, lw=1)
    axis.set_title(tornado.answer + ("" if tornado.unit == "s" else f" ({tornado.unit})"))
    axis.legend(
        handles=[Patch(color=colour, label=name) for colour, name in zip(_ENDS, ("low end", "high end"), strict=True)],
        loc="lower right",
        bbox_to_anchor=(1, 1),
        ncols=2,
        fontsize=10,
    )


def _felt(tornado: Tornado) -> list[Bar]:
    return [bar for bar in tornado.bars if bar.swing(tornado.base or 0.0) > 0][:_MOST_BARS]


def _end(axis: Axes, row: int, end: End, base: float | None, edge: float, colour: str) -> None:
    to = edge if end.is_overloaded else end.value
    start = 0.0 if base is None else base
    if to is None:
        return
    # What may be chance is faint.
    axis.barh(row, to - start, 0.7, left=start, color=colour, alpha=0.85 if end.moves else 0.3)
    if end.is_overloaded:
        name_line(axis, to, row, "overloaded", LIMIT)


def _values(bars: Sequence[Bar]) -> list[float]:
    return [end.value for bar in bars for end in (bar.low, bar.high) if end.value is not None]


def _save(drawn: Figure, path: Path) -> None:
    drawn.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
