"""What is printed of the full-size model: its hops, its loads, its speed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.table import Table

from chatscale.console import stdout_console
from chatscale.show import json_document
from sim.units import show_count, show_duration
from sim.verdict import worst

if TYPE_CHECKING:
    from sim.fast.result import FullRun


def full_run(run: FullRun, thresholds: Mapping[str, float], *, as_json: bool) -> int:
    """Thresholds, counts, hops with intervals, loads, what gives out first; returns the exit code."""
    judged = run.judged(thresholds)
    outcome = worst(judged.values())
    if as_json:
        json_document({**run.to_dict(), "thresholds": judged, "outcome": outcome, "exit_code": outcome.exit_code})
        return outcome.exit_code
    console = stdout_console()
    counts = ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in run.counts.items())
    console.print(f"{run.scenario} at full size, {run.simulated_s:g} s at the {run.load}: {counts}")
    console.print(_hops(run))
    console.print(_stages(run))
    registry = run.registry
    console.print(
        f"Redis: {len(registry.kept.shards)} of {registry.shards:,} shards kept, hottest included; p99 at a shard "
        f"{show_duration(registry.times.quantile_s(0.99))}, {registry.error:+.1%} by that choice"
    )
    console.print(f"bottleneck: {run.bottleneck}")
    for name, verdict in judged.items():
        console.print(f"{verdict:<8} {name} < {show_duration(thresholds[name])}")
    return outcome.exit_code


def bench(found: Mapping[str, Any], *, as_json: bool) -> None:
    """Speed against the clock and against SimPy."""
    if as_json:
        json_document(found)
        return
    console = stdout_console()
    console.print(
        f"{found['simulated_s']:g} s of {found['scenario']} at full size in {found['wall_s']:g} s on "
        f"{found['threads']} cores and {found['peak_rss_mb']:,} MB: {found['real_time_factor']:.2f} times real time"
    )
    for name in ("messages", "deliveries", "receipts", "heartbeats", "stage_events"):
        console.print(f"{found[name]:>15,} {name.replace('_', ' ')}")
    console.print(
        f"{found['speedup_vs_simpy']:,} times SimPy ({found['speedup_vs_simpy_per_core']:,} a core), "
        f"differing by {found['max_abs_diff_vs_simpy']:g} s over {found['times_compared']:,} times"
    )
    console.print(
        f"Redis: {found['redis_shards_kept']} of {found['redis_shards']:,} shards, "
        f"p99 {found['redis_p99_error']:+.1%} by that choice"
    )


def _hops(run: FullRun) -> Table:
    from sim.fast.path import HOPS
    from sim.fast.result import STATISTICS

    table = _table("hop", *STATISTICS, "p99 interval")
    for hop in HOPS:
        found = {name: run.statistic(hop, name) for name in STATISTICS}
        p99 = found["p99"]
        if p99 is None:
            table.add_row(hop, "no steady state: a backlog grows")
            continue
        shown = (show_duration(one.mean) for one in found.values() if one is not None)
        table.add_row(hop, *shown, f"± {show_duration(p99.half_width)}")
    return table


def _stages(run: FullRun) -> Table:
    table = _table("stage", "shards", "mean load", "hottest", "overloaded", "backlog")
    for name, load in run.stages.items():
        grows = f"+{show_count(load.growth_per_s)}/s" if load.overloaded else ""
        table.add_row(
            name, f"{load.shards:,}", f"{load.mean:.1%}", f"{load.hottest:.1%}", f"{load.overloaded:,}", grows
        )
    redis = run.registry
    hottest = float(redis.busy_s.max()) / redis.window_s
    over = int((redis.loads >= 1).sum())
    table.add_row("redis", f"{redis.shards:,}", f"{redis.loads.mean():.1%}", f"{hottest:.1%}", f"{over:,}", "")
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", header_style="dim", no_wrap=True)
    return table
