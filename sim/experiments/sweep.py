"""Many designs side by side, on the same random numbers, and where the curve bends.

    p99 │            ╷ overloaded from here
        │          ╭─╯
        │       ╭──╯ ◄─ knee: furthest below the straight line from the first point to the last
        │ ──────╯
        └──────────────── a setting

The knee is that of Satopää, Albrecht, Irwin and Raghavan, "Finding a 'Kneedle' in a Haystack" (2011), for a curve that
bends upwards or, falling, towards the axes. Without a bend, it is the last point before the box is overloaded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sim.engine import BOX, Profile
from sim.errors import UsageError
from sim.experiments.case import Case
from sim.experiments.grid import Axis, Grid, number
from sim.experiments.laboratory import Laboratory
from sim.experiments.point import REPLICATIONS, Point, points, replicate
from sim.scenario import Scenario
from sim.scenario_file import with_settings
from sim.statistics import Precision

STATISTIC = "delivery_p99"
# A bend of less than this part of the whole rise is no knee.
_LEAST_BEND = 0.2


@dataclass(frozen=True, slots=True)
class Swept:
    """One point and the values of the swept settings there."""

    settings: Mapping[str, str]
    point: Point


@dataclass(frozen=True, slots=True)
class Sweep:
    """All points; the first axis is the one along which a curve is drawn."""

    scenario: Scenario
    axes: tuple[Axis, ...]
    swept: tuple[Swept, ...]

    def curves(self) -> dict[tuple[str, ...], list[Swept]]:
        """Points along the first axis, by the values of the other axes."""
        found: dict[tuple[str, ...], list[Swept]] = {}
        for one in self.swept:
            found.setdefault(tuple(one.settings[axis.key] for axis in self.axes[1:]), []).append(one)
        return found

    def knees(self, statistic: str = STATISTIC) -> list[Swept]:
        """The knee of every curve that has one."""
        found = (knee(curve, self.axes[0].key, statistic) for curve in self.curves().values())
        return [one for one in found if one is not None]


def run_sweep(
    scenario: Scenario,
    grid: Grid,
    laboratory: Laboratory,
    *,
    seed: int | None = None,
    count: int | Precision = REPLICATIONS,
    profile: Profile = BOX,
) -> Sweep:
    """Every point of the grid over the scenario, in `count` replications, or as many as a precision takes.

    Raises UsageError without an axis, and ScenarioError for the first point that cannot be, before anything is run.
    """
    if not grid.axes:
        raise UsageError("nothing to sweep: give a setting several values, such as --set design.partitions=4,16,64")
    seed = scenario.run.seed if seed is None else seed
    settings = grid.points()
    designs = [Case(with_settings(scenario, one), seed, 0, profile) for one in settings]
    if isinstance(count, int):
        found = points(designs, laboratory, count)
    else:
        found = [replicate(one.scenario, laboratory, seed=seed, number=count, profile=profile) for one in designs]
    return Sweep(scenario, grid.axes, tuple(Swept(*pair) for pair in zip(settings, found, strict=True)))


def knee(curve: Sequence[Swept], key: str, statistic: str = STATISTIC) -> Swept | None:
    """Where the curve of the statistic's mean bends; None for a line, for words, or for fewer than 3 steady points."""
    steady = [one for one in curve if not one.point.is_overloaded and one.point.values(statistic)]
    x = [number(one.settings[key]) for one in steady]
    if any(value is None for value in x) or not steady:
        return None
    bend = _bend(np.array(x, dtype=np.float64), np.array([one.point.means[statistic] for one in steady]))
    if bend is not None:
        return steady[bend]
    return steady[-1] if len(steady) < len(curve) and curve[len(steady) - 1] is steady[-1] else None


def _bend(x: np.ndarray, y: np.ndarray) -> int | None:
    if x.size < 3 or np.ptp(y) == 0 or np.ptp(x) == 0:
        return None
    order = np.argsort(x)
    across, up = ((values[order] - values.min()) / np.ptp(values) for values in (x, y))
    below = up[0] + (up[-1] - up[0]) * across - up
    deepest = int(np.argmax(below))
    return int(order[deepest]) if below[deepest] >= _LEAST_BEND else None
