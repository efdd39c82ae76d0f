"""Flaws of the design document on real servers: seed is convicted of them, hardened is clean of everything."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatscale.flaws import FLAWS, real_rows
from chatscale.stage import Stage
from realstack.servers import Servers

pytestmark = pytest.mark.real

NAMES = ("late-insert", "retry-elsewhere", "stale-registry")


def test_seed_is_convicted_and_hardened_is_clean(servers: Servers, tmp_path: Path) -> None:
    rows = list(real_rows([FLAWS[name] for name in NAMES], Stage(servers, tmp_path)))
    assert [row for row in rows if not row.as_expected] == []
    assert [(row.flaw, row.preset) for row in rows] == [(name, p) for name in NAMES for p in ("seed", "hardened")]
