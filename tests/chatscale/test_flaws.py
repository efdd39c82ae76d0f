"""The table of the document's flaws: complete, and right about the model."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from chatscale import flaws
from chatscale.cli import run_cli
from chatscale.flaws import FLAWS, Flaw, model_rows
from reports.checks import CHECKS
from sim.scenario_file import SCENARIOS
from sim.verdict import Outcome

SHOWN_BY_THE_MODEL = [flaw for flaw in FLAWS.values() if not flaw.mutant]


def test_every_flaw_has_a_scenario_that_bears_its_name_and_a_check() -> None:
    assert {path.stem for path in (SCENARIOS / "flaws").glob("*.toml")} == FLAWS.keys()
    for flaw in FLAWS.values():
        assert flaw.scenario("seed").name == flaw.name
        assert flaw.scenario("seed").design.preset == "seed"
        assert flaw.anomaly in CHECKS


@pytest.mark.parametrize("flaw", SHOWN_BY_THE_MODEL, ids=lambda flaw: flaw.name)
def test_the_model_convicts_seed_and_finds_nothing_in_hardened(flaw: Flaw) -> None:
    seed, hardened = model_rows([flaw])
    assert (seed.outcome, hardened.outcome) == (Outcome.FAIL, Outcome.PASS)
    assert seed.as_expected
    assert hardened.as_expected, hardened


def test_hardened_must_have_been_looked_at_and_clean_in_every_respect() -> None:
    _, hardened = model_rows([FLAWS["late-insert"]])
    assert not replace(hardened, outcome=Outcome.UNKNOWN).as_expected
    assert not replace(hardened, besides=("lost",)).as_expected
    assert not replace(hardened, preset="seed").as_expected


def test_the_command_tells_a_line_a_design_and_the_total(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["verify", "--table", "--flaw", "late-insert", "--servers", "none"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["flaw", "design", "check", "model"]
    assert [line[:4] for line in lines[1:3]] == [
        ["late-insert", "seed", "cursor_late_insert", "✗"],
        ["late-insert", "hardened", "cursor_late_insert", "✓"],
    ]
    assert lines[3][:5] == ["2", "of", "2", "verdicts", "as"]


def test_a_flaw_that_is_not_convicted_is_told_and_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(flaws.FLAWS, "late-insert", replace(FLAWS["late-insert"], anomaly="phantom"))
    assert run_cli(["verify", "--flaw", "late-insert", "--servers", "none", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["holds"], document["as_expected"]) == (False, 1)
    assert run_cli(["verify", "--flaw", "late-insert", "--servers", "none"]) == 1
    assert "UNEXPECTED" in capsys.readouterr().out


def test_a_scenario_with_a_script_is_simulated_and_its_run_reported(tmp_path: Path) -> None:
    seed = ["--set", "design.preset=seed", "--out", str(tmp_path / "run")]
    assert run_cli(["simulate", "flaws/late-insert", *seed]) == 1
    assert (tmp_path / "run" / "report.html").is_file(), "though nobody opened a conversation or sent a heartbeat"


def test_an_unknown_flaw_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["verify", "--table", "--flaw", "nope"]) == 4
    assert "no flaw is called 'nope'; known: late-insert, " in capsys.readouterr().err
