"""`chatscale sensitivity` on a box of a few people."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from chatscale.cli import run_cli
from tests.sim.experiments.worlds import TINY_WORDS

Captured = pytest.CaptureFixture[str]
ONLY = ["--only", "cpu.driver", "--only", "design.linger", "--only", "traffic.event_peak"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sensitivity")
    words = [*TINY_WORDS, *ONLY, "--replications", "4", "--jobs", "1", "--out", str(out)]
    assert run_cli(["sensitivity", "ci-ordering", *words]) == 0
    return out


def test_latency_is_moved_by_costs_and_settings_and_size_by_the_plan(folder: Path) -> None:
    answers = json.loads((folder / "sensitivity.json").read_text())["answers"]
    assert list(answers) == ["delivery_p99", "kafka.partitions", "cassandra.nodes", "cost.chat", "cost.total"]
    assert {bar["key"] for bar in answers["delivery_p99"]["bars"]} == {"cpu.driver", "design.linger"}
    assert [bar["key"] for bar in answers["kafka.partitions"]["bars"]] == ["traffic.event_peak"]


def test_a_linger_of_100_ms_moves_the_latency_most_and_by_no_more(folder: Path) -> None:
    widest = json.loads((folder / "sensitivity.json").read_text())["answers"]["delivery_p99"]["bars"][0]
    assert (widest["key"], widest["high"]["at"], widest["is_sure"]) == ("design.linger", 0.1, True)
    assert 0.03 < widest["high"]["change"]["mean"] <= 0.11


def test_the_plot_is_an_svg_of_its_own(folder: Path) -> None:
    words = "".join(ET.parse(folder / "sensitivity.svg").getroot().itertext())
    assert "design.linger" in words
    assert "cost.total" in words


def test_the_plan_alone_takes_no_simulation(tmp_path: Path, capsys: Captured) -> None:
    words = ["--no-model", "--line", "cassandra.nodes", "--out", str(tmp_path)]
    assert run_cli(["sensitivity", "whatsapp", *words]) == 0
    assert "data per node" in capsys.readouterr().out
    assert (tmp_path / "replications.jsonl").read_text() == ""


def test_a_line_that_is_none_is_refused_with_the_near_ones(tmp_path: Path, capsys: Captured) -> None:
    words = ["--no-model", "--line", "cassandra.node", "--out", str(tmp_path / "new")]
    assert run_cli(["sensitivity", "whatsapp", *words]) == 4
    assert "cassandra.nodes" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_a_pattern_that_fits_nothing_is_refused(tmp_path: Path, capsys: Captured) -> None:
    words = ["--only", "desing.*", "--out", str(tmp_path)]
    assert run_cli(["sensitivity", "whatsapp", *words]) == 4
    assert "no assumption fits desing.*" in capsys.readouterr().err
