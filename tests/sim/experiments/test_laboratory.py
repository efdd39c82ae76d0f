"""What was finished is kept, and is not computed again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sim.errors import UsageError
from sim.experiments.case import Case
from sim.experiments.laboratory import Laboratory
from sim.experiments.ledger import LEDGER
from tests.sim.experiments.worlds import Counting, tiny

CASES = [Case(tiny(), 1, number) for number in range(3)]


def test_a_rerun_with_the_same_ledger_goes_on_from_there(tmp_path: Path) -> None:
    ledger, executor = tmp_path / LEDGER, Counting()
    first = Laboratory(executor, ledger).observe(CASES[:2])
    whole = Laboratory(executor, ledger).observe(CASES)
    assert executor.ran == 3
    assert whole[:2] == first


def test_a_line_that_a_kill_cut_short_is_computed_again(tmp_path: Path) -> None:
    ledger, executor = tmp_path / LEDGER, Counting()
    found = Laboratory(executor, ledger).observe(CASES[:2])
    text = ledger.read_text()
    ledger.write_text(text[:-20])
    assert Laboratory(executor, ledger).observe(CASES[:2]) == found
    assert executor.ran == 3
    assert ledger.read_text() == text


def test_one_case_asked_for_twice_is_run_once() -> None:
    executor = Counting()
    first, second = Laboratory(executor).observe([CASES[0], CASES[0]])
    assert executor.ran == 1
    assert first == second


def test_progress_counts_what_is_left_to_do(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    ledger = tmp_path / LEDGER
    Laboratory(ledger=ledger).observe(CASES[:1])
    Laboratory(ledger=ledger, told=lambda done, total: told.append((done, total))).observe(CASES)
    assert told == [(1, 2), (2, 2)]


@pytest.mark.parametrize("line", ["hello", json.dumps({"key": "k"}), "[]"])
def test_what_is_no_ledger_is_refused(line: str, tmp_path: Path) -> None:
    ledger = tmp_path / LEDGER
    ledger.write_text(line + "\n")
    with pytest.raises(UsageError, match="is not a ledger of replications"):
        Laboratory(ledger=ledger)
