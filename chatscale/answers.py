"""Answers of experiments as JSON documents with stable keys. An interval is its mean and half_width, or null."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reports.result import plain
from reports.sides import Sides
from sim.experiments.designs import Designs
from sim.experiments.limit import BRACKET, Limit, Search
from sim.experiments.measure import LATENCIES
from sim.experiments.point import Point
from sim.experiments.sensitivity import Bar, End, Tornado
from sim.experiments.sweep import STATISTIC, Sweep
from sim.statistics import Interval
from sim.verdict import worst

SCHEMA_VERSION = 1


def limit(found: Limit, seed: int, replay: str) -> dict[str, Any]:
    """The highest rate, what gives out first, and every search."""
    rate = found.rate_per_s
    return {
        "schema": SCHEMA_VERSION,
        "scenario": found.scenario.name,
        "seed": seed,
        "thresholds": dict(found.scenario.thresholds),
        "rate_per_s": interval(rate),
        "ratio": rate.mean / found.scenario.traffic.messages_per_s if rate else None,
        "bracket": BRACKET,
        "saturates": found.saturates or None,
        "utilisation": dict(found.utilisation),
        "broken": dict(found.broken),
        "reason": found.reason or None,
        "doubt": found.doubt or None,
        "searches": [_search(search) for search in found.searches],
        "replay": replay,
    }


def sweep(found: Sweep, seed: int, replay: str) -> dict[str, Any]:
    """Every point with all its numbers, and the knees."""
    return {
        "schema": SCHEMA_VERSION,
        "scenario": found.scenario.name,
        "seed": seed,
        "axes": {axis.key: list(axis.values) for axis in found.axes},
        "points": [{"settings": dict(one.settings), **_point(one.point)} for one in found.swept],
        "knees": [dict(one.settings) for one in found.knees()],
        "replay": replay,
    }


def write_sweep_csv(found: Sweep, path: Path) -> None:
    """One row a point: settings, overload, then mean and half-width of every number, empty where there is none."""
    names = list(dict.fromkeys(name for one in found.swept for name in one.point.means))
    keys = [axis.key for axis in found.axes]
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([*keys, "is_overloaded", *(f"{name}{end}" for name in names for end in ("", "_half_width"))])
        for one in found.swept:
            cells = [_shown(one.point, name) for name in names]
            numbers = [cell for found in cells for cell in (found or ("", ""))]
            rows.writerow([*(one.settings[key] for key in keys), int(one.point.is_overloaded), *numbers])


def sensitivity(tornadoes: Sequence[Tornado], scenario: str, seed: int, replay: str) -> dict[str, Any]:
    """The bars of every answer, widest first."""
    return {
        "schema": SCHEMA_VERSION,
        "scenario": scenario,
        "seed": seed,
        "answers": {one.answer: _tornado(one) for one in tornadoes},
        "replay": replay,
    }


def point(found: Point, seed: int, replay: str) -> dict[str, Any]:
    """One design, in all its replications."""
    outcome = worst(one.outcome for one in found.judge())
    return {
        "schema": SCHEMA_VERSION,
        "scenario": found.scenario.name,
        "seed": seed,
        "replications": len(found.replications),
        **_point(found),
        "outcome": outcome,
        "exit_code": outcome.exit_code,
        "replay": replay,
    }


def designs(found: Designs, seed: int, replay: str) -> dict[str, Any]:
    """Both designs and what differs."""
    rows = [
        {
            "statistic": row.statistic,
            "first": interval(row.first),
            "second": interval(row.second),
            "difference": interval(row.difference),
            "verdict": row.verdict,
        }
        for row in found.rows
    ]
    return {
        "schema": SCHEMA_VERSION,
        "seed": seed,
        "replications": len(found.first.replications),
        "overloaded": {"first": found.first.overload or None, "second": found.second.overload or None},
        "rows": rows,
        "replay": replay,
    }


def sides(found: Sides) -> dict[str, Any]:
    """Two runs: each quantity in both, and each check."""
    runs = (found.first, found.second)
    rows = [
        {
            "subject": row.subject,
            "statistic": row.statistic,
            "unit": row.unit,
            "first": row.measured,
            "second": row.predicted,
            "difference": row.error,
        }
        for row in found.rows
    ]
    return {
        "schema": SCHEMA_VERSION,
        "runs": [{"folder": str(run.folder), "world": run.judged, "outcome": run.outcome} for run in runs],
        "rows": plain(rows),
        "checks": plain(found.checks),
    }


def interval(found: Interval | None) -> dict[str, float] | None:
    """Mean and half-width."""
    return None if found is None else {"mean": found.mean, "half_width": found.half_width}


def _shown(point: Point, name: str) -> tuple[float, float] | None:
    """Mean and half-width, but no latency of an overloaded box."""
    if point.is_overloaded and name.startswith(LATENCIES) and not name.endswith("_samples"):
        return None
    return point.interval(name)


def _point(point: Point) -> dict[str, Any]:
    numbers = {name: found for name in point.means if (found := _shown(point, name)) is not None}
    return {
        "overloaded": point.overload or None,
        "busiest": point.busiest[0],
        "statistics": {name: interval(Interval(*found)) for name, found in numbers.items()},
        "thresholds": [
            {"name": one.name, "limit_s": one.limit_s, "outcome": one.outcome, "note": one.note}
            for one in point.judge()
        ],
        "warning": point.warning or None,
    }


def _search(search: Search) -> dict[str, Any]:
    tries = [
        {
            "rate_per_s": one.rate_per_s,
            "broken": one.broken or None,
            "busiest": one.saturates[0],
            STATISTIC: None if one.values["overloaded"] else one.values.get(STATISTIC),
        }
        for one in search.tries
    ]
    low, high = search.low, search.high
    return {
        "low_per_s": low.rate_per_s if low else None,
        "high_per_s": high.rate_per_s if high else None,
        "tries": tries,
    }


def _tornado(found: Tornado) -> dict[str, Any]:
    swings = [bar.swing(found.base or 0.0) for bar in found.bars]
    bars = [{**_bar(bar), "swing": swing} for bar, swing in zip(found.bars, swings, strict=True)]
    return {"unit": found.unit, "value": found.base, "note": found.note or None, "bars": plain(bars)}


def _bar(bar: Bar) -> dict[str, Any]:
    one = bar.assumption
    return {
        "key": one.key,
        "value": one.value,
        "unit": one.unit,
        "source": one.source,
        "low": _end(bar.low),
        "high": _end(bar.high),
        "is_sure": bar.is_sure,
    }


def _end(end: End) -> dict[str, Any]:
    told = {"at": end.at, "value": end.value, "change": interval(end.change), "note": end.note or None}
    return {**told, "screened": end.screened}
