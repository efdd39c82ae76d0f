"""A run folder's report: judged once, written three ways."""

from __future__ import annotations

from pathlib import Path

from reports.junit import write_junit
from reports.page import write_page
from reports.result import Result, judge_run, save_result
from reports.run import load_run


def write_report(folder: Path) -> Result:
    """Write result.json, report.html and junit.xml into a run folder. Raises UsageError or HistoryError."""
    run = load_run(folder)
    result = judge_run(run)
    save_result(result, folder / "result.json")
    write_page(run, result, folder / "report.html")
    write_junit(result, folder / "junit.xml")
    return result
