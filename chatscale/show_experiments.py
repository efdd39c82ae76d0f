"""What the commands that experiment print for people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from chatscale.console import stdout_console
from chatscale.sheet import Sheet
from reports.result import Result
from reports.sides import Sides
from reports.text import SIGNS, WORLD_NAMES, quantity
from sim.experiments.designs import Designs
from sim.experiments.limit import BRACKET, Limit
from sim.experiments.measure import CORES, LATENCIES
from sim.experiments.point import Point
from sim.experiments.sensitivity import Bar, End, Tornado, shown_range
from sim.experiments.sweep import STATISTIC, Sweep
from sim.plan.line import number
from sim.statistics import Interval
from sim.units import show_duration, show_ratio

UNTOLD = ("settled_s", "overloaded", "backlog_end")
_MOST_BARS = 12


def limit(found: Limit, folder: Path) -> None:
    """The rate, what gives out first, and each replication's bracket."""
    screen = stdout_console()
    rows = [
        (
            str(at),
            f"{search.low.rate_per_s:,.1f}/s" if search.low else "–",
            f"{search.high.rate_per_s:,.1f}/s" if search.high else "–",
            _process(search.high.saturates) if search.high else "",
            search.high.broken if search.high else "",
        )
        for at, search in enumerate(found.searches, 1)
    ]
    head = ("replication", "holds", "breaks", "busiest there", "what broke")
    screen.print(Sheet(head, tuple(rows), words=(0, 4)).to_table())
    screen.print()
    if found.rate_per_s is None:
        screen.print(f"no limit found: {found.reason}")
    else:
        rate, traffic = found.rate_per_s, found.scenario.traffic
        screen.print(
            f"limit {rate.mean:,.1f} ± {rate.half_width:,.1f} messages/s "
            f"({show_ratio(rate.mean / traffic.messages_per_s)} of the mean of the day), each bracket within "
            f"{BRACKET - 1:.0%}",
            style="bold",
        )
        used = sorted(found.utilisation.items(), key=lambda item: -item[1])
        most = (found.saturates, found.utilisation.get(found.saturates, 0.0))
        screen.print(f"first to saturate: {_process(most)} used at the limit")
        if found.doubt:
            screen.print(f"not proven: {found.doubt}", style="yellow")
        screen.print("used at the limit: " + ", ".join(f"{_process(item)}" for item in used))
    screen.print(str(folder), style="dim")


def point(found: Point, folder: Path) -> None:
    """Every figure of one design with its interval, then the thresholds."""
    screen = stdout_console()
    if found.is_overloaded:
        screen.print(found.overload, style="bold")
    known = [name for name in found.means if not name.startswith(UNTOLD)]
    if found.is_overloaded:
        known = [name for name in known if not name.startswith(LATENCIES)]
    rows = tuple((name, _statistic(found.interval(name), name)) for name in known)
    screen.print(Sheet(("", f"{len(found.replications)} replications"), rows, words=(0,)).to_table())
    for judged in found.judge():
        note = f" ({judged.note})" if judged.note else ""
        screen.print(f"{judged.outcome:<8} {judged.name} < {show_duration(judged.limit_s)}{note}")
    if found.warning:
        screen.print(f"warning: {found.warning}", style="yellow")
    screen.print(str(folder), style="dim")


def sweep(found: Sweep, folder: Path) -> None:
    """A row a point; knees are marked."""
    knees = found.knees()
    rows = []
    for one in found.swept:
        point = one.point
        thresholds = " ".join(f"{SIGNS[judged.outcome]} {judged.name}" for judged in point.judge())
        shown = ["overloaded", ""] if point.is_overloaded else _latencies(point)
        mark = "◄ knee" if one in knees else point.overload.removeprefix("overloaded: ")
        rows.append((*one.settings.values(), *shown, _process(point.busiest), thresholds, mark))
    head = (*(axis.key for axis in found.axes), "delivery p99", "ack p99", "busiest", "thresholds", "")
    screen = stdout_console()
    screen.print(Sheet(head, tuple(rows), words=(*range(len(found.axes)), len(head) - 2, len(head) - 1)).to_table())
    for warning in dict.fromkeys(one.point.warning for one in found.swept if one.point.warning):
        screen.print(f"warning: {warning}", style="yellow")
    screen.print(f"{folder}: sweep.svg, sweep.csv, sweep.json", style="dim")


