"""What might be otherwise, each with the range in which it lies.

    traffic.group_share   a setting: the range of the published figure or the estimate (`sim.plan.given`)
    cpu.gateway           a cost of the model: every operation of a kind of process, as a factor on the profile's own
    serial work …         a parameter of the plan, by its name

One is moved at a time, the others stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from statistics import fmean

from sim.engine import Profile
from sim.engine.profile import PROCESSES
from sim.plan.given import origins
from sim.provenance import Parameter
from sim.scenario import Scenario

# The model runs the day that it is given and keeps nothing for years: only the plan feels these.
PLAN_ONLY = ("traffic.event_peak", "storage.*")
_COST = "cpu."
# What the model feels only where it stores media.
_OF_MEDIA = ("traffic.media_share", f"{_COST}media")


@dataclass(frozen=True, slots=True)
class Assumption:
    """One figure that might be anywhere from `low` to `high`."""

    key: str
    value: float
    low: float
    high: float
    unit: str
    source: str

    @property
    def process(self) -> str | None:
        """The kind of process whose cost it is; None for a setting or a parameter."""
        return self.key.removeprefix(_COST) if self.key.startswith(_COST) else None


def of_the_model(scenario: Scenario, profile: Profile) -> list[Assumption]:
    """Settings and costs that the model can feel."""
    settings = [ranged(key, parameter) for key, parameter in origins(scenario).items()]
    found = [*(one for one in settings if one is not None), *_costs(profile)]
    unfelt = PLAN_ONLY if scenario.design.media == "store" else (*PLAN_ONLY, *_OF_MEDIA)
    return [one for one in found if not matches(one, unfelt)]


def of_the_plan(scenario: Scenario, parameters: tuple[Parameter, ...]) -> dict[str, Assumption]:
    """By name, the settings of the scenario by their key, and the plan's parameters."""
    keys = {parameter.name: key for key, parameter in origins(scenario).items()}
    found = {one.name: ranged(keys.get(one.name, one.name), one) for one in parameters}
    return {name: one for name, one in found.items() if one is not None}


def matches(one: Assumption, patterns: tuple[str, ...]) -> bool:
    """Whether its key is one of these, or fits a pattern such as `design.*`."""
    return any(fnmatchcase(one.key, pattern) for pattern in patterns)


def ranged(key: str, parameter: Parameter) -> Assumption | None:
    """The parameter, if it has a range."""
    low, high = parameter.low, parameter.high
    if low is None or high is None or low == high:
        return None
    return Assumption(key, parameter.value, low, high, parameter.unit, parameter.source)


def _costs(profile: Profile) -> Iterator[Assumption]:
    for process in PROCESSES:
        costs = [cost for name, cost in profile.cpu.items() if name.partition(".")[0] == process]
        known = [cost for cost in costs if cost.low is not None and cost.high is not None and cost.value > 0]
        if known:
            low, high = (fmean(getattr(cost, end) / cost.value for cost in known) for end in ("low", "high"))
            yield Assumption(f"{_COST}{process}", 1.0, low, high, "times", known[0].source)
