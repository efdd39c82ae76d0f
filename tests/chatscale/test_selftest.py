"""The checks find every seeded bug by its name, and nothing where nothing is."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from chatscale import selftest
from chatscale.cli import run_cli
from chatscale.mutants import MUTANTS, Mutant
from chatscale.scenes import Scenes
from chatscale.tape import Tape
from reports.checks import CHECKS, check_history
from sim.history import History
from sim.verdict import Outcome


@pytest.fixture(scope="module")
def history() -> History:
    return selftest.busy_history()


def test_every_anomaly_has_a_mutant() -> None:
    assert {mutant.caught for mutant in MUTANTS} == CHECKS.keys() - {"bad_input"}


def test_every_mutant_is_caught_by_its_name_and_nothing_is_raised_besides(history: History) -> None:
    trials = list(selftest.try_mutants(history))
    assert [trial for trial in trials if not trial.holds] == []
    assert len(trials) == len(MUTANTS)


def test_clean_seeds_raise_nothing() -> None:
    assert [(trial.name, trial.found) for trial in selftest.try_clean(3)] == [(f"seed {n}", ()) for n in range(3)]


def test_a_tape_left_alone_is_the_history(history: History) -> None:
    assert Tape(history).history().frame.equals(history.frame)


def test_a_mutant_that_is_not_caught_is_told(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    harmless = Mutant("nothing at all", "lost", lambda tape, scenes: None)
    misnamed = replace(MUTANTS[0], caught="phantom")
    monkeypatch.setattr(selftest, "MUTANTS", (harmless, misnamed))
    found = [(trial.found, trial.holds) for trial in selftest.try_mutants(history)]
    assert found == [((), False), (("lost",), False)]


def test_a_mutant_without_a_place_to_strike_does_not_hold(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(tape: Tape, scenes: Scenes) -> None:
        raise LookupError("a place")

    monkeypatch.setattr(selftest, "MUTANTS", (Mutant("nowhere", "lost", nowhere),))
    (trial,) = selftest.try_mutants(history)
    assert (trial.found, trial.holds) == (("no place to strike: a place",), False)


def test_the_command_tells_totals_and_fails_when_a_mutant_escapes(
    history: History, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(selftest, "busy_history", lambda: history)
    monkeypatch.setattr(selftest, "MUTANTS", (MUTANTS[0], Mutant("nothing", "lost", lambda tape, scenes: None)))
    assert run_cli(["selftest", "--seeds", "1"]) == 1
    *_, last = capsys.readouterr().out.splitlines()
    assert last == "1 of 2 mutants caught, 1 of 1 clean seeds raised nothing"
    monkeypatch.setattr(selftest, "MUTANTS", MUTANTS[:1])
    assert run_cli(["selftest", "--seeds", "1000", "--within", "0"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 of 1 mutants caught, 1 of 1 clean seeds raised nothing"
    assert run_cli(["selftest", "--seeds", "0", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["holds"], document["caught"], document["mutants"][0]["found"]) == (True, 1, ["lost"])


def test_the_busy_history_is_clean_to_begin_with(history: History) -> None:
    found = {verdict.outcome for verdict in check_history(history)}
    assert found == {Outcome.PASS, Outcome.NOT_APPLICABLE}


def test_mutants_of_the_backend_need_real_servers_and_names_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["selftest", "--mutant", "no-dedup"]) == 4
    assert "add --real" in capsys.readouterr().err
    assert run_cli(["selftest", "--real", "--mutant", "nope"]) == 4
    assert "no mutant is called 'nope'; known: key-a-message, " in capsys.readouterr().err
