"""A run folder's report: judged once, written three ways, with a small history for each check that failed."""

from __future__ import annotations

from pathlib import Path

from reports import counterexamples
from reports.junit import write_junit
from reports.page import write_page
from reports.result import Result, judge_run, save_result
from reports.run import load_run


def write_report(folder: Path) -> Result:
    """Write result.json, report.html, junit.xml and counterexamples/ into a run folder.

    Raises UsageError or HistoryError.
    """
    run = load_run(folder)
    result = judge_run(run)
    save_result(result, folder / "result.json")
    write_page(run, result, folder / "report.html")
    write_junit(result, folder / "junit.xml")
    _save_counterexamples(result, folder / "counterexamples")
    return result


def _save_counterexamples(result: Result, folder: Path) -> None:
    """Those of the judged world, and no others that an earlier report left."""
    for stale in folder.glob("*.jsonl"):
        stale.unlink()
    for finding in result.world.findings:
        if finding.counterexample:
            counterexamples.save(finding.counterexample, folder)
