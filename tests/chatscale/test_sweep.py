"""`chatscale sweep` on a box of a few people."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from chatscale.cli import run_cli
from sim.experiments.ledger import LEDGER
from tests.sim.experiments.dask_cluster import two_workers
from tests.sim.experiments.worlds import TINY_WORDS

Captured = pytest.CaptureFixture[str]
AXES = ["--set", "design.partitions=1,16", "--set", "design.heartbeat=1s..2s:2", "--set", "run.duration=2s"]
SWEEP = ["sweep", "ci-ordering", *TINY_WORDS, *AXES, "--replications", "4"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sweep")
    assert run_cli([*SWEEP, "--jobs", "1", "--out", str(out)]) == 0
    return out


def test_every_combination_is_a_point_with_intervals_and_thresholds(folder: Path) -> None:
    answer = json.loads((folder / "sweep.json").read_text())
    assert answer["axes"] == {"design.partitions": ["1", "16"], "design.heartbeat": ["1s", "2s"]}
    assert [tuple(point["settings"].values()) for point in answer["points"]] == [
        ("1", "1s"),
        ("1", "2s"),
        ("16", "1s"),
        ("16", "2s"),
    ]
    for point in answer["points"]:
        assert point["statistics"]["delivery_p99"]["half_width"] > 0
        assert {one["name"] for one in point["thresholds"]} == {"delivery_p99"}


def test_points_are_compared_on_the_same_messages(folder: Path) -> None:
    answer = json.loads((folder / "sweep.json").read_text())
    sent = [point["statistics"]["sent_per_s"] for point in answer["points"]]
    assert sent == [sent[0]] * 4


def test_the_table_is_a_csv_too(folder: Path) -> None:
    with (folder / "sweep.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    answer = json.loads((folder / "sweep.json").read_text())
    assert [row["design.partitions"] for row in rows] == ["1", "1", "16", "16"]
    first = answer["points"][0]["statistics"]["delivery_p99"]
    assert float(rows[0]["delivery_p99"]) == first["mean"]
    assert float(rows[0]["delivery_p99_half_width"]) == first["half_width"]


def test_the_plot_is_an_svg_of_its_own(folder: Path) -> None:
    root = ET.parse(folder / "sweep.svg").getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    words = "".join(root.itertext())
    assert "design.partitions" in words
    assert "design.heartbeat = 2s" in words


def test_a_sweep_that_was_killed_goes_on_from_what_was_finished(folder: Path, tmp_path: Path) -> None:
    command = "import sys; from chatscale.cli import run_cli; sys.exit(run_cli(sys.argv[1:]))"
    words = [*SWEEP, "--jobs", "1", "--out", str(tmp_path)]
    process = subprocess.Popen([sys.executable, "-c", command, *words], stderr=subprocess.DEVNULL)
    ledger = tmp_path / LEDGER
    try:
        while process.poll() is None and (not ledger.exists() or ledger.read_text().count("\n") < 3):
            time.sleep(0.02)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    kept = ledger.read_text().splitlines()
    assert 3 <= len(kept) < 16
    assert run_cli(words) == 0
    assert ledger.read_text().splitlines()[: len(kept) - 1] == kept[:-1]
    assert (tmp_path / "sweep.json").read_bytes() == (folder / "sweep.json").read_bytes()


def test_a_cluster_that_loses_a_worker_finds_the_same(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.experiments.cluster._PATIENCE_S", 120)
    out = tmp_path / "out"

    def kill_when_begun(worker: subprocess.Popen[bytes]) -> int:
        deadline_s = time.monotonic() + 120
        while not (out / LEDGER).exists() or (out / LEDGER).read_text().count("\n") < 2:
            assert time.monotonic() < deadline_s, "nothing was finished"
            time.sleep(0.02)
        worker.kill()
        worker.wait()
        return (out / LEDGER).read_text().count("\n")

    with two_workers(tmp_path) as (address, first), ThreadPoolExecutor(1) as beside:
        written = beside.submit(kill_when_begun, first)
        assert run_cli([*SWEEP, "--cluster", address, "--out", str(out)]) == 0
    assert written.result() < 16, "there was work left to lose"
    assert (out / "sweep.json").read_bytes() == (folder / "sweep.json").read_bytes()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--set", "design.partitions=4"], "nothing to sweep"),
        (["--set", "design.partitions=16..4"], "runs from 16 down to 4"),
        (["--set", "design.partitons=1,2"], "did you mean partitions?"),
        (["--set", "design.linger=0ms,20s"], "design.linger"),
    ],
)
def test_what_cannot_be_swept_is_refused(words: list[str], told: str, tmp_path: Path, capsys: Captured) -> None:
    assert run_cli(["sweep", "ci-ordering", *TINY_WORDS, *words, "--jobs", "1", "--out", str(tmp_path)]) == 4
    assert told in capsys.readouterr().err
