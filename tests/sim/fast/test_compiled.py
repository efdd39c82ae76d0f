"""Machine code is kept as long as no source is newer."""

from __future__ import annotations

import os
from pathlib import Path

from sim.fast.compiled import drop_stale


def test_machine_code_older_than_a_source_is_dropped(tmp_path: Path) -> None:
    (tmp_path / "__pycache__").mkdir()
    old, new, source = tmp_path / "__pycache__/old.nbi", tmp_path / "__pycache__/new.nbi", tmp_path / "kernel.py"
    for path, time_s in ((old, 100), (source, 200), (new, 300)):
        path.touch()
        os.utime(path, (time_s, time_s))
    drop_stale(tmp_path)
    assert [old.exists(), new.exists(), source.exists()] == [False, True, True]
