"""A history in parts, checked by all cores with the memory of a few parts: 100 million deliveries are 200 such parts.

    shards/0001.parquet ─► worker 1 ─► verdicts ┐
    shards/0002.parquet ─► worker 2 ─► verdicts ┴─► merged: fail > unknown > pass, counts added, worst examples kept

Each part is a history of its own that stands alone: whole conversations, everything about the people in them, and
their own config, faults and quiesce. No check looks beyond a conversation or a person, with two exceptions: `slo_miss`
is judged from what all parts count, for a percentile of the whole is not one of each part; `id_collision` is found
within a part only.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial, reduce
from pathlib import Path

import pyarrow as pa

from reports.checks import check_history, slo_miss
from reports.checks.facts import EXAMPLES, facts_of
from sim.errors import UsageError
from sim.history import COLUMNS, STAMPS, History
from sim.verdict import Outcome, Verdict, worst

_UNREAD = {"cause", "size_bytes", "value", *STAMPS} - {"stored_ns"}
READ = tuple(name for name in COLUMNS if name not in _UNREAD)
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of mallopt(3)


@dataclass(frozen=True, slots=True)
class Part:
    """What one part holds and shows."""

    events: int
    deliveries: int
    verdicts: tuple[Verdict, ...]
    latencies: dict[str, slo_miss.Tally]


def parts_of(folder: Path) -> list[Path]:
    """The Parquet files of a sharded history. Raises UsageError when there are none."""
    paths = sorted(folder.glob("*.parquet"))
    if not paths:
        raise UsageError(f"{folder} holds no .parquet files; each should be a history of whole conversations")
    return paths


def check_shards(
    paths: Sequence[Path], names: Collection[str] | None = None, processes: int | None = None
) -> tuple[Part, ...]:
    """Check every part, on all cores unless told otherwise. Raises as `History.load` and `check_history` do."""
    processes = min(processes or len(os.sched_getaffinity(0)), len(paths))
    if processes == 1:
        return tuple(check_part(path, names) for path in paths)
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), initializer=_keep_memory) as pool:
        return tuple(pool.map(partial(check_part, names=names), paths))


def _keep_memory() -> None:
    """Keep freed memory, of Arrow too, for the next part, which needs as much, instead of giving its pages back."""
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None):
        mallopt(_TRIM_THRESHOLD, 1 << 30)
        mallopt(_MMAP_THRESHOLD, 32 << 20)  # the most that glibc takes
        pa.set_memory_pool(pa.system_memory_pool())


def check_part(path: Path, names: Collection[str] | None = None) -> Part:
    """One part; its examples say which part they are from."""
    history = facts_of(History.load_columns(path, READ))
    found = check_history(history, names)
    placed = (replace(v, examples=tuple(replace(e, note=f"{e.note} [{path.name}]") for e in v.examples)) for v in found)
    return Part(len(history.frame), len(history.rows("deliver")), tuple(placed), slo_miss.tally(history))


def merged(parts: Iterable[Part]) -> tuple[Verdict, ...]:
    """One verdict a check for all parts."""
    parts = list(parts)
    found = [_merge(verdicts) for verdicts in zip(*(part.verdicts for part in parts), strict=True)]
    latencies = reduce(_added, (part.latencies for part in parts))
    return tuple(
        slo_miss.judge_tallies(latencies, verdict.examples) if verdict.check == "slo_miss" else verdict
        for verdict in found
    )


def _added(one: dict[str, slo_miss.Tally], other: dict[str, slo_miss.Tally]) -> dict[str, slo_miss.Tally]:
    shared = {name: one[name] + other[name] for name in one.keys() & other.keys()}
    return {**one, **other, **shared}


def _merge(verdicts: Sequence[Verdict]) -> Verdict:
    """A part in which there was nothing to judge does not weigh where others judged."""
    judged = [verdict for verdict in verdicts if verdict.checked or verdict.has_crashed] or verdicts[:1]
    outcome = worst(verdict.outcome for verdict in judged)
    if all(verdict.outcome is Outcome.NOT_APPLICABLE for verdict in judged):
        outcome = Outcome.NOT_APPLICABLE
    telling = max(judged, key=lambda verdict: (verdict.outcome is outcome, verdict.count))
    examples = [example for verdict in judged for example in verdict.examples][:EXAMPLES]
    count, checked = sum(verdict.count for verdict in judged), sum(verdict.checked for verdict in judged)
    summary = telling.summary if len(judged) == 1 else f"{count:,} among {checked:,}; in one part: {telling.summary}"
    return replace(
        telling, outcome=outcome, count=count, checked=checked, summary=summary, examples=tuple(examples), values={}
    )
