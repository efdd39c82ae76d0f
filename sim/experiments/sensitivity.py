"""Which assumption moves the answer most? One at a time, from the low end of its range to the high: a tornado.

    kafka.partitions         low                value               high
    serial work per record   ████████████████████│█████████████████████████████████
    traffic.event_peak               ████████████│███████████████████
    traffic.daily_peak                           │

A line of the plan knows how far each of its inputs moves it (`sim.plan.swing`). The model's answer is seen in
replications on the same random numbers, so that a small move is not lost in the noise: a paired interval says which
moves are none. An end that the scenario refuses is told as such; an overloaded one has no latency, and moves the answer
more than any that has.

Many assumptions are screened first: each end in one short replication, and only the few that move most are seen in all
of them. What was only screened has no interval, and is sure of nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from sim.engine import BOX, Profile
from sim.errors import ScenarioError, UsageError
from sim.experiments.assumptions import Assumption, matches, of_the_model, of_the_plan
from sim.experiments.case import Case
from sim.experiments.laboratory import Laboratory
from sim.experiments.point import REPLICATIONS, Point, difference, points
from sim.plan import plan
from sim.plan.line import number as compact_number
from sim.scenario import Scenario
from sim.scenario_file import with_settings
from sim.statistics import Interval
from sim.units import show_duration

# How many are seen in all replications, and how long a run is that only screens.
REFINED = 6
_SCREEN_S = 20.0
_SCREEN_WARM_UP_S = 5.0


@dataclass(frozen=True, slots=True)
class End:
    """The answer at one end of a range: `value` is None where there is none, and `note` says why.

    `change` is the paired interval of what it moved, in the model only, unless it was only `screened`.
    """

    at: float
    value: float | None
    change: Interval | None = None
    note: str = ""
    screened: bool = False

    @property
    def is_overloaded(self) -> bool:
        """Whether the box cannot carry it."""
        return self.note.startswith("overloaded")

    @property
    def moves(self) -> bool:
        """Whether the answer differs here by more than chance."""
        if self.value is None or self.screened:
            return self.is_overloaded
        return self.change is None or not self.change.holds(0.0)


@dataclass(frozen=True, slots=True)
class Bar:
    """What one assumption does to one answer."""

    assumption: Assumption
    low: End
    high: End

    def swing(self, base: float) -> float:
        """How far the ends, and the answer itself, lie apart; infinite where an end is overloaded."""
        if self.low.is_overloaded or self.high.is_overloaded:
            return float("inf")
        values = [base, *(end.value for end in (self.low, self.high) if end.value is not None)]
        return max(values) - min(values)

    @property
    def is_sure(self) -> bool:
        """Whether some end differs by more than chance."""
        return any(end.moves for end in (self.low, self.high))


@dataclass(frozen=True, slots=True)
class Tornado:
    """One answer: its value as assumed, and the bars, widest first."""

    answer: str
    unit: str
    base: float | None
    note: str
    bars: tuple[Bar, ...]


# The answer of a short run, and the bars that it gave.
Screened = tuple[float | None, Sequence[Bar]]


def require_match(scenario: Scenario, patterns: tuple[str, ...], profile: Profile = BOX) -> None:
    """Raise UsageError for a pattern that no assumption fits."""
    known = [*of_the_model(scenario, profile), *of_the_plan(scenario, plan(scenario).parameters()).values()]
    for pattern in patterns:
        if not any(matches(one, (pattern,)) for one in known):
            near = get_close_matches(pattern, [one.key for one in known], n=3, cutoff=0.4)
            raise UsageError(f"no assumption fits {pattern}; some are: {', '.join(near or [known[0].key])}")


def model_tornado(
    scenario: Scenario,
    laboratory: Laboratory,
    *,
    statistic: str = "delivery_p99",
    patterns: tuple[str, ...] = ("*",),
    seed: int | None = None,
    number: int = REPLICATIONS,
    profile: Profile = BOX,
) -> Tornado:
    """How the settings of the scenario and the costs of the profile move a statistic (seconds) of the model."""
    own = Case(scenario, scenario.run.seed if seed is None else seed, 0, profile)
    moved = [one for one in of_the_model(scenario, profile) if matches(one, patterns)]
    screened: Screened = (None, [])
    if len(moved) > REFINED:
        screened = _screened(own, moved, laboratory, statistic)
        skipped = {bar.assumption.key for bar in screened[1]}
        moved = [one for one in moved if one.key not in skipped]
    base, bars = _bars(own, moved, laboratory, statistic, number)
    value = None if base.is_overloaded else base.means.get(statistic)
    return Tornado(statistic, "s", value, base.overload, (*_widest_first(bars, value), *_shifted(screened, value)))


def _screened(own: Case, moved: Sequence[Assumption], laboratory: Laboratory, statistic: str) -> Screened:
    """What one short replication says of all but those that it moves most."""
    base, bars = _bars(replace(own, scenario=_shortened(own.scenario)), moved, laboratory, statistic, 1)
    value = None if base.is_overloaded else base.means.get(statistic)
    return value, _widest_first(bars, value)[REFINED:]


def _shortened(scenario: Scenario) -> Scenario:
    """The day in as little time as shows which way the answer goes; what happens at a moment keeps its moment."""
    run = scenario.run
    if scenario.bursts or scenario.drops or scenario.faults or run.duration_s <= _SCREEN_S:
        return scenario
    warm_up_s = min(run.warm_up_s, _SCREEN_WARM_UP_S)
    return with_settings(scenario, {"run.duration": _SCREEN_S, "run.warm_up": warm_up_s})


def _shifted(screened: Screened, base: float | None) -> list[Bar]:
    """What was screened, told as a move from the answer itself."""
    short, bars = screened
    by = 0.0 if base is None or short is None else base - short

    def end(one: End) -> End:
        return replace(one, value=None if one.value is None else max(0.0, one.value + by), screened=True)

    return [replace(bar, low=end(bar.low), high=end(bar.high)) for bar in bars]


def _bars(
    own: Case, moved: Sequence[Assumption], laboratory: Laboratory, statistic: str, number: int
) -> tuple[Point, list[Bar]]:
    cases = {(one.key, at): _moved(own, one, at) for one in moved for at in (one.low, one.high)}
    possible = {place: case for place, case in cases.items() if isinstance(case, Case)}
    base, *found = points([own, *possible.values()], laboratory, number)
    seen = dict(zip(possible, found, strict=True))

    def end(one: Assumption, at: float) -> End:
        case = cases[one.key, at]
        return End(at, None, note=case) if isinstance(case, str) else _model_end(base, seen[one.key, at], at, statistic)

    return base, [Bar(one, end(one, one.low), end(one, one.high)) for one in moved]


def plan_tornado(scenario: Scenario, key: str, patterns: tuple[str, ...] = ("*",)) -> Tornado:
    """How settings and the plan's parameters move a line of the plan. Raises UsageError for a line that is none."""
    made = plan(scenario)
    line = made.line(key)
    known = of_the_plan(scenario, made.parameters())
    bars = [
        Bar(known[name], End(known[name].low, low), End(known[name].high, high))
        for name, (low, high) in line.swing.ends.items()
        if name in known and low != high and matches(known[name], patterns)
    ]
    return Tornado(key, line.parameter.unit, line.value, "", _widest_first(bars, line.value))


