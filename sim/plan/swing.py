"""How far each input alone moves a value, and how far all of them may have moved it.

    users × share     value    500 M
                      ends     users 500 M … 775 M,  share 100 M … 790 M      one input at its low and high end
                      range    100 M … 950 M

Inputs are wrong independently of each other, so their swings combine as the root of their squares (JCGM 100:2008,
section 5.1.2), of ratios where everything is positive. That is what the inputs together may plausibly do, not the
bound where all are at their worst at once; an input that occurs twice counts as the one that it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Swing:
    """A value; `ends` holds, by input, the value with that input alone at its low and at its high end."""

    value: float
    ends: Mapping[str, tuple[float, float]]

    @property
    def low(self) -> float:
        """The low end of the range."""
        return self._combined([min(self.value, *pair) for pair in self.ends.values()], -1)

    @property
    def high(self) -> float:
        """The high end of the range."""
        return self._combined([max(self.value, *pair) for pair in self.ends.values()], 1)

    def _combined(self, moved: list[float], sign: int) -> float:
        if all(value == self.value for value in moved):
            return self.value
        if self.value > 0 and min(moved) > 0:
            return self.value * math.exp(sign * math.hypot(*(math.log(value / self.value) for value in moved)))
        together = self.value + sign * math.hypot(*(value - self.value for value in moved))
        # What no input alone makes negative is a quantity that cannot be.
        return together if min(self.value, *moved) < 0 else max(0.0, together)

    def movers(self) -> list[tuple[str, float, float]]:
        """Inputs that move the value, with its lowest and highest; those that move it farthest first."""
        moved = [(name, min(pair), max(pair)) for name, pair in self.ends.items() if min(pair) < max(pair)]
        return sorted(moved, key=lambda mover: mover[1] - mover[2])


def ranged(name: str, value: float, low: float | None, high: float | None) -> Swing:
    """An input as such."""
    if low is None or high is None:
        return Swing(value, {})
    return Swing(value, {name: (low, high)})


def applied(function: Callable[..., float], *operands: Swing) -> Swing:
    """`function(operands)`, and again with every input at either end."""
    names = dict.fromkeys(name for operand in operands for name in operand.ends)
    ends = {name: (_at(function, operands, name, 0), _at(function, operands, name, 1)) for name in names}
    return Swing(function(*[operand.value for operand in operands]), ends)


def _at(function: Callable[..., float], operands: tuple[Swing, ...], name: str, end: int) -> float:
    return function(*[operand.ends[name][end] if name in operand.ends else operand.value for operand in operands])
