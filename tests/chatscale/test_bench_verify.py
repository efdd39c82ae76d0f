"""What `bench verify` times is a history that every check can judge, and nothing is found in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chatscale.cli import run_cli
from chatscale.made_up_history import DELIVERIES, Groups
from reports.checks import check_history
from sim.verdict import Outcome


def test_made_up_groups_are_clean() -> None:
    history = Groups(3, 7).history()
    assert len(history.of_kind("deliver")) == 7 * DELIVERIES
    found = {verdict.check: verdict.outcome for verdict in check_history(history)}
    silent = {"resume_dup", "cursor_regress", "registry_orphan", "last_seen_regress"}
    assert {check for check, outcome in found.items() if outcome is Outcome.NOT_APPLICABLE} == silent
    assert {check for check, outcome in found.items() if outcome.counts_against} == {"resume_gap"}


def test_the_command_answers_with_its_stable_keys(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["bench", "verify", "--json", "--deliveries", "3150"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"events", "deliveries", "wall_s", "deliveries_per_s", "peak_rss_mb"} <= found.keys()
    assert (found["deliveries"], found["violations"]) == (3150, 0)


def test_a_folder_of_parts_is_verified_as_one_history(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in (0, 1):
        Groups(number, 1).history().save(tmp_path / f"{number}.parquet")
    assert run_cli(["verify", str(tmp_path), "--json", "--check", "lost", "--check", "duplicated"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [(v["check"], v["checked"]) for v in document["verdicts"]] == [("lost", 900), ("duplicated", 900)]
