"""Settings that take several values: `a=1,2,4`, `b=x..y`, `b=x..y:steps`.

    design.partitions=4,16,64     these values
    design.linger=0ms..20ms:5     0, 5, 10, 15, 20 ms: evenly spaced, ends included (5 steps unless said)
    traffic.daily_peak=1..12:4    by a factor where the upper end is 10 times the lower one or more

Ends keep their unit; ends of two units are compared as plain numbers. Whole ends give whole numbers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import product

import numpy as np

from sim.errors import UsageError
from sim.units import parse_count, parse_duration, parse_rate, parse_ratio, parse_share, parse_size

STEPS = 5
_MOST_POINTS = 500
_BY_FACTOR = 10
_RANGE = re.compile(r"\s*(.+?)\s*\.\.\s*(.+?)\s*")
_NUMBER = re.compile(r"([0-9][0-9_]*(?:\.[0-9_]+)?|\.[0-9]+)(.*)")
# A size before a count: 1b is one byte.
_PARSERS: tuple[Callable[[object], float], ...] = (
    parse_duration,
    parse_size,
    parse_rate,
    parse_ratio,
    parse_share,
    parse_count,
)


@dataclass(frozen=True, slots=True)
class Axis:
    """One setting and the values that it takes, as text."""

    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """What every point shares, and the axes."""

    shared: tuple[str, ...]
    axes: tuple[Axis, ...]

    def points(self) -> list[dict[str, str]]:
        """Every combination: values by key, the last axis moving fastest."""
        return [
            dict(zip((axis.key for axis in self.axes), values, strict=True))
            for values in product(*(axis.values for axis in self.axes))
        ]


def parse_grid(settings: Iterable[str]) -> Grid:
    """Settings as the command line has them. Raises UsageError for a range that cannot be, or for too many points."""
    shared, axes = [], []
    for setting in settings:
        key, _, text = setting.partition("=")
        values = _values(key.strip(), text)
        if len(values) == 1:
            shared.append(setting)
        else:
            axes.append(Axis(key.strip(), values))
    count = math.prod(len(axis.values) for axis in axes)
    if count > _MOST_POINTS:
        raise UsageError(f"{count:,} points are more than {_MOST_POINTS}; sweep fewer values, or fewer settings")
    return Grid(tuple(shared), tuple(axes))


def number(text: str) -> float | None:
    """A value as a plain number in the unit that it has; None for a word."""
    for parse in _PARSERS:
        try:
            return parse(text)
        except ValueError:
            continue
    return None


def _values(key: str, text: str) -> tuple[str, ...]:
    parts = [part.strip() for part in text.split(",")]
    found = [value for part in parts for value in (_range(key, part) if ".." in part else (part,))]
    if len(parts) > 1 and not all(parts):
        raise UsageError(f"--set {key}={text}: an empty value between commas")
    return tuple(dict.fromkeys(found))


def _range(key: str, text: str) -> tuple[str, ...]:
    match = _RANGE.fullmatch(text)
    if match is None:
        raise UsageError(f"--set {key}={text}: expected x..y or x..y:steps, such as 1..16:5")
    low, high = match[1], match[2]
    steps = STEPS
    # A ratio such as 1:20_000 has a colon of its own, at both ends.
    if high.count(":") > low.count(":"):
        high, _, count = high.rpartition(":")
        steps = int(count) if count.isdecimal() else 0
    ends = _ends(low, high)
    if ends is None or steps < 2:
        raise UsageError(f"--set {key}={text}: expected numbers x..y and at least 2 steps, such as 1ms..16ms:5")
    first, last, unit = ends
    if first >= last:
        raise UsageError(f"--set {key}={text}: the range runs from {low} down to {high}; put the lower end first")
    return tuple(dict.fromkeys(f"{value}{unit}" for value in _spaced(first, last, steps, _are_whole(low, high))))


def _ends(low: str, high: str) -> tuple[float, float, str] | None:
    """Both ends in one unit."""
    ours, theirs = _NUMBER.fullmatch(low), _NUMBER.fullmatch(high)
    if ours and theirs and ours[2] == theirs[2]:
        return float(ours[1].replace("_", "")), float(theirs[1].replace("_", "")), ours[2]
    for parse in _PARSERS:
        try:
            return parse(low), parse(high), ""
        except ValueError:
            continue
    return None


def _are_whole(*ends: str) -> bool:
    return all(re.fullmatch(r"[0-9_]+", end) for end in ends)


def _spaced(first: float, last: float, steps: int, whole: bool) -> Iterable[str]:
    by_factor = first > 0 and last >= _BY_FACTOR * first
    for step in range(steps):
        share = step / (steps - 1)
        value = first * (last / first) ** share if by_factor else first + (last - first) * share
        # Not 1e+06, which carries no unit.
        yield str(round(value)) if whole else np.format_float_positional(value, 6, fractional=False, trim="-")
