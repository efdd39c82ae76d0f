"""One line of the plan: a number with its origin, what it was computed from, and what the document says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from sim.plan.swing import Swing, ranged
from sim.provenance import Parameter
from sim.units import show_count, show_duration, show_size

# How many of the inputs that move a value are told.
MOST = 5
_SIZES = {"bytes": "", "bytes/s": "/s", "bytes/day": " a day"}


@dataclass(frozen=True, slots=True)
class PlanLine:
    """`key` is stable and starts with its component, such as `kafka.partitions`.

    `inputs` are the lines and parameters in its formula. `document` is the design document's own figure,
    `document_note` why that is right or was corrected.
    """

    key: str
    parameter: Parameter
    inputs: tuple[PlanLine | Parameter, ...] = ()
    document: str | None = None
    document_note: str | None = None
    computed_swing: Swing | None = field(default=None, compare=False, repr=False)

    @property
    def swing(self) -> Swing:
        """How far each input, down to the sources, moves the value."""
        own = self.parameter
        return self.computed_swing or ranged(own.name, own.value, own.low, own.high)

    @property
    def name(self) -> str:
        """What the number is."""
        return self.parameter.name

    @property
    def value(self) -> float:
        """The number itself, in `parameter.unit`."""
        return self.parameter.value

    @property
    def component(self) -> str:
        """The part of the system, such as `kafka`."""
        return self.key.partition(".")[0]

    @property
    def shown(self) -> str:
        """The number with its unit, as people read it."""
        return show(self.parameter)

    @property
    def shown_range(self) -> str:
        """`"7,736 to 571,480"`, or nothing where there is no range."""
        return show_range(self.parameter)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: the keys of the line and of its parameter, flat, inputs by key or name.

        `moved_by` are the inputs that alone move it farthest, with its value at their ends.
        """
        return {
            "key": self.key,
            "component": self.component,
            **parameter_to_dict(self.parameter),
            "inputs": [item.key if isinstance(item, PlanLine) else item.name for item in self.inputs],
            "document": self.document,
            "document_note": self.document_note,
            "moved_by": [{"name": name, "low": low, "high": high} for name, low, high in self.swing.movers()[:MOST]],
        }


def parameter_to_dict(parameter: Parameter) -> dict[str, Any]:
    """JSON-ready: name, value, unit, shown, mark, source, low, high."""
    return {
        "name": parameter.name,
        "value": parameter.value,
        "unit": parameter.unit,
        "shown": show(parameter),
        "mark": parameter.mark,
        "source": parameter.source,
        "low": parameter.low,
        "high": parameter.high,
    }


def number(value: float) -> str:
    """`12_640` → `"12,640"`, `2e9` → `"2 bn"`, `0.316` → `"0.316"`."""
    if abs(value) >= 1e6:
        return show_count(value)
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def compact(parameter: Parameter) -> str:
    """The value inside a formula: `"5.79 M/s"`, `"3 ms"`, `"70 %"`, `"256 B"`, `"50,000"`."""
    if parameter.unit in _SIZES:
        return show_size(parameter.value) + _SIZES[parameter.unit]
    if parameter.unit == "s":
        return _duration(parameter.value)
    if parameter.unit == "share":
        return f"{parameter.value * 100:.3g} %"
    _, slash, period = parameter.unit.partition("/")
    return number(parameter.value) + slash + period


def _duration(seconds: float) -> str:
    if seconds < 1000:
        return show_duration(seconds)
    return f"{seconds / 60:.3g} min" if seconds < 7200 else f"{seconds / 3600:.3g} h"


def show(parameter: Parameter) -> str:
    """The value with its unit: `"5.79 M messages/s"`, `"12,640 servers"`, `"3 ms"`."""
    if parameter.unit in _SIZES or parameter.unit in ("s", "share"):
        return compact(parameter)
    unit = parameter.unit.removesuffix("s") if parameter.value == 1 and "/" not in parameter.unit else parameter.unit
    return f"{number(parameter.value)} {unit}".rstrip()


def show_range(parameter: Parameter) -> str:
    """`"0.5 ms to 10 ms"`, or nothing where there is no range."""
    if parameter.low is None or parameter.high is None:
        return ""
    return " to ".join(compact(replace(parameter, value=bound)) for bound in (parameter.low, parameter.high))


Lines: TypeAlias = Mapping[str, PlanLine]


def keyed(lines: Iterable[PlanLine]) -> dict[str, PlanLine]:
    """The lines by their keys."""
    return {line.key: line for line in lines}