def sensitivity(tornadoes: Sequence[Tornado], folder: Path) -> None:
    """The widest bars of every answer."""
    screen = stdout_console()
    for tornado in tornadoes:
        base = tornado.note or _value(tornado.base, tornado.unit) + ("" if tornado.unit == "s" else f" {tornado.unit}")
        felt = [bar for bar in tornado.bars if bar.swing(tornado.base or 0.0) > 0]
        screen.print(f"{tornado.answer}: {base}", style="bold")
        rows = [
            (
                bar.assumption.key,
                shown_range(bar.assumption),
                _end(bar.low, tornado.unit),
                _end(bar.high, tornado.unit),
                _swing(bar, tornado),
            )
            for bar in felt[:_MOST_BARS]
        ]
        screen.print(
            Sheet(("", "range", "at the low end", "at the high end", "swing"), tuple(rows), words=(0, 1)).to_table()
        )
        silent = [bar.assumption.key for bar in tornado.bars if bar not in felt and not (bar.low.note or bar.high.note)]
        if silent:
            screen.print(f"no effect: {', '.join(silent)}", style="dim")
        for line in dict.fromkeys(
            f"{bar.assumption.key}: {end.note}"
            for bar in tornado.bars
            for end in (bar.low, bar.high)
            if end.note and not end.is_overloaded
        ):
            screen.print(line, style="dim")
        screen.print()
    kept = f"{folder}: sensitivity.svg, sensitivity.json"
    screen.print(f"≈: no difference beyond chance, or only screened. {kept}", style="dim")


def designs(found: Designs, *, markdown: bool) -> None:
    """Both designs and the paired difference."""
    verdicts = {"more": "more", "less": "less", "same": "the same", "unknown": "not known"}
    rows = tuple(
        (
            row.statistic,
            *(_statistic(interval, row.statistic) for interval in (row.first, row.second, row.difference)),
            verdicts[row.verdict],
        )
        for row in found.rows
    )
    _print(Sheet(("", "first", "second", "second − first", "the second has"), rows), markdown)
    if markdown:
        return
    screen = stdout_console()
    for name, point in (("first", found.first), ("second", found.second)):
        for line in filter(None, (point.overload, point.warning)):
            screen.print(f"{name}: {line}", style="yellow")
    screen.print(f"{len(found.first.replications)} pairs of replications, 95 % intervals", style="dim")


def sides(found: Sides, *, markdown: bool) -> None:
    """Two runs: what differs, and what each check found."""
    head = ("", "", _run_name(found.first), _run_name(found.second), "difference")
    rows = [
        (
            row.subject,
            row.statistic,
            quantity(row.measured, row.unit),
            quantity(row.predicted, row.unit),
            row.shown_error,
        )
        for row in found.rows
    ]
    rows += [
        (
            one.check,
            "anomalies",
            f"{SIGNS[one.first]} {one.first_count:,}",
            f"{SIGNS[one.second]} {one.second_count:,}",
            "" if one.first_count == one.second_count else f"{one.second_count - one.first_count:+,}",
        )
        for one in found.checks
    ]
    _print(Sheet(head, tuple(rows), words=(0, 1)), markdown)


def _print(sheet: Sheet, markdown: bool) -> None:
    if markdown:
        print(sheet.to_markdown())
    else:
        stdout_console().print(sheet.to_table())


def _run_name(run: Result) -> str:
    return f"{run.scenario.name}/{run.folder.name} ({WORLD_NAMES[run.judged]})"


def _latencies(point: Point) -> list[str]:
    return [_statistic(point.interval(name), name) for name in (STATISTIC, "ack_p99")]


def _statistic(found: Interval | None, statistic: str) -> str:
    if found is None:
        return "–"
    unit = "s" if statistic.startswith(LATENCIES) else ""
    return f"{_value(found.mean, unit)} ± {_value(found.half_width, unit)}"


def _value(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    if unit == "s":
        return ("−" if value < 0 else "") + show_duration(abs(value))
    return number(value).replace("-", "−")


def _end(end: End, unit: str) -> str:
    if end.value is None:
        return end.note if end.is_overloaded else "–"
    return _value(end.value, unit) + ("" if end.moves else " ≈")


def _swing(bar: Bar, tornado: Tornado) -> str:
    if bar.low.is_overloaded or bar.high.is_overloaded:
        return "∞"
    return _value(bar.swing(tornado.base or 0.0), tornado.unit)


def _process(found: tuple[str, float]) -> str:
    name, utilisation = found
    return f"{_name(name)} {utilisation:.0%}" if name else "–"


def _name(process: str) -> str:
    return "all cores" if process == CORES else process
