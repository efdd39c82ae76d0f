"""The last words of a run on the terminal: thresholds first, the report's place and the replay command last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from reports.result import Result
from reports.text import SIGNS, STATISTIC_NAMES, WORLD_NAMES, interval, quantity, threshold_label
from reports.world import World
from sim.units import show_duration, show_ratio
from sim.verdict import Outcome, worst

_STYLES = {Outcome.PASS: "green", Outcome.FAIL: "bold red", Outcome.UNKNOWN: "yellow", Outcome.NOT_APPLICABLE: "dim"}
_COMPARED = (("delivery", "p50"), ("delivery", "p99"), ("ack", "p99"), ("all processes", ""))


def summary_lines(result: Result) -> list[RenderableType]:
    """What to print, in order."""
    return [
        Group(_title("THRESHOLDS"), _thresholds(result)),
        Group(_title("PLAN", "of the full size"), _plan(result)),
        *([Group(_title("PREDICTED AGAINST MEASURED"), _comparison(result))] if result.comparison else []),
        Group(_title("VERDICTS"), *_verdicts(result)),
        Group(*_endings(result)),
    ]


def _title(text: str, note: str = "") -> Text:
    return Text.assemble("\n", (text, "bold"), (f" {note}" if note else "", "dim"))


def _grid(*justify: str) -> Table:
    table = Table.grid(padding=(0, 2))
    for side in justify:
        table.add_column(justify="right" if side == "right" else "left", no_wrap=True)
    return table


def _thresholds(result: Result) -> Table:
    table = _grid("left", "left", "right", "left", "left")
    for found in result.thresholds:
        actual = "–" if found.actual_s is None else show_duration(found.actual_s)
        table.add_row(
            Text(f"  {SIGNS[found.outcome]}", _STYLES[found.outcome]),
            threshold_label(found),
            Text(actual, "bold"),
            Text(interval(found), "dim"),
            Text(found.note, _STYLES[Outcome.UNKNOWN]),
        )
    return table


def _plan(result: Result) -> Table:
    table = _grid("left", "right", "left")
    for line in result.plan.headline():
        table.add_row(f"  {line.name}", Text(line.shown, "bold"), Text(line.parameter.mark, "dim"))
    return table


def _comparison(result: Result) -> Group:
    table = _grid("left", "right", "right", "right")
    table.add_row("", *(Text(head, "dim") for head in ("predicted", "measured", "error")))
    assert result.comparison is not None
    for subject, statistic in _COMPARED:
        if row := result.comparison.row(subject, statistic):
            values = (quantity(value, row.unit) for value in (row.predicted, row.measured))
            table.add_row(f"  {subject} {STATISTIC_NAMES[statistic]}".rstrip(), *values, Text(row.shown_error, "bold"))
    return Group(table, Text(f"  {result.comparison.conclusion}"))


def _verdicts(result: Result) -> Iterator[RenderableType]:
    for name, world in result.worlds.items():
        role = "" if name == result.judged else " (shown besides)"
        yield from _world_verdicts(world, f"{WORLD_NAMES[name]}{role}")


def _world_verdicts(world: World, name: str) -> Iterable[RenderableType]:
    verdicts = [found.verdict for found in world.findings]
    bad = [verdict for verdict in verdicts if verdict.outcome.counts_against]
    silent = [verdict.check for verdict in verdicts if verdict.outcome is Outcome.NOT_APPLICABLE]
    outcome, total = worst(verdict.outcome for verdict in verdicts), len(verdicts) - len(silent)
    told = f"{name}: all {total} checks hold" if not bad else f"{name}: {total - len(bad)} of {total} checks hold"
    if permitted := sum(bool(verdict.allowed) for verdict in verdicts):
        told += f", {permitted} found what is allowed"
    yield Text(f"  {SIGNS[outcome]} ", _STYLES[outcome]) + Text(told, "default")
    for verdict in bad:
        line = Text(f"    {SIGNS[verdict.outcome]} {verdict.check}", _STYLES[verdict.outcome])
        yield line + Text(f": {verdict.summary}", "default")
    for verdict in verdicts:
        if verdict.allowed:
            yield Text(f"    {SIGNS[Outcome.NOT_APPLICABLE]} {verdict.check}: {verdict.summary}", "dim")
    if silent:
        yield Text(f"    {SIGNS[Outcome.NOT_APPLICABLE]} nothing to judge: {', '.join(silent)}", "dim")


def _endings(result: Result) -> Iterator[RenderableType]:
    scale, counts = result.scenario.scale, result.world.counts
    yield Text(
        f"\n{counts['sends']:,} messages, {counts['deliveries']:,} deliveries, {counts['receipts']:,} receipts, "
        f"{counts['heartbeats']:,} heartbeats, {counts['sockets']:,} sockets"
    )
    if uploads := counts["media_uploads"]:
        yield Text(
            f"media       {uploads:,} uploads, {counts['media_stored']:,} stored, {counts['media_fetched']:,} fetched"
        )
    if found := result.bottleneck:
        after = f" (next: {found.next_name} {found.next_utilisation:.0%})" if found.next_name else ""
        yield Text.assemble("bottleneck  ", (f"{found.name} {found.utilisation:.0%}", "bold"), after)
    yield Text(f"scale       messages {show_ratio(scale.messages)}, sockets {show_ratio(scale.connections)}")
    yield Text(f"seed        {result.seed}")
    for warning in result.warnings:
        yield Text(f"warning     {warning}", _STYLES[Outcome.UNKNOWN])
    yield Text.assemble(
        "outcome     ", (f"{result.outcome}, exit code {result.outcome.exit_code}", _STYLES[result.outcome])
    )
    yield Text(f"report      {result.folder / 'report.html'}")
    yield Text(f"replay      {result.replay}")
