"""`bench verify`: how fast a history is checked, from its files on disk to the verdicts.

made up   groups of ten that write to each other (`chatscale.made_up_history`), in parts of about 500,000 deliveries
timed     reading the parts and all checks, in one process a core
"""

from __future__ import annotations

import os
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from chatscale.following import Nobody, Watcher
from chatscale.made_up_history import DELIVERIES, Groups
from chatscale.run_folder import machine
from reports.checks.shards import check_shards, merged

_PART = 500_000


def bench_verify(deliveries: int = 10_000_000, *, watcher: Watcher | None = None) -> dict[str, Any]:
    """Make up that many deliveries, and check them all."""
    watch = watcher or Nobody()
    with TemporaryDirectory(prefix="chatscale-bench-") as folder:
        watch.step(f"make up {deliveries:,} deliveries")
        paths = _make_up(Path(folder), max(1, round(deliveries / DELIVERIES)))
        watch.step(f"check {len(paths)} parts")
        began_s = time.perf_counter()
        parts = check_shards(paths)
        verdicts = merged(parts)
        wall_s = time.perf_counter() - began_s
    shown = sum(part.deliveries for part in parts)
    return {
        "events": sum(part.events for part in parts),
        "deliveries": shown,
        "wall_s": round(wall_s, 2),
        "deliveries_per_s": round(shown / wall_s),
        "peak_rss_mb": _peak_rss_mb(),
        "checks": len(verdicts),
        "violations": sum(verdict.count for verdict in verdicts),
        "parts": len(paths),
        "processes": min(len(os.sched_getaffinity(0)), len(paths)),
        "machine": machine(),
    }


def _make_up(folder: Path, groups: int) -> list[Path]:
    """Write the parts, all about the same size."""
    bounds = np.linspace(0, groups, max(1, round(groups * DELIVERIES / _PART)) + 1).astype(int).tolist()
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        return list(pool.map(partial(_make_part, folder), pairwise(bounds)))


def _make_part(folder: Path, bounds: tuple[int, int]) -> Path:
    first, end = bounds
    path = folder / f"{first:09}.parquet"
    Groups(first, end - first).history().save(path)
    return path


def _peak_rss_mb() -> int:
    """Of the largest process: this one or a worker."""
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return round(max(resource.getrusage(who).ru_maxrss for who in whose) / 1024)