def _moved(own: Case, one: Assumption, at: float) -> Case | str:
    """The case with one assumption moved, or why the scenario refuses it."""
    if one.process is not None:
        return Case(own.scenario, own.seed, own.number, own.profile.scaled({one.process: at}))
    try:
        moved = with_settings(own.scenario, {one.key: int(at) if at == int(at) else at})
        return Case(moved, own.seed, own.number, own.profile)
    except ScenarioError as error:
        return f"not possible: {error.problems[0]}"


def _model_end(base: Point, moved: Point, at: float, statistic: str) -> End:
    if moved.is_overloaded:
        return End(at, None, note=moved.overload)
    if not moved.values(statistic):
        return End(at, None, note=f"no {statistic} was seen")
    change = None if base.is_overloaded else difference(base, moved, statistic)
    return End(at, moved.means[statistic], change)


def _widest_first(bars: Sequence[Bar], base: float | None) -> tuple[Bar, ...]:
    return tuple(sorted(bars, key=lambda bar: -bar.swing(0.0 if base is None else base)))


def shown(value: float, unit: str) -> str:
    """A value as people read it, without its unit unless that is seconds: `"21.8 M"`, `"40 ms"`."""
    return show_duration(value) if unit == "s" else compact_number(value)


def shown_range(one: Assumption) -> str:
    """`"2 – 21.6 times"`, `"500 µs – 10 ms"`."""
    unit = "" if one.unit == "s" else f" {one.unit}"
    return f"{shown(one.low, one.unit)} – {shown(one.high, one.unit)}{unit}".rstrip()
