"""A scene as SVG: lifelines side by side, time downwards, what convicts ringed in red. Colours are the page's own.

  │ u3 │      │ log │      │ u5 │
0.0 s ●───────────╲
0.1 s              ●╌╌╌╌╌╌╌╌╌╌╌╌ ✗
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from reports.counterexamples.scene import Arrow, Band, Dot, Scene, letter

_GUTTER, _RIGHT, _TOP, _ROW, _CAPTION = 104, 176, 62, 38, 22
_WIDTH = 1040
_COLOURS = 5  # classes m0 to m4 of the page's style sheet


def svg(shown: Scene) -> str:
    """One `<svg>`, for the page that holds its style."""
    return "".join(_Drawing(shown).elements())


class _Drawing:
    def __init__(self, shown: Scene) -> None:
        self.scene = shown
        gaps = max(len(shown.lives) - 1, 1)
        step = min(230, (_WIDTH - _GUTTER - _RIGHT) // gaps)
        self.x = {life: _GUTTER + 20 + step * number for number, life in enumerate(shown.lives)}
        self.width = max(_GUTTER + 20 + step * (len(shown.lives) - 1) + _RIGHT, 560)
        self.bottom = _TOP + _ROW * shown.rows
        self.height = self.bottom + 16 + _CAPTION * (1 + -(-len(shown.messages) // 2))

    def y(self, row: int) -> float:
        return _TOP + _ROW * (row + 0.5)

    def elements(self) -> Iterator[str]:
        told = escape(f"{self.scene.check}: {self.scene.note}", quote=True)
        size = f'viewBox="0 0 {self.width} {self.height}" style="--w:{self.width}px"'
        yield f'<svg class="scene" role="img" aria-label="{told}" {size}>'
        yield from (self.fault(band) for band in self.scene.bands if not band.life)
        if self.scene.quiet >= 0:
            yield self.quiet(self.y(self.scene.quiet))
        yield from map(self.life, self.scene.lives)
        yield from (self.session(band) for band in self.scene.bands if band.life in self.x)
        yield from map(self.arrow, self.scene.arrows)
        yield from map(self.dot, self.scene.dots)
        yield from self.captions()
        yield "</svg>"

    def life(self, name: str) -> str:
        x, wide = self.x[name], max(48, 9 * len(name) + 22)
        box = f'<rect class="head" x="{x - wide / 2:g}" y="16" width="{wide}" height="28" rx="6"/>'
        line = f'<line class="life" x1="{x}" y1="44" x2="{x}" y2="{self.bottom}"/>'
        return f'{line}{box}<text class="who" x="{x}" y="35">{escape(name)}</text>'

    def session(self, band: Band) -> str:
        top, end = self.y(band.first), min(self.y(band.last), self.bottom)
        x = self.x[band.life] - 4
        return f'<rect class="session" x="{x}" y="{top:g}" width="8" height="{end - top:g}" rx="3"/>'

    def fault(self, band: Band) -> str:
        top, end = self.y(band.first) - _ROW / 2, min(self.y(band.last) + _ROW / 2, self.bottom)
        area = f'<rect class="fault" x="0" y="{top:g}" width="{self.width}" height="{end - top:g}"/>'
        return f'{area}<text class="faulty" x="{self.width - 8}" y="{top + 16:g}">{escape(band.text)}</text>'

    def quiet(self, y: float) -> str:
        line = f'<line class="quiesce" x1="{_GUTTER - 30}" y1="{y:g}" x2="{self.width}" y2="{y:g}"/>'
        return f'{line}<text class="faint" x="{self.width - 8}" y="{y - 6:g}">all had time to arrive</text>'

    def arrow(self, arrow: Arrow) -> str:
        (row, life), (end_row, end_life) = arrow.start, arrow.end
        x1, y1, x2, y2 = self.x[life], self.y(row), self.x[end_life], self.y(end_row)
        side = 1 if x2 > x1 else -1
        if arrow.missing:
            line = f'<line class="arrow missing" x1="{x1}" y1="{y1:g}" x2="{x2 - 12 * side}" y2="{y2 - 3:g}"/>'
            cross = f'<path class="cross" d="M{x2 - 6} {y2 - 6:g}l12 12m0 -12l-12 12"/>'
            name = letter(arrow.message)
            return f'{line}{cross}<text class="guilty" x="{x2 + 14}" y="{y2 + 4:g}">never shows {name}</text>'
        line = f'<line class="arrow {_colour(arrow.message)}" x1="{x1}" y1="{y1:g}" x2="{x2}" y2="{y2:g}"/>'
        return line + _head(x1, y1, x2, y2, _colour(arrow.message))

    def dot(self, dot: Dot) -> str:
        x, y = self.x[dot.life], self.y(dot.row)
        ring = f'<circle class="ring" cx="{x}" cy="{y:g}" r="9"/>' if dot.convicting else ""
        mark = f'<circle class="dot {_colour(dot.message)}" cx="{x}" cy="{y:g}" r="4.5"/>'
        kind = "guilty" if dot.convicting else "what"
        text = f'<text class="{kind}" x="{x + 14}" y="{y + self.lift(dot):g}">{escape(dot.text)}</text>'
        time = f'<text class="time" x="{_GUTTER - 40}" y="{y + 4:g}">{dot.t_ns / 1e9:,.3f} s</text>'
        return f"{time}{ring}{mark}{text}"

    def lift(self, dot: Dot) -> float:
        """Words go above where an arrow leaves to the right, below where one comes from there."""
        here = (dot.row, dot.life)
        if any(a.end == here and self.x[a.start[1]] > self.x[dot.life] for a in self.scene.arrows):
            return 16
        leaves = any(a.start == here and self.x[a.end[1]] > self.x[dot.life] for a in self.scene.arrows)
        return -6 if leaves else 4

    def captions(self) -> Iterator[str]:
        y = self.bottom + 24
        yield f'<text class="guilty" x="20" y="{y}">✗ {escape(self.scene.note)}</text>'
        for number, caption in enumerate(self.scene.messages):
            x, line = 20 + (number % 2) * self.width // 2, y + _CAPTION * (1 + number // 2)
            yield f'<circle class="dot {_colour(number)}" cx="{x + 5}" cy="{line - 4}" r="4.5"/>'
            yield f'<text class="what" x="{x + 16}" y="{line}">{letter(number)} is {escape(caption)}</text>'


def _head(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    """An arrow's head that touches the dot's edge."""
    long = max(((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5, 1)
    ux, uy = (x2 - x1) / long, (y2 - y1) / long
    tip_x, tip_y = x2 - 6 * ux, y2 - 6 * uy
    back_x, back_y = tip_x - 9 * ux, tip_y - 9 * uy
    corners = ((tip_x, tip_y), (back_x - 4 * uy, back_y + 4 * ux), (back_x + 4 * uy, back_y - 4 * ux))
    return f'<polygon class="head-of {colour}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in corners)}"/>'


def _colour(message: int) -> str:
    return "none" if message < 0 else f"m{message % _COLOURS}"
