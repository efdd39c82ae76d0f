"""Counter-examples: few events of a large history, which convict on their own of the same anomaly."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatscale.mutants import MUTANTS, Mutant
from chatscale.scenes import Scenes
from chatscale.selftest import busy_history
from chatscale.tape import Tape
from reports.checks import check_history
from reports.counterexamples import Counterexample, evidence, lines, save, shrink
from sim.history import History
from sim.verdict import Example, Outcome, Verdict
from tests.reports.checks.story import clean_story, is_

# Nothing that is left out of a history that has no end makes it end.
CONVICTED = [mutant for mutant in MUTANTS if mutant.caught not in ("unseen_tail", "wire_duplicate")]


@pytest.fixture(scope="module")
def busy() -> History:
    return busy_history()


def convicted(history: History, check: str) -> tuple[Verdict, Counterexample]:
    (verdict,) = check_history(history, [check])
    found = shrink(history, verdict, verdict.examples[0])
    assert found is not None
    return verdict, found


@pytest.mark.parametrize("mutant", CONVICTED, ids=lambda mutant: mutant.name)
def test_every_seeded_bug_is_told_by_a_dozen_of_27000_events_that_convict_again(
    busy: History, mutant: Mutant, tmp_path: Path
) -> None:
    tape = Tape(busy)
    mutant.tamper(tape, Scenes(busy))
    verdict, found = convicted(tape.history(), mutant.caught)
    told = [line for line in lines(found) if "#" in line]
    assert 1 <= len(told) <= 12
    assert found.convicting == frozenset(verdict.examples[0].events) <= set(found.numbers)
    assert sum(line.startswith("▸") for line in told) == len(found.convicting)
    (again,) = check_history(History.load(save(found, tmp_path)), [mutant.caught])
    assert again.outcome is Outcome.FAIL


def test_a_loss_needs_its_acknowledgement_the_session_and_the_quiet_end() -> None:
    h = clean_story()
    h.events = [event for event in h.events if not is_("deliver", "wire.deliver", uuid="e2", device="u3")(event)]
    _, found = convicted(h.history(), "lost")
    assert found.history.frame["kind"].tolist() == [
        *("config", "conn.open", "send.invoke", "log.append", "store.row", "send.ok", "quiesce")
    ]
    assert found.history.config["members"] == {"c1": ["u1", "u3"]}


def test_a_fault_that_was_active_is_told_and_one_that_was_not_is_left_out() -> None:
    h = clean_story()
    h.events.append(next(filter(is_("deliver", uuid="e2", device="u2"), h.events)) | {"t_ns": 12_000_000_000})
    h.fault(11.8, 13, "redis", "pause")
    h.fault(0.6, 0.7, "kafka", "pause")
    _, found = convicted(h.history(), "duplicated")
    faults = [line for line in lines(found) if "fault" in line]
    assert [line.partition("t=")[2] for line in faults] == ["11.800 fault.start redis cause=pause"]


def test_the_note_stands_at_the_last_event_that_convicts() -> None:
    h = clean_story()
    h.events.append(next(filter(is_("deliver", uuid="e2", device="u2"), h.events)) | {"t_ns": 12_000_000_000})
    _, found = convicted(h.history(), "duplicated")
    (noted,) = [line for line in lines(found) if "←" in line]
    assert noted.startswith("▸ #")
    assert noted.endswith("← shown 2 times on u2")


def test_what_no_small_part_shows_is_told_by_what_is_around_it() -> None:
    history = clean_story().history()
    made_up = Verdict("lost", Outcome.FAIL, 1, 1, "", (Example((1, 2), "not lost at all"),))
    found, told = evidence(history, made_up, 3)
    assert found is None
    assert any("not lost at all" in line for line in told[0])


def test_nothing_is_shrunk_for_what_did_not_fail() -> None:
    history = clean_story().history()
    passed = Verdict("lost", Outcome.PASS, 0, 1, "")
    assert evidence(history, passed, 3) == (None, ())
