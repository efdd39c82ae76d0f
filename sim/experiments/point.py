"""A Point: one design, seen in several independent replications, with an interval for every number.

threshold        pass when the whole interval lies below it, fail when it lies above, else unknown
overloaded       no latency describes it: the backlog's growth does
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from sim.engine import BOX, Profile
from sim.experiments.case import Case, Values
from sim.experiments.laboratory import Laboratory
from sim.experiments.measure import busiest
from sim.scenario import Scenario
from sim.statistics import LEAST, Interval, Precision, mean_interval, paired_interval
from sim.verdict import Outcome

# Fewest samples that bound a percentile from above with 95 % confidence: q**n ≤ 5 % (Wilks 1941).
ENOUGH = {"mean": 30, "p50": 5, "p95": 59, "p99": 299, "p999": 2995, "max": 1}
REPLICATIONS = 5


@dataclass(frozen=True, slots=True)
class Judgement:
    """A threshold on the mean of the replications. No `interval` where nothing was seen or the box is overloaded."""

    name: str
    limit_s: float
    interval: Interval | None
    outcome: Outcome
    note: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """`replications` are what `sim.experiments.measure` says of each, in order.

    `missed` says that a precision which was asked for was not reached.
    """

    scenario: Scenario
    replications: tuple[Values, ...]
    missed: str = ""

    def values(self, statistic: str) -> list[float]:
        """The number in those replications that have it."""
        return [values[statistic] for values in self.replications if statistic in values]

    def interval(self, statistic: str) -> Interval | None:
        """Its mean and interval; None where fewer than 4 replications have it."""
        values = self.values(statistic)
        return mean_interval(values) if len(values) >= LEAST else None

    @property
    def means(self) -> Mapping[str, float]:
        """The mean of every number."""
        names = dict.fromkeys(name for values in self.replications for name in values)
        return {name: fmean(self.values(name)) for name in names}

    @property
    def is_overloaded(self) -> bool:
        """Whether most replications were."""
        return fmean(self.values("overloaded")) > 0.5

    @property
    def overload(self) -> str:
        """`overloaded: backlog grows by 12.3/s`, or empty."""
        if not self.is_overloaded:
            return ""
        return f"overloaded: backlog grows by {fmean(self.values('backlog_per_s')):.3g}/s"

    @property
    def busiest(self) -> tuple[str, float]:
        """The event loop, or the cores, that gives out first, and its mean utilisation."""
        return busiest(self.means)

    @property
    def warning(self) -> str:
        """What to know before trusting it; empty when there is nothing."""
        return "; ".join(note for note in (self.missed, self._late) if note)

    @property
    def _late(self) -> str:
        late = [settled_s for settled_s in self.values("settled_s") if settled_s > self.scenario.run.warm_up_s]
        if 2 * len(late) <= len(self.replications):
            return ""
        return (
            f"run.warm_up ({self.scenario.run.warm_up_s:g} s) may be too short: by MSER-5, {len(late)} of "
            f"{len(self.replications)} replications settle later, at {fmean(late):.1f} s on the mean"
        )

    def judge(self) -> tuple[Judgement, ...]:
        """Every threshold of the scenario."""
        return tuple(self._judge(name, limit_s) for name, limit_s in self.scenario.thresholds.items())

    def _judge(self, name: str, limit_s: float) -> Judgement:
        if self.is_overloaded:
            return Judgement(name, limit_s, None, Outcome.FAIL, self.overload)
        found = self.interval(name)
        if found is None:
            return Judgement(name, limit_s, None, Outcome.UNKNOWN, "not seen in enough replications")
        kind, _, statistic = name.partition("_")
        samples = min(self.values(f"{kind}_samples"))
        if found.low > limit_s:
            return Judgement(name, limit_s, found, Outcome.FAIL)
        if found.high > limit_s:
            return Judgement(name, limit_s, found, Outcome.UNKNOWN, "the interval straddles it: more replications")
        if samples < ENOUGH[statistic]:
            return Judgement(
                name, limit_s, found, Outcome.UNKNOWN, f"{samples:.0f} samples, {ENOUGH[statistic]} needed"
            )
        return Judgement(name, limit_s, found, Outcome.PASS)


def replicate(
    scenario: Scenario,
    laboratory: Laboratory,
    *,
    seed: int | None = None,
    number: int | Precision = REPLICATIONS,
    statistic: str = "delivery_p99",
    profile: Profile = BOX,
) -> Point:
    """The scenario in `number` replications, or in as many as `statistic` needs for a precision."""
    seed = scenario.run.seed if seed is None else seed
    if isinstance(number, int):
        return points([Case(scenario, seed, 0, profile)], laboratory, number)[0]
    found: list[Values] = []
    # By rounds of a fixed size: how many processes there are must not decide how many replications are run.
    while len(found) < number.most:
        size = min(number.look_ahead, number.most - len(found))
        found += laboratory.observe([Case(scenario, seed, len(found) + at, profile) for at in range(size)])
        seen = [values[statistic] for values in found if statistic in values]
        if len(seen) == len(found) and number.reached_at(seen) is not None:
            return Point(scenario, tuple(found))
    reached = Point(scenario, tuple(found))
    return (
        reached
        if reached.is_overloaded
        else replace(reached, missed=number.missed(reached.interval(statistic), statistic))
    )


def points(designs: Sequence[Case], laboratory: Laboratory, number: int) -> list[Point]:
    """Each design (its first case) in `number` replications, all of them on the same random numbers."""
    cases = [
        Case(design.scenario, design.seed, design.number + at, design.profile)
        for design in designs
        for at in range(number)
    ]
    found = laboratory.observe(cases)
    return [Point(design.scenario, tuple(found[at * number : (at + 1) * number])) for at, design in enumerate(designs)]


def difference(first: Point, second: Point, statistic: str) -> Interval | None:
    """`second` − `first` on the same random numbers, with its paired interval; None where a replication lacks it."""
    pairs = [
        (a[statistic], b[statistic])
        for a, b in zip(first.replications, second.replications, strict=True)
        if statistic in a and statistic in b
    ]
    if len(pairs) < LEAST:
        return None
    ours, theirs = zip(*pairs, strict=True)
    return paired_interval(ours, theirs)
