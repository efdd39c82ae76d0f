"""Two schedules of drawn faults on a real cluster, by the command that runs hundreds."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path

import pytest

from chatscale import endurance
from chatscale.cli import run_cli
from realstack.servers import Servers

pytestmark = pytest.mark.real

SHORT = ["--set", "run.duration=20s", "--set", "run.warm_up=2s", "--set", "scale.messages=1:60_000"]


def test_two_schedules_find_nothing_wrong(
    cluster: Servers, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The cluster of the session takes the place of one that the command would start for itself.
    monkeypatch.setattr(endurance, "start_servers", lambda *_, **__: nullcontext(cluster))
    code = run_cli(["endure", *SHORT, "--schedules", "1..2", "--out", str(tmp_path), "--json"])
    document = json.loads(capsys.readouterr().out)
    rows = document["schedules"]
    assert [row["seed"] for row in rows] == [1, 2]
    assert "fail" not in document["outcomes"], [(row["seed"], row["against"]) for row in rows]
    assert code == document["exit_code"]
    assert all(row["deliveries"] > 0 and len(row["faults"]) == 2 for row in rows)
    cluster.check()
