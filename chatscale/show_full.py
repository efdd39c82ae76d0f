"""What is printed of the full-size model: its hops, its loads, its speed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.table import Table

from chatscale.console import stdout_console
from chatscale.show import json_document
from sim.units import show_count, show_duration
from sim.verdict import Outcome, worst

if TYPE_CHECKING:
    from pathlib import Path

    from sim.fast.day_result import FullDay
    from sim.fast.latency import Latencies
    from sim.fast.load import Surge
    from sim.fast.result import FullRun
    from sim.fast.storm import Wave

_WHEN = {
    "mean": "at the mean of the day",
    "peak": "at the daily peak",
    "event": "at the event peak",
    "run": "as played",
}


def full_run(run: FullRun, thresholds: Mapping[str, float], *, as_json: bool) -> int:
    """Thresholds, counts, hops with intervals, loads, what gives out first; returns the exit code."""
    judged = run.judged(thresholds)
    outcome = worst(judged.values())
    if as_json:
        json_document({**run.to_dict(), "thresholds": judged, "outcome": outcome, "exit_code": outcome.exit_code})
        return outcome.exit_code
    console = stdout_console()
    counts = ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in run.counts.items())
    console.print(f"{run.scenario} at full size, {run.simulated_s:g} s {_WHEN[run.load]}: {counts}")
    console.print(_hops(run.latencies))
    console.print(_stages(run))
    registry = run.registry
    console.print(
        f"Redis: {len(registry.kept.shards)} of {registry.shards:,} shards kept, hottest included; p99 at a shard "
        f"{show_duration(registry.times.quantile_s(0.99))}, {registry.error:+.1%} by that choice"
    )
    if run.surge:
        console.print(_surge(run.surge))
    for wave in run.waves:
        console.print(_wave(wave))
    console.print(f"bottleneck: {run.bottleneck}")
    _judged(judged, thresholds)
    return outcome.exit_code


def full_day(day: FullDay, document: Mapping[str, Any], thresholds: Mapping[str, float], folder: Path) -> None:
    """Thresholds, counts with the error of sampling, hops, hours."""
    console = stdout_console()
    console.print(
        f"a day of {day.scenario} at full size, from {len(day.windows)} windows of {day.windows[0].seconds:g} s with "
        f"{document['simulated_messages']:,} messages"
    )
    for name, one in day.counts.items():
        console.print(f"{show_count(one.mean):>10} ± {one.relative:.2%} {name}")
    console.print(_hops(day.latencies))
    console.print(_hours(day))
    for name, growth in day.overloaded.items():
        console.print(f"{name} is overloaded for a part of the day; its backlog grows by up to {show_count(growth)}/s")
    _judged(document["thresholds"], thresholds)
    console.print(f"{folder}")


def _judged(judged: Mapping[str, Outcome], thresholds: Mapping[str, float]) -> None:
    for name, verdict in judged.items():
        stdout_console().print(f"{verdict:<8} {name} < {show_duration(thresholds[name])}")


def _surge(surge: Surge) -> str:
    stage = max(surge.offered, key=lambda name: surge.offered[name])
    grows = "".join(f"; {name} grows by {show_count(rate)}/s" for name, rate in surge.growth_per_s.items())
    return (
        f"at its highest, {show_count(surge.messages_per_s)} messages/s: {stage} is offered {surge.offered[stage]:.0%} "
        f"at its hottest shard{grows}"
    )


def _wave(wave: Wave) -> str:
    back, grows = wave.back, f", grows by {show_count(wave.growth_per_s)}/s" if wave.growth_per_s else ""
    return (
        f"at {wave.drop.at_s:g} s {show_count(wave.sockets)} sockets of {wave.gateways:,} gateways go (every device of "
        f"{len(wave.seen)} gateways kept): back in {show_duration(back['p50'].mean)} at the median, p99 "
        f"{show_duration(back['p99'].mean)} ± {show_duration(back['p99'].half_width)}; at most "
        f"{show_count(wave.connects_per_s)} connects/s, a gateway is offered {wave.offered_gateway:.0%}{grows}; "
        f"{wave.backlog.mean:,.0f} devices wait at it, p99 {show_duration(wave.waited_p99.mean)}; the hottest Redis "
        f"shard is offered {wave.offered_redis:.0%}, Cassandra {show_count(wave.queries_per_s)} reads/s of what is new"
    )


def _hours(day: FullDay) -> Table:
    table = _table("from", "messages/s", "delivery p99", "", "busiest", "offered")
    for hour in day.hours:
        p99 = hour.latencies.statistic("delivery", "p99")
        shown = (show_duration(p99.mean), f"± {show_duration(p99.half_width)}") if p99 else ("backlog grows", "")
        start = f"{int(hour.start_s // 3600):02d}:{int(hour.start_s % 3600 // 60):02d}"
        table.add_row(start, show_count(hour.messages_per_s), *shown, hour.busiest, f"{hour.offered:.1%}")
    return table


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
    console.print(_engines(found["engines"]))
    day = found["whole_day"]
    console.print(
        f"a day at 1:1, {show_count(day['messages'])} messages: {day['core_hours']:g} core-hours, so "
        f"{day['cores_for_real_time']:g} cores keep up with it and {day['cores_for_one_hour']:g} do it in an hour"
    )
    console.print(
        f"Redis: {found['redis_shards_kept']} of {found['redis_shards']:,} shards, "
        f"p99 {found['redis_p99_error']:+.1%} by that choice"
    )


def _engines(found: Mapping[str, Mapping[str, float]]) -> Table:
    table = _table("one pipeline of three servers", "messages/s a core", "largest difference")
    for name, speed in found.items():
        table.add_row(name, f"{speed['messages_per_s']:,.0f}", f"{speed['max_abs_diff_s']:.2g} s")
    return table


def _hops(latencies: Latencies) -> Table:
    from sim.fast.latency import STATISTICS
    from sim.fast.path import HOPS

    table = _table("hop", *STATISTICS, "p99 interval")
    for hop in HOPS:
        found = {name: latencies.statistic(hop, name) for name in STATISTICS}
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
