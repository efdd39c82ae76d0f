"""`chatscale report`: a run judged again."""

from __future__ import annotations

import click

from chatscale import show
from chatscale.commands.asking import as_json_option
from chatscale.run_folder import find_run
from reports import write_report


@click.command()
@click.argument("target", metavar="RUN|SCENARIO")
@as_json_option
def command(target: str, as_json: bool) -> int:
    """Judge a run again and write its report anew."""
    result = write_report(find_run(target))
    show.result(result, as_json=as_json)
    return result.outcome.exit_code
