"""Mutants of the backend, without servers: where they strike, and that nothing but they knows of them."""

from __future__ import annotations

import asyncio
import inspect
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import realstack.chat
from realstack import mutants, mutations
from realstack.chat.chains import Chains
from realstack.chat.offsets import OffsetTracker
from realstack.mutants import MUTANTS, main, mutant_named
from reports.checks import CHECKS
from sim.errors import UsageError
from sim.scenario import Scenario
from sim.scenario_file import load_scenario


def test_every_mutant_names_a_check_a_story_and_a_seam_that_there_is() -> None:
    assert len(MUTANTS) >= 20
    for mutant in MUTANTS.values():
        assert mutant.caught in CHECKS
        assert load_scenario(f"selftest/{mutant.story}", [f"design.preset={mutant.preset}"]).script
        assert callable(mutant.mutate(getattr(mutant.owner, mutant.seam))) or mutant.seam == "last_position"


@pytest.mark.parametrize("name", sorted(MUTANTS.keys() - {"numbers-falling"}))
def test_what_a_mutant_puts_at_a_seam_is_called_as_what_stood_there(name: str) -> None:
    mutant = MUTANTS[name]
    seam = getattr(mutant.owner, mutant.seam)
    parameters = inspect.signature(seam).parameters.values()
    given = [None for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD]
    named = {one.name: None for one in parameters if one.kind is one.KEYWORD_ONLY}
    inspect.signature(mutant.mutate(seam)).bind(*given, **named)


def test_the_backend_knows_nothing_of_mutants_and_a_scenario_cannot_ask_for_one() -> None:
    files = Path(realstack.chat.__path__[0]).glob("*.py")
    assert [path.name for path in files if "mutant" in path.read_text(encoding="utf-8")] == []
    assert "mutant" not in str(Scenario.model_json_schema(by_alias=True)).lower()


def test_a_mutant_is_put_into_the_process_before_its_work_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    work = SimpleNamespace(main=lambda rest: seen.append((rest, OffsetTracker.take_commit)))
    monkeypatch.setattr(OffsetTracker, "take_commit", (before := OffsetTracker.take_commit))
    monkeypatch.setattr(mutants, "import_module", lambda name: {"the.module": work}[name])
    main(["commit-before-work", "the.module", "settings.json", "1"])
    ((rest, struck),) = seen
    assert rest == ["settings.json", "1"]
    assert struck is not before


def test_an_unknown_mutant_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"no mutant is called 'nope'; known: key-a-message, "):
        mutant_named("nope")


def test_every_mutation_belongs_to_a_mutant() -> None:
    used = {mutant.mutate for mutant in MUTANTS.values()}
    written = {
        one for name, one in inspect.getmembers(mutations, inspect.isfunction) if one.__module__ == mutations.__name__
    }
    assert written - used == {mutations.answer}


def test_what_is_polled_counts_as_done(monkeypatch: pytest.MonkeyPatch) -> None:
    tracker = OffsetTracker()
    for offset in range(3):
        tracker.start(offset)
    assert mutations.commit_all_polled(OffsetTracker.take_commit)(tracker) == 3
    assert tracker.unfinished == 3


def test_tasks_of_one_conversation_overtake_each_other() -> None:
    done: list[int] = []

    async def two() -> None:
        chains, add = Chains(8), mutations.task_a_message(Chains.add)
        for number in range(2):
            await add(chains, "c5", lambda number=number: _note(done, number))
        await chains.drained()

    asyncio.run(two())
    assert done == [1, 0]


async def _note(done: list[int], number: int) -> None:
    done.append(number)
