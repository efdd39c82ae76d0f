"""The checks checked on the real backend: every mutant of it must be caught by its name, and nothing without one.

story ─┬─► drive, unmutated        ─► no check fails, and those that wait for a mutant of this story have looked
       └─► drive, with one mutant  ─► its check fails
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from chatscale.selftest import Trial
from chatscale.stage import Stage
from realstack.mutants import MUTANTS, Mutant
from reports.checks import check_history
from sim.scenario import Scenario
from sim.scenario_file import load_scenario
from sim.verdict import Outcome, Verdict


def try_real(stage: Stage, mutants: Iterable[Mutant] = MUTANTS.values()) -> Iterator[Trial]:
    """The stories that these mutants need, unmutated, then the mutants."""
    mutants = list(mutants)
    stories: dict[tuple[str, str], list[Mutant]] = {}
    for mutant in mutants:
        stories.setdefault((mutant.story, mutant.preset), []).append(mutant)
    plays: list[Callable[[], Trial]] = [partial(_clean, stage, *story, waiting) for story, waiting in stories.items()]
    plays += [partial(_mutated, stage, mutant) for mutant in mutants]
    yield from stage.each(plays)


def story_of(story: str, preset: str) -> Scenario:
    """A scenario of `scenarios/selftest/` under a preset."""
    return load_scenario(f"selftest/{story}", [f"design.preset={preset}"])


def _clean(stage: Stage, story: str, preset: str, waiting: Sequence[Mutant]) -> Trial:
    history = stage.play(story_of(story, preset), f"{story}-{preset}")
    verdicts = {verdict.check: verdict for verdict in check_history(history)}
    blind = {mutant.caught for mutant in waiting if verdicts[mutant.caught].outcome is not Outcome.PASS}
    found = tuple(name for name, verdict in verdicts.items() if _convicts(verdict) or name in blind)
    return Trial(f"{story}, {preset}", "", found, not found)


def _mutated(stage: Stage, mutant: Mutant) -> Trial:
    history = stage.play(story_of(mutant.story, mutant.preset), mutant.name, mutant.name)
    found = tuple(verdict.check for verdict in check_history(history) if _convicts(verdict))
    return Trial(mutant.name, mutant.caught, found, mutant.caught in found)


def _convicts(verdict: Verdict) -> bool:
    return verdict.outcome is Outcome.FAIL or verdict.has_crashed
