"""The highest rate that keeps the thresholds in the model: searched in every replication by itself.

    58 ✓ ─► 310 ✓ ─► 387 ✗ ─► 346 ✓ ─► 366 ✗ ─► 356 ✓      start, near saturation, up, halve the bracket to 5 %

The jump near saturation follows from the utilisation law: what a process uses is proportional to the rate. Every
replication ends with a bracket of its own; the interval of the limit is that of the brackets' lower ends.
A rate holds when every threshold is kept and the backlog does not grow.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sim.engine import BOX, Profile
from sim.errors import UsageError
from sim.experiments.case import Case, Values
from sim.experiments.laboratory import Laboratory
from sim.experiments.measure import LATENCIES, busiest
from sim.experiments.point import ENOUGH, REPLICATIONS
from sim.scenario import Scenario
from sim.scenario_file import with_settings
from sim.statistics import LEAST, Interval, Precision, mean_interval

BRACKET = 1.05
_STEP = 1.25
_NEAR = 0.9
_MOST_JUMP = 8.0
_LEAST_SHARE = 1 / 64
_MOST_PER_S = 20_000.0


@dataclass(frozen=True, slots=True)
class Try:
    """One rate that one replication ran at: `broken` says what did not hold, empty when all did."""

    rate_per_s: float
    broken: str
    values: Values

    @property
    def saturates(self) -> tuple[str, float]:
        """What is busiest, and its utilisation."""
        return busiest(self.values)


@dataclass(frozen=True, slots=True)
class Search:
    """One replication's search; `low` is the highest rate that held, `high` the lowest above it that did not."""

    tries: tuple[Try, ...] = ()

    @property
    def high(self) -> Try | None:
        """The lowest rate that broke something."""
        return min((one for one in self.tries if one.broken), key=_rate, default=None)

    @property
    def low(self) -> Try | None:
        """The highest rate below `high` that held."""
        most = self.high.rate_per_s if self.high else math.inf
        return max((one for one in self.tries if not one.broken and one.rate_per_s < most), key=_rate, default=None)

    def next_rate(self, start_per_s: float, most_per_s: float) -> float | None:
        """The rate to try next; None when the bracket is narrow, or no end of it can be found."""
        low, high = self.low, self.high
        if not self.tries:
            return start_per_s
        if high is None:
            highest = self.tries[-1]
            return None if highest.rate_per_s >= most_per_s else min(self._jump(highest), most_per_s)
        if low is None:
            rate = high.rate_per_s / 2
            return rate if rate >= start_per_s * _LEAST_SHARE else None
        if high.rate_per_s <= low.rate_per_s * BRACKET:
            return None
        return math.sqrt(low.rate_per_s * high.rate_per_s)

    @staticmethod
    def _jump(held: Try) -> float:
        _, utilisation = held.saturates
        factor = _NEAR / max(utilisation, 1e-9)
        return held.rate_per_s * min(max(factor, _STEP), _MOST_JUMP)


@dataclass(frozen=True, slots=True)
class Limit:
    """What the searches found. `rate_per_s` is None when not every search ended in a bracket; `reason` says why.

    `doubt` says why the rate is not proven, and is empty when it is.
    """

    scenario: Scenario
    searches: tuple[Search, ...]
    rate_per_s: Interval | None
    saturates: str
    utilisation: Mapping[str, float]
    broken: Mapping[str, int]
    reason: str = ""
    doubt: str = ""


def find_limit(
    scenario: Scenario,
    laboratory: Laboratory,
    *,
    seed: int | None = None,
    number: int | Precision = REPLICATIONS,
    profile: Profile = BOX,
) -> Limit:
    """Search in `number` replications, or in as many as the rate needs for a precision.

    Raises UsageError when no threshold of the scenario can be judged here.
    """
    seed = scenario.run.seed if seed is None else seed
    _require_thresholds(scenario)
    if isinstance(number, int):
        return _limit(scenario, _searched(scenario, laboratory, seed, range(number), profile))
    searches: list[Search] = []
    # By rounds of a fixed size: how many processes there are must not decide how many replications are run.
    while len(searches) < number.most:
        due = range(len(searches), min(len(searches) + number.look_ahead, number.most))
        searches += _searched(scenario, laboratory, seed, due, profile)
        found = _limit(scenario, searches)
        lows = [search.low.rate_per_s for search in searches if search.low is not None]
        if found.reason or number.reached_at(lows) is not None:
            return found
    return replace(found, doubt=number.missed(found.rate_per_s, "the rate") or found.doubt)


