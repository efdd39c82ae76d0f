"""The look of every chart, and a Figure as inline SVG.

Colours stay apart for colour-blind readers: Okabe and Ito (2008) for the two worlds, Paul Tol's muted scheme (2021) for
the hops. Text stays text, so that a chart reads in the page's own font and can be searched.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from functools import wraps
from itertools import pairwise
from typing import Any, ParamSpec, TypeVar

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

P = ParamSpec("P")
T = TypeVar("T")

WIDE, HALF = 14.6, 7.2
INK, MUTED, GRID = "#1f2933", "#52606d", "#e4e7eb"
WORLD_COLOURS = {"sim": "#0072b2", "real": "#d55e00"}
HOP_COLOURS = ("#bbbbbb", "#88ccee", "#332288", "#ddcc77", "#117733", "#aa4499", "#cc6677", "#44aa99")
LIMIT = "#b00020"
SHADE = {"warm-up": "#eef1f4", "fault": "#f9d8c9"}

_STYLE: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 12,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 13,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "text.color": INK,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
    "svg.fonttype": "none",
    "svg.hashsalt": "chatscale",
}


def styled(plot: Callable[P, T]) -> Callable[P, T]:
    """Run a plotting function with the look above; matplotlib reads it whenever it makes a tick, title or legend."""

    @wraps(plot)
    def with_style(*args: P.args, **kwargs: P.kwargs) -> T:
        with mpl.rc_context(_STYLE):
            return plot(*args, **kwargs)

    return with_style


def figure(width: float, height: float, rows: int = 1, columns: int = 1, **options: Any) -> tuple[Figure, list[Axes]]:
    """A figure of that size (inches at 72 px) with its axes in reading order."""
    drawn = Figure(figsize=(width, height))
    drawn.set_layout_engine("constrained", w_pad=0.12, h_pad=0.06)
    return drawn, list(drawn.subplots(rows, columns, squeeze=False, **options).flat)


def to_svg(drawn: Figure, title: str) -> str:
    """Inline SVG, the same bytes for the same data; `title` is what a screen reader says."""
    buffer = io.StringIO()
    drawn.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g id="[^"]*">', "<g>", svg)
    width, height = (float(size) for size in re.findall(r'(?:width|height)="([\d.]+)pt"', svg)[:2])
    opening = f'<svg role="img" aria-label="{title}" viewBox="0 0 {width:g} {height:g}" style="--w:{width:g}px">'
    return opening + svg[svg.index(">") + 1 :]


def shade(axis: Axes, start: float, end: float, what: str, label: str = "") -> None:
    """Tint a span of time and name it at the bottom."""
    axis.axvspan(start, end, color=SHADE[what], linewidth=0, zorder=0)
    if label:
        axis.annotate(
            label,
            (start, 0),
            xycoords=("data", "axes fraction"),
            xytext=(4, 4),
            textcoords="offset points",
            color=MUTED,
            fontsize=10.5,
        )


def name_line(axis: Axes, x: float, y: float, text: str, colour: str, dy: float = 0) -> None:
    """A label to the right of a line's end, in the line's colour."""
    axis.annotate(
        text,
        (x, y),
        xytext=(5, dy),
        textcoords="offset points",
        color=colour,
        va="center",
        fontsize=11,
        annotation_clip=False,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.5},
    )


def apart(values: list[float], least: float) -> list[float]:
    """The values moved so far up that no two are closer than `least`, in the order given."""
    order = sorted(range(len(values)), key=values.__getitem__)
    moved = list(values)
    for before, after in pairwise(order):
        moved[after] = max(moved[after], moved[before] + least)
    return moved
