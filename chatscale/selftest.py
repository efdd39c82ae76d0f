"""The checks checked: every mutant must be caught by its name, and clean seeds must raise nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chatscale.mutants import MUTANTS, Mutant
from chatscale.scenes import Scenes
from chatscale.tape import Tape
from reports.checks import check_history
from sim.engine import simulate
from sim.history import History
from sim.scenario import Scenario
from sim.scenario_file import load_scenario
from sim.verdict import Outcome, Verdict
from sim.workload import make_trace

_SHORT = ("ci-ordering", ["run.duration=3s", "run.warm_up=1s", "people.session_median=2s"])


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one mutant, or of one clean seed: `found` is what the checks raised."""

    name: str
    expected: str
    found: tuple[str, ...]
    holds: bool


def busy_history(seed: int = 11) -> History:
    """A clean history of the model in which every mutant finds a place to strike."""
    return _simulated(load_scenario("ci-ordering"), seed)


def try_mutants(history: History) -> Iterator[Trial]:
    """Every mutant of a clean history, one after the other."""
    scenes, usual = Scenes(history), _raised(history)
    for mutant in MUTANTS:
        yield _try(mutant, history, scenes, usual)


def try_clean(seeds: int) -> Iterator[Trial]:
    """Short simulations of that many seeds, in which nothing may be found."""
    scenario = load_scenario(*_SHORT)
    for seed in range(seeds):
        verdicts = check_history(_simulated(scenario, seed))
        found = tuple(v.check for v in verdicts if v.outcome is Outcome.FAIL or v.has_crashed)
        yield Trial(f"seed {seed}", "", found, not found)


def _try(mutant: Mutant, history: History, scenes: Scenes, usual: dict[str, tuple[Outcome, int]]) -> Trial:
    tape = Tape(history)
    try:
        mutant.tamper(tape, scenes)
    except LookupError as error:
        return Trial(mutant.name, mutant.caught, (f"no place to strike: {error}",), holds=False)
    raised = _raised(tape.history())
    found = tuple(check for check, what in raised.items() if what != usual.get(check))
    return Trial(mutant.name, mutant.caught, found, _holds(mutant, set(found)))


def _holds(mutant: Mutant, found: set[str]) -> bool:
    return mutant.caught in found and found <= {mutant.caught, *mutant.besides}


def _raised(history: History) -> dict[str, tuple[Outcome, int]]:
    """Outcome and count of every check that did not simply pass."""
    return {v.check: (v.outcome, v.count) for v in check_history(history) if _speaks(v)}


def _speaks(verdict: Verdict) -> bool:
    return verdict.outcome.counts_against or bool(verdict.allowed)


def _simulated(scenario: Scenario, seed: int) -> History:
    return simulate(scenario, make_trace(scenario, seed), seed=seed)
