"""`chatscale compare`: prediction against measurement."""

from __future__ import annotations

import click

from chatscale import show
from chatscale.commands.asking import as_json_option
from chatscale.run_folder import find_run
from reports import build_result


@click.command()
@click.argument("target", metavar="RUN|SCENARIO")
@as_json_option
def command(target: str, as_json: bool) -> int:
    """Hold a run's prediction against its measurement."""
    result = build_result(find_run(target))
    show.comparison(result, as_json=as_json)
    return 0
