"""`chatscale verify`: a history judged on its own."""

from __future__ import annotations

from pathlib import Path

import click

from chatscale import show
from chatscale.commands.asking import as_json_option
from chatscale.run_folder import find_run
from reports.checks import check_history
from reports.witnesses import witness_verdicts
from sim.history import History
from sim.verdict import worst


@click.command()
@click.argument("target", metavar="TARGET")
@as_json_option
def command(target: str, as_json: bool) -> int:
    """Check the history of a run, or any history file.

    TARGET is a run's folder, a scenario's name for its latest run, or a .parquet or .jsonl file with the same fields.
    """
    path = Path(target)
    if not path.is_file():
        folder = find_run(target)
        path = next((p for p in (folder / "history-real.parquet", folder / "history-sim.parquet") if p.is_file()), path)
    history = History.load(path)
    verdicts = (*check_history(history), *witness_verdicts(history))
    show.verdicts(path, history, verdicts, as_json=as_json)
    return worst(verdict.outcome for verdict in verdicts).exit_code
