"""Charts for notebooks, drawn once and kept as SVG: they are seen without a kernel.

bars     one bar a thing, or several side by side
ranges   from low to high around a value: what moves it most, at the top
curves   one or more lines over a choice
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.plots.style import HALF, LIMIT, WORLD_COLOURS, figure, styled
from sim.units import show_count

_COLOURS = (*WORLD_COLOURS.values(), "#117733", "#aa4499")
_ROW_INCHES = 0.34


@dataclass(frozen=True, slots=True)
class Chart:
    """A finished chart."""

    svg: str = field(repr=False)

    def _repr_svg_(self) -> str:
        return self.svg


@styled
def bars(
    title: str,
    values: Mapping[str, float | Mapping[str, float]],
    *,
    unit: str = "",
    log: bool = False,
    limit: float | None = None,
) -> Chart:
    """Horizontal bars, the first on top; where a value is a mapping, its bars stand side by side."""
    grouped = {name: value if isinstance(value, Mapping) else {"": value} for name, value in values.items()}
    series = list(dict.fromkeys(label for group in grouped.values() for label in group))
    drawn, axis = _rows(title, list(grouped), unit, log, rows=len(grouped) * len(series))
    height = 0.8 / len(series)
    for number, label in enumerate(series):
        places = [place - 0.4 + height * (number + 0.5) for place in range(len(grouped))]
        lengths = [group.get(label, 0.0) for group in grouped.values()]
        colour = _COLOURS[number % len(_COLOURS)]
        drawn_bars = axis.barh(places, lengths, height=height * 0.9, color=colour, label=label or None)
        axis.bar_label(drawn_bars, [show_count(length) for length in lengths], padding=3, fontsize=10)
    axis.margins(x=0.12)
    if limit is not None:
        axis.axvline(limit, color=LIMIT, linestyle="--")
    if len(series) > 1:
        axis.legend(loc="best")
    return _chart(drawn)


@styled
def ranges(
    title: str, value: float, ends: Mapping[str, tuple[float, float]], *, unit: str = "", log: bool = True
) -> Chart:
    """From low to high, the first on top, around the line of the value."""
    drawn, axis = _rows(title, list(ends), unit, log, rows=len(ends))
    for place, (low, high) in enumerate(ends.values()):
        axis.barh(place, high - low, left=low, height=0.6, color=_COLOURS[0])
    axis.axvline(value, color=LIMIT)
    return _chart(drawn)


@styled
def curves(
    title: str, over: Sequence[float], series: Mapping[str, Sequence[float]], *, x: str, y: str, log: bool = True
) -> Chart:
    """Lines with a dot at each value of the choice, both axes logarithmic where `log` is set."""
    drawn, (axis,) = figure(HALF, 3.2)
    for colour, (label, values) in zip(_COLOURS, series.items(), strict=False):
        axis.plot(over, values, marker="o", color=colour, label=label)
    if log:
        axis.set_xscale("log")
        axis.set_yscale("log")
    axis.set_xlabel(x)
    axis.set_ylabel(y)
    axis.set_title(title)
    if len(series) > 1:
        axis.legend(loc="best")
    return _chart(drawn)


def _rows(title: str, names: list[str], unit: str, log: bool, rows: int) -> tuple[Figure, Axes]:
    drawn, (axis,) = figure(HALF * 1.2, 1.1 + _ROW_INCHES * rows)
    axis.set_yticks(range(len(names)), names)
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.grid(visible=False, axis="y")
    axis.set_xlabel(unit)
    axis.set_title(title)
    if log:
        axis.set_xscale("log")
    return drawn, axis


def _chart(drawn: Figure) -> Chart:
    buffer = io.StringIO()
    drawn.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    return Chart(svg[svg.index("<svg") :])