def _searched(scenario: Scenario, laboratory: Laboratory, seed: int, numbers: range, profile: Profile) -> list[Search]:
    """One search for each of these replications, side by side."""
    most_per_s = min(_MOST_PER_S, scenario.traffic.messages_per_s)
    searches = [Search() for _ in numbers]
    while True:
        rates = [search.next_rate(scenario.box_messages_per_s, most_per_s) for search in searches]
        due = [(at, rate) for at, rate in enumerate(rates) if rate is not None]
        if not due:
            return searches
        answers = laboratory.observe([Case(_at_rate(scenario, rate), seed, numbers[at], profile) for at, rate in due])
        for (at, rate), values in zip(due, answers, strict=True):
            tried = Try(rate, _broken(scenario.thresholds, values), values)
            searches[at] = Search((*searches[at].tries, tried))


def _limit(scenario: Scenario, searches: Sequence[Search]) -> Limit:
    brackets = [(search.low, search.high) for search in searches]
    ends = [(low, high) for low, high in brackets if low is not None and high is not None]
    if len(ends) < len(searches):
        return Limit(scenario, tuple(searches), None, "", {}, {}, _why_not(searches))
    first = Counter(high.saturates[0] for _, high in ends)
    lows = [low for low, _ in ends]
    names = dict.fromkeys(name for low in lows for name in low.values if name.startswith("utilisation."))
    means = {name: sum(low.values.get(name, 0.0) for low in lows) / len(lows) for name in names}
    rate = mean_interval([low.rate_per_s for low in lows]) if len(lows) >= LEAST else None
    return Limit(
        scenario=scenario,
        searches=tuple(searches),
        rate_per_s=rate,
        saturates=first.most_common(1)[0][0],
        utilisation={name.removeprefix("utilisation."): mean for name, mean in means.items()},
        broken=Counter(high.broken.partition(":")[0] for _, high in ends),
        reason="" if rate else f"{len(lows)} replications are too few for an interval, {LEAST} are needed",
        doubt=_doubt(scenario, lows),
    )


def _doubt(scenario: Scenario, lows: Sequence[Try]) -> str:
    """Which threshold was kept in too few samples to bound it."""
    for name in scenario.thresholds:
        kind, _, statistic = name.partition("_")
        samples = min(low.values.get(f"{kind}_samples", 0.0) for low in lows)
        if samples < ENOUGH[statistic]:
            return f"{name} rests on {samples:.0f} samples, {ENOUGH[statistic]} are needed: set a longer run.duration"
    return ""


def _why_not(searches: Sequence[Search]) -> str:
    endless = [search for search in searches if search.high is None]
    if endless:
        rate = max(one.rate_per_s for one in endless[0].tries)
        return f"the thresholds still hold at {rate:,.0f} messages/s, the most that a box can be asked to carry"
    lost = next(search for search in searches if search.low is None)
    lowest = min(lost.tries, key=_rate)
    return f"the thresholds do not even hold at {lowest.rate_per_s:.3g} messages/s: {lowest.broken}"


def _broken(limits_s: Mapping[str, float], values: Values) -> str:
    if values["overloaded"]:
        return f"overloaded: backlog grows by {values['backlog_per_s']:.3g}/s"
    for name, limit_s in limits_s.items():
        if name.startswith(LATENCIES) and name not in values:
            return f"{name}: nothing was seen"
        if name in values and values[name] > limit_s:
            return f"{name}: {values[name]:.3g} s, {limit_s:g} s allowed"
    return ""


def _at_rate(scenario: Scenario, rate_per_s: float) -> Scenario:
    return with_settings(scenario, {"scale.messages": rate_per_s / scenario.traffic.messages_per_s})


def _require_thresholds(scenario: Scenario) -> None:
    if not any(name.startswith(LATENCIES) for name in scenario.thresholds):
        raise UsageError(
            f"{scenario.name} has no threshold on delivery, ack or receipt; set --set thresholds.delivery_p99=500ms"
        )


def _rate(one: Try) -> float:
    return one.rate_per_s
