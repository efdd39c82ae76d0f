"""Small worlds for the tests of experiments: a box of a few people, and a laboratory that knows its answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from sim.experiments.case import Case, Values
from sim.experiments.executor import InProcess
from sim.experiments.laboratory import Laboratory
from sim.scenario import Scenario
from sim.scenario_file import load_scenario, with_settings

Item = TypeVar("Item")
Result = TypeVar("Result")

TINY = {
    "run.duration": 3,
    "run.warm_up": 0.5,
    "scale.connections": "1:100_000_000",
    "scale.messages": "1:50_000",
    "people.session_median": "60s",
    "design.gap_hold": 0.2,
}
# The same on a command line.
TINY_WORDS = [word for key, value in TINY.items() for word in ("--set", f"{key}={value}")]


def tiny(**settings: object) -> Scenario:
    """20 users who send 23 messages a second for 3 s; keys as `traffic__daily_peak`."""
    laid_over = {key.replace("__", "."): value for key, value in settings.items()}
    return with_settings(load_scenario("ci-ordering"), {**TINY, **laid_over})


class Answering(Laboratory):
    """Answers at once with what a function says of the case."""

    def __init__(self, answer: Callable[[Case], Values]) -> None:
        super().__init__()
        self._answer = answer
        self.asked = 0

    def observe(self, cases: Sequence[Case]) -> list[Values]:
        self.asked += len(cases)
        return [self._answer(case) for case in cases]


class Counting(InProcess):
    """Counts what it runs."""

    def __init__(self) -> None:
        self.ran = 0

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        for result in super().map(function, items):
            self.ran += 1
            yield result


def steady(p99_s: float, utilisation: float = 0.5, **more: float) -> Values:
    """What a box that keeps up says."""
    return {
        "delivery_p99": p99_s,
        "delivery_mean": p99_s / 4,
        "delivery_samples": 1000.0,
        "ack_p99": p99_s / 2,
        "ack_samples": 1000.0,
        "utilisation.cores": utilisation,
        "utilisation.gateway-1": utilisation / 2,
        "overloaded": 0.0,
        "backlog_per_s": 0.0,
        **more,
    }


def overloaded(growth_per_s: float = 12.0) -> Values:
    """What a box that cannot keep up says."""
    return {**steady(30.0, 1.0), "overloaded": 1.0, "backlog_per_s": growth_per_s}
