"""Mutants of the real backend are convicted by their names; the same stories without them are clean."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatscale.selftest_real import try_real
from chatscale.stage import Stage
from realstack.mutants import MUTANTS
from realstack.servers import Servers

pytestmark = pytest.mark.real

NAMES = ("key-a-message", "ack-without-log", "cursor-off-by-one", "pushed-twice")


def test_mutants_are_caught_and_their_stories_are_clean(servers: Servers, tmp_path: Path) -> None:
    trials = list(try_real(Stage(servers, tmp_path), [MUTANTS[name] for name in NAMES]))
    assert [trial for trial in trials if not trial.holds] == []
    assert [trial.name for trial in trials] == ["evening, hardened", "evening, seed", *NAMES]
