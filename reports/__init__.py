"""What a run proves: checks, latencies, the model held against the real stack, and the report that says so.

    run folder ──► History ──► checks, latency, load ──► World ─┐
                   History ──► …                     ──► World ─┴─► Result ──► result.json, report.html, junit.xml

`write_report(folder)` does all of it, `build_result(folder)` only judges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from reports.result import Result

__all__ = ["build_result", "write_report"]


def build_result(folder: Path) -> Result:
    """Judge a run folder, see `reports.result`."""
    from reports import result  # charts and the plan are slow to import, checks alone must not wait for them

    return result.build_result(folder)


def write_report(folder: Path) -> Result:
    """Judge a run folder and write result.json, report.html and junit.xml into it, see `reports.write`."""
    from reports import write

    return write.write_report(folder)
