"""`chatscale limit` on a box of a few people."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chatscale.cli import run_cli
from sim.experiments.case import Case, Values
from sim.experiments.ledger import LEDGER
from sim.experiments.limit import BRACKET
from tests.sim.experiments.worlds import TINY_WORDS, overloaded, steady

Captured = pytest.CaptureFixture[str]


SMALL = ["ci-ordering", *TINY_WORDS, "--set", "run.duration=2s", "--replications", "4", "--jobs", "1"]


def box_of_100(case: Case) -> Values:
    """What a box says that carries 100 messages a second, a little more in each replication."""
    used = case.scenario.box_messages_per_s / (100 + case.number)
    return steady(0.1, used) if used <= 1 else overloaded()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("limit")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sim.experiments.laboratory.observe", box_of_100)
        assert run_cli(["limit", *SMALL, "--out", str(out)]) == 0
    return out


def test_the_answer_is_a_rate_with_its_interval_and_what_gives_out_first(folder: Path) -> None:
    answer = json.loads((folder / "limit.json").read_text())
    lows = [search["low_per_s"] for search in answer["searches"]]
    assert answer["rate_per_s"]["mean"] == pytest.approx(sum(lows) / 4)
    assert all(search["high_per_s"] <= search["low_per_s"] * BRACKET for search in answer["searches"])
    assert answer["saturates"] in answer["utilisation"]
    assert sum(answer["broken"].values()) == 4
    assert answer["replay"].startswith("chatscale limit ci-ordering --set run.duration=3 ")


def test_a_rerun_with_the_same_folder_computes_nothing_again(folder: Path, capsys: Captured) -> None:
    ledger, first = (folder / LEDGER).read_text(), json.loads((folder / "limit.json").read_text())
    assert run_cli(["limit", *SMALL, "--out", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == first
    assert (folder / LEDGER).read_text() == ledger


def test_a_limit_that_was_not_found_is_unknown(tmp_path: Path, capsys: Captured) -> None:
    never = [*SMALL, "--set", "thresholds.delivery_p99=1us"]
    assert run_cli(["limit", *never, "--out", str(tmp_path)]) == 2
    assert "no limit found: the thresholds do not even hold" in capsys.readouterr().out


def test_a_folder_with_something_else_in_it_is_not_written_to(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert run_cli(["limit", "ci-ordering", "--out", str(tmp_path)]) == 4
    assert "holds no replications.jsonl to go on from" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--replications", "3"], "--replications"),
        (["--jobs", "0"], "--jobs"),
        (["--jobs", "2", "--cluster", "tcp://127.0.0.1:1"], "--jobs and --cluster exclude each other"),
    ],
)
def test_what_cannot_be_is_refused(words: list[str], told: str, capsys: Captured) -> None:
    assert run_cli(["limit", "ci-ordering", *TINY_WORDS, *words]) == 4
    assert told in capsys.readouterr().err


def test_a_precision_decides_how_many_searches_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr("sim.experiments.laboratory.observe", box_of_100)
    words = ["ci-ordering", *TINY_WORDS, "--precision", "10%", "--jobs", "1", "--out", str(tmp_path), "--json"]
    assert run_cli(["limit", *words]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["rate_per_s"]["half_width"] <= 0.1 * answer["rate_per_s"]["mean"]
    assert answer["replay"].endswith(" --precision 0.1")
    again = [*words[:-2], str(tmp_path), "--json"]
    again[again.index("10%")] = "0.1"
    assert run_cli(["limit", *again]) == 0
    assert json.loads(capsys.readouterr().out) == answer


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--precision", "10%", "--replications", "5"], "exclude each other"),
        (["--precision", "0"], "must lie between 0 and 1"),
        (["--precision", "soon"], "such as 5%"),
    ],
)
def test_a_precision_that_cannot_be_is_refused(words: list[str], told: str, capsys: Captured) -> None:
    assert run_cli(["limit", "ci-ordering", *words]) == 4
    assert told in capsys.readouterr().err
