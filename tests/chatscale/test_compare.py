"""`chatscale compare`: two runs side by side, two designs in pairs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chatscale.cli import run_cli
from tests.sim.experiments.worlds import TINY_WORDS

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folders = [tmp_path_factory.mktemp("runs") / name for name in ("plain", "late")]
    for folder, linger in zip(folders, ("0ms", "50ms"), strict=True):
        words = [*TINY_WORDS, "--set", f"design.linger={linger}", "--out", str(folder)]
        assert run_cli(["simulate", "ci-ordering", *words]) in (0, 2)
    return [str(folder) for folder in folders]


def test_two_runs_stand_side_by_side(runs: list[str], capsys: Captured) -> None:
    assert run_cli(["compare", *runs, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    p50 = next(row for row in answer["rows"] if (row["subject"], row["statistic"]) == ("delivery", "p50"))
    assert 0.01 < p50["second"] - p50["first"] <= 0.055
    assert p50["difference"] == pytest.approx(p50["second"] / p50["first"] - 1)
    assert "lost" in {check["check"] for check in answer["checks"]}


def test_and_as_markdown(runs: list[str], capsys: Captured) -> None:
    assert run_cli(["compare", *runs, "--markdown"]) == 0
    head, rules, *rows = capsys.readouterr().out.splitlines()
    assert head.startswith("|  |  | ci-ordering/plain (model) | ci-ordering/late (model) |")
    assert rules == "| :-- | :-- | --: | --: | --: |"
    assert all(row.count("|") == 6 for row in rows)


def test_two_designs_are_compared_in_pairs(tmp_path: Path, capsys: Captured) -> None:
    words = ["--set-b", "design.linger=50ms", "--replications", "4", "--jobs", "1", "--out", str(tmp_path), "--json"]
    assert run_cli(["compare", "ci-ordering", *TINY_WORDS, *words]) == 0
    answer = json.loads(capsys.readouterr().out)
    rows = {row["statistic"]: row for row in answer["rows"]}
    assert rows["delivery_p50"]["verdict"] == "more"
    assert 0.01 < rows["delivery_p50"]["difference"]["mean"] <= 0.055
    assert rows["sent_per_s"]["verdict"] == "same"
    assert json.loads((tmp_path / "compare.json").read_text()) == answer
    replay = answer["replay"]
    assert replay.startswith("chatscale compare ci-ordering --set-a run.duration=3 ")
    assert replay.endswith(" --set-b design.linger=50ms --seed 11 --replications 4")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["a", "b", "c"], "one or two runs or scenarios, not 3"),
        (["ci-ordering", "--set", "run.duration=5s"], "both designs are the same"),
        (["ci-ordering", "--set-b", "design.preset=sed"], "design.preset"),
    ],
)
def test_what_cannot_be_compared_is_refused(words: list[str], told: str, capsys: Captured) -> None:
    assert run_cli(["compare", *words]) == 4
    assert told in capsys.readouterr().err
