"""Two designs on the same random numbers: what differs between them is the design.

replication 0   a ───┐ same people, same delays
                b ───┴─► b − a
replication 1   …             the mean of the differences, with its paired interval
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sim.engine import BOX, Profile
from sim.experiments.case import Case
from sim.experiments.laboratory import Laboratory
from sim.experiments.measure import LATENCIES
from sim.experiments.point import REPLICATIONS, Point, difference, points
from sim.scenario import Scenario
from sim.statistics import Interval

COMPARED = (
    *(f"delivery_{name}" for name in ("mean", "p50", "p95", "p99")),
    *(f"{kind}_{name}" for kind in ("ack", "receipt") for name in ("mean", "p99")),
    "utilisation.cores",
    "sent_per_s",
    "delivered_per_s",
    "order_violations",
)


@dataclass(frozen=True, slots=True)
class DesignRow:
    """One statistic of both designs and `second` − `first`; None for what was not seen, as a latency of an overload."""

    statistic: str
    first: Interval | None
    second: Interval | None
    difference: Interval | None

    @property
    def verdict(self) -> Literal["more", "less", "same", "unknown"]:
        """What `second` has, where the interval allows to say; the same only where they are equal each time."""
        if self.difference is None:
            return "unknown"
        if self.difference == Interval(0.0, 0.0):
            return "same"
        if self.difference.holds(0.0):
            return "unknown"
        return "more" if self.difference.mean > 0 else "less"


@dataclass(frozen=True, slots=True)
class Designs:
    """Both points and the rows of their comparison."""

    first: Point
    second: Point
    rows: tuple[DesignRow, ...]


def compare_designs(
    first: Scenario,
    second: Scenario,
    laboratory: Laboratory,
    *,
    seed: int | None = None,
    number: int = REPLICATIONS,
    profile: Profile = BOX,
) -> Designs:
    """Both scenarios in `number` replications; the seed (default: the first one's) is common."""
    seed = first.run.seed if seed is None else seed
    ours, theirs = points([Case(one, seed, 0, profile) for one in (first, second)], laboratory, number)
    return Designs(ours, theirs, tuple(_row(ours, theirs, statistic) for statistic in COMPARED))


def _row(first: Point, second: Point, statistic: str) -> DesignRow:
    ours, theirs = (
        None if point.is_overloaded and statistic.startswith(LATENCIES) else point.interval(statistic)
        for point in (first, second)
    )
    apart = difference(first, second, statistic) if ours and theirs else None
    return DesignRow(statistic, ours, theirs, apart)
