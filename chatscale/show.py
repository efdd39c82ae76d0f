"""What commands print: tables for people, one JSON document for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from chatscale.console import stdout_console
from sim.units import show_duration
from sim.verdict import Outcome, Verdict, worst

if TYPE_CHECKING:
    from realstack.servers.doctor import Finding
    from reports.result import Result
    from sim.history import History
    from sim.plan import Plan

_SIGNS = {
    Outcome.PASS: Text("✓", "green"),
    Outcome.FAIL: Text("✗", "bold red"),
    Outcome.UNKNOWN: Text("?", "yellow"),
    Outcome.NOT_APPLICABLE: Text("·", "dim"),
}


def json_document(document: Mapping[str, Any]) -> None:
    """One document on stdout."""
    print(json.dumps(document, indent=1, ensure_ascii=False))


def plan_table(plan: Plan) -> None:
    """Every line of the plan by component, the document's own figures beside."""
    console = stdout_console()
    for component, lines in plan.components().items():
        table = Table(title=component, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
        for column, justify in (("", "left"), ("", "right"), ("", "left"), ("", "left"), ("the document says", "left")):
            table.add_column(
                column, justify="right" if justify == "right" else "left", header_style="dim", no_wrap=True
            )
        for line in lines:
            origin = (Text(line.shown_range, "dim"), Text(line.parameter.mark, "dim"))
            table.add_row(line.key, Text(line.shown, "bold"), *origin, line.document or "")
        console.print(table)
        console.print()
    console.print("how a number comes about: chatscale plan … --explain kafka.partitions", style="dim")


def result(judged: Result, *, as_json: bool) -> None:
    """The end of a run."""
    if as_json:
        json_document(judged.to_dict())
        return
    from reports.summary import summary_lines

    console = stdout_console()
    for part in summary_lines(judged):
        console.print(part)


def part_verdicts(path: Path, found: Sequence[Verdict], *, as_json: bool) -> None:
    """One line a check, and which parts convict."""
    outcome = worst(verdict.outcome for verdict in found)
    if as_json:
        verdicts = [asdict(verdict) for verdict in found]
        json_document({"history": str(path), "outcome": outcome, "exit_code": outcome.exit_code, "verdicts": verdicts})
        return
    console = stdout_console()
    for verdict in found:
        console.print(_SIGNS[verdict.outcome], f"{verdict.check:<18}", verdict.summary)
        if verdict.outcome.counts_against:
            for example in verdict.examples:
                console.print(f"      {example.note}", style="dim")
    console.print(f"outcome {outcome}, exit code {outcome.exit_code}")


def verdicts(
    path: Path,
    history: History,
    found: Sequence[Verdict],
    *,
    as_json: bool,
    explained: int = 3,
    folder: Path | None = None,
) -> None:
    """One line a check, and for each failure the events that convict; what is allowed or has no object comes last.

    With a `folder`, the counter-examples are also saved there.
    """
    from reports.counterexamples import evidence, save

    told = {}
    for verdict in found:
        most = len(verdict.examples) if as_json else explained if verdict.outcome.counts_against else 0
        shrunk, told[verdict.check] = evidence(history, verdict, most)
        if folder and shrunk:
            save(shrunk, folder)
    outcome = worst(verdict.outcome for verdict in found)
    if as_json:
        document = {"history": str(path), "outcome": outcome, "exit_code": outcome.exit_code}
        json_document({**document, "verdicts": [{**asdict(v), "evidence": told[v.check]} for v in found]})
        return
    console = stdout_console()
    console.print(f"{path}: {len(history.frame):,} events", style="dim")
    apart = [v for v in found if v.allowed or v.outcome is Outcome.NOT_APPLICABLE]
    for verdict in [*(v for v in found if v not in apart), *apart]:
        sign = _SIGNS[Outcome.NOT_APPLICABLE] if verdict.allowed else _SIGNS[verdict.outcome]
        console.print(sign, f"{verdict.check:<18}", verdict.summary)
        shown = told[verdict.check]
        for example in shown:
            console.print(Text("\n".join(f"      {line}" for line in example), "dim"))
        if shown and verdict.count > len(shown):
            console.print(f"      and {verdict.count - len(shown):,} more (--all)", style="dim")
    if folder and any(folder.glob("*.jsonl")):
        console.print(f"counter-examples in {folder}: chatscale verify --history {folder}/CHECK.jsonl")
    console.print(f"outcome {outcome}, exit code {outcome.exit_code}")


def comparison(judged: Result, *, as_json: bool) -> None:
    """Predicted against measured."""
    from reports.result import plain
    from reports.text import quantity
    from sim.errors import UsageError

    compared = judged.comparison
    if compared is None:
        raise UsageError(f"{judged.folder} holds one world only; `chatscale run` makes both")
    if as_json:
        rows = [{**plain(row), "error": row.error} for row in compared.rows]
        json_document({"rows": rows, "conclusion": compared.conclusion, "backlog": plain(compared.backlog)})
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("", "", "predicted", "measured", "error"):
        table.add_column(name, justify="left" if name == "" else "right", header_style="dim")
    for row in compared.rows:
        values = (quantity(row.predicted, row.unit), quantity(row.measured, row.unit))
        table.add_row(row.subject, row.statistic, *values, row.shown_error)
    console = stdout_console()
    console.print(table)
    console.print(compared.conclusion)


def findings(found: Iterable[Finding], *, as_json: bool) -> int:
    """Doctor's findings; the exit code says whether something needed is missing."""
    found = list(found)
    healthy = all(finding.ok for finding in found)
    if as_json:
        json_document({"ok": healthy, "findings": [asdict(finding) for finding in found]})
    else:
        console = stdout_console()
        for finding in found:
            console.print(_SIGNS[Outcome.PASS if finding.ok else Outcome.FAIL], f"{finding.name:<14}", finding.detail)
            if finding.mend:
                console.print(f"      {finding.mend}", style="bold" if not finding.ok else "dim")
    return 0 if healthy else 3


def bench(found: Mapping[str, Any], *, as_json: bool) -> None:
    """The highest sustained rate and where the processor time went."""
    if as_json:
        json_document(found)
        return
    console = stdout_console()
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("tried/s", "delivery p50", "p99", "lag p99", "violations", ""):
        table.add_column(name, justify="right", header_style="dim")
    for step in found["steps"]:
        times = (_shown_ms(step[key]) for key in ("delivery_p50_ms", "delivery_p99_ms", "schedule_lag_p99_ms"))
        table.add_row(f"{step['sent_per_s']:.0f}", *times, str(step["violations"]), step["verdict"])
    console.print(table)
    ratio = f" ({found['ratio']})" if found["ratio"] else ""
    console.print(f"sustained {found['sent_per_s']:.0f} messages/s{ratio} on {found['sockets']} sockets")
    shares = ", ".join(f"{name} {share:.0%}" for name, share in found["cpu_share"].items())
    console.print(f"of one core each: {shares}")


def trade_offs(trials: Sequence[Mapping[str, Any]]) -> None:
    """Choices side by side, a block for each question."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("", "members", "sent/s", "delivered/s", "CPU a message", "p50", "p99", "others' cores", ""):
        table.add_column(name, justify="right" if name else "left", header_style="dim")
    for before, trial in zip([None, *trials], trials, strict=False):
        if before is not None and before["question"] != trial["question"]:
            table.add_section()
        times = (_shown_ms(trial[key]) for key in ("cpu_ms_per_message", "delivery_p50_ms", "delivery_p99_ms"))
        rates = (f"{trial[key]:.0f}" for key in ("sent_per_s", "deliveries_per_s"))
        size = "" if trial["members"] is None else f"{trial['members']:,}"
        others, wrong = f"{trial['others_cores']:.2f}", ", ".join(trial["violations"])
        table.add_row(f"{trial['question']} = {trial['choice']}", size, *rates, *times, others, wrong)
    stdout_console().print(table)


def _shown_ms(milliseconds: float | None) -> str:
    return "–" if milliseconds is None else show_duration(milliseconds / 1000)
