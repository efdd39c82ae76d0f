"""A campaign of fault schedules, with the model in place of the real servers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chatscale import endurance
from chatscale.cli import run_cli
from sim.engine import simulate
from sim.engine.box import BOX
from sim.errors import ServerLostError
from sim.history import History
from sim.scenario import Scenario
from sim.trace import Trace

QUIET = ["--set", "design.nodes=1", "--set", "run.duration=20s", "--set", "scale.messages=1:200_000"]
Captured = pytest.CaptureFixture[str]


class Stage:
    """Servers that only count their starts, and a drive that the model plays; both fail where a test says so."""

    def __init__(self) -> None:
        self.starts = 0
        self.drives: list[int] = []
        self.before_drive: Callable[[int], None] = lambda _seed: None
        self.probe: Callable[[], None] = lambda: None

    @contextmanager
    def start_servers(self, *_: object, **__: object) -> Iterator[Any]:
        self.starts += 1
        yield SimpleNamespace(versions={}, services={"kafka": SimpleNamespace(wait_ready=lambda: self.probe())})

    def drive(self, _servers: object, scenario: Scenario, trace: Trace, _folder: Path, _told: object) -> History:
        self.drives.append(trace.seed)
        self.before_drive(len(self.drives))
        # Without the faults, so that every schedule passes.
        return simulate(scenario.model_copy(update={"faults": ()}), trace, BOX, trace.seed)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The stage on which campaigns are played."""
    made = Stage()
    monkeypatch.setattr(endurance, "start_servers", made.start_servers)
    monkeypatch.setattr(endurance, "drive", made.drive)
    return made


def endure(schedules: str, folder: Path, *more: str) -> int:
    return run_cli(["endure", *QUIET, "--schedules", schedules, "--out", str(folder), *more])


def test_every_schedule_is_a_line_and_the_totals_are_their_sums(stage: Stage, tmp_path: Path, capsys: Captured) -> None:
    assert endure("1..2", tmp_path, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    rows = document["schedules"]
    assert [row["seed"] for row in rows] == stage.drives == [1, 2]
    assert [len(row["faults"]) for row in rows] == [2, 2]
    assert document["outcomes"] == {"pass": 2}
    for key in ("operations", "deliveries", "unknown"):
        assert document[key] == sum(row[key] for row in rows)
    assert document["deliveries"] > 0
    assert stage.starts == 1


def test_what_passed_leaves_its_scenario_and_its_line(stage: Stage, tmp_path: Path) -> None:
    assert endure("3..3", tmp_path) == 0
    assert sorted(path.name for path in (tmp_path / "schedule-0003").iterdir()) == ["finished.json", "scenario.toml"]


def test_a_command_that_was_killed_goes_on_where_it_was(stage: Stage, tmp_path: Path) -> None:
    def interrupt(drives: int) -> None:
        if drives == 2:
            raise KeyboardInterrupt

    stage.before_drive = interrupt
    assert endure("1..3", tmp_path) == 130
    assert endure("1..3", tmp_path) == 0
    assert stage.drives == [1, 2, 2, 3]


def test_finished_schedules_of_another_scenario_are_refused(stage: Stage, tmp_path: Path, capsys: Captured) -> None:
    assert endure("1..1", tmp_path) == 0
    assert endure("1..1", tmp_path, "--set", "design.workers=1") == 4
    assert "is of another scenario or version; choose another --out" in capsys.readouterr().err


def test_a_schedule_that_lost_a_server_is_run_again_on_new_ones(stage: Stage, tmp_path: Path) -> None:
    def lose(drives: int) -> None:
        if drives == 1:
            raise ServerLostError("kafka died")

    stage.before_drive = lose
    assert endure("1..1", tmp_path) == 0
    assert (stage.starts, stage.drives) == (2, [1, 1])


def test_servers_that_fail_twice_end_the_campaign(stage: Stage, tmp_path: Path, capsys: Captured) -> None:
    def lose(_drives: int) -> None:
        raise ServerLostError("kafka died")

    stage.before_drive = lose
    assert endure("1..2", tmp_path) == 3
    assert stage.drives == [1, 1]
    assert "kafka died" in capsys.readouterr().err


def test_servers_that_are_not_whole_are_replaced_before_the_next_schedule(stage: Stage, tmp_path: Path) -> None:
    def lost() -> None:
        raise ServerLostError("kafka does not answer")

    stage.probe = lost
    assert endure("1..2", tmp_path) == 0
    assert (stage.starts, stage.drives) == (2, [1, 2])


def test_what_did_not_pass_leaves_a_report_and_can_be_the_end(
    stage: Stage, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lossy(_servers: object, scenario: Scenario, trace: Trace, folder: Path, told: object) -> History:
        frame = stage.drive(_servers, scenario, trace, folder, told).frame
        first = frame[frame["kind"] == "deliver"].index[0]
        return History.from_frame(frame.drop(index=first).reset_index(drop=True))

    monkeypatch.setattr(endurance, "drive", lossy)
    assert endure("1..3", tmp_path, "--stop-at-first") == 1
    assert stage.drives == [1]
    assert {"report.html", "history-real.parquet", "result.json"} <= {
        path.name for path in (tmp_path / "schedule-0001").iterdir()
    }
    told = capsys.readouterr().out
    assert "1 of 3 schedules: 1 fail" in told


@pytest.mark.parametrize("schedules", ["3", "3..1", "a..b", "1-2"])
def test_schedules_that_are_no_range_are_refused(schedules: str, tmp_path: Path, capsys: Captured) -> None:
    assert endure(schedules, tmp_path) == 4
    assert "is not A..B with A up to B, such as 1..10" in capsys.readouterr().err
