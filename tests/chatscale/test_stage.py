"""The stage: what is played at once and what is not, on a stand-in for the drive."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from chatscale import stage
from chatscale.flaws import FLAWS
from chatscale.stage import AT_ONCE, Stage
from realstack.servers import Servers
from sim.scenario import Scenario

WITH_A_PROXY, WITHOUT = (FLAWS[name].scenario("seed") for name in ("lwt-timeout", "late-insert"))


class Drive:
    """Notes how many scenarios of a name are being played whenever one more begins."""

    def __init__(self) -> None:
        self.most: dict[str, int] = {}
        self._now: dict[str, int] = {}
        self._lock = threading.Lock()
        self._together = threading.Barrier(AT_ONCE)

    def __call__(self, servers: Any, scenario: Scenario, trace: Any, folder: Path, mutant: str) -> Any:
        self._count(scenario.name, +1)
        if scenario is WITHOUT:
            self._together.wait(timeout=20)
        self._count(scenario.name, -1)
        return folder.name, mutant

    def _count(self, name: str, step: int) -> None:
        with self._lock:
            self._now[name] = self._now.get(name, 0) + step
            self.most[name] = max(self.most.get(name, 0), self._now[name])


@pytest.fixture
def drive(monkeypatch: pytest.MonkeyPatch) -> Drive:
    stand_in = Drive()
    monkeypatch.setattr(stage, "drive", stand_in)
    return stand_in


def played(scenario: Scenario, count: int, tmp_path: Path) -> list[Any]:
    a_stage = Stage(cast(Servers, None), tmp_path)
    return list(a_stage.each(partial(a_stage.play, scenario, f"n{number}", "bug") for number in range(count)))


def test_a_few_are_played_at_once_and_come_in_their_order(drive: Drive, tmp_path: Path) -> None:
    assert played(WITHOUT, AT_ONCE, tmp_path) == [(f"n{number}", "bug") for number in range(AT_ONCE)]
    assert drive.most == {WITHOUT.name: AT_ONCE}


def test_of_those_that_pass_a_proxy_one_is_played_at_a_time(drive: Drive, tmp_path: Path) -> None:
    played(WITH_A_PROXY, 2 * AT_ONCE, tmp_path)
    assert drive.most == {WITH_A_PROXY.name: 1}


def test_what_fails_on_the_stage_is_told(drive: Drive, tmp_path: Path) -> None:
    def fail() -> None:
        raise ValueError("fell over")

    with pytest.raises(ValueError, match="fell over"):
        list(Stage(cast(Servers, None), tmp_path).each([fail]))
