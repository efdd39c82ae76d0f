"""`chatscale run`: the main job, from scenario to report."""

from __future__ import annotations

from pathlib import Path

import click

from chatscale import show
from chatscale.commands.asking import asked, asks_scenario, out_option, replay_line, servers_option
from chatscale.runner import run_scenario
from chatscale.watch import watcher


@click.command()
@asks_scenario
@out_option
@servers_option
def command(
    name: str, settings: tuple[str, ...], seed: int | None, as_json: bool, out: Path | None, servers: str
) -> int:
    """Plan, drive real servers, simulate, judge, compare.

    A short calibration at low load first tells the model this box's service times; it then predicts the same trace.
    """
    scenario, seed = asked(name, settings, seed)
    with watcher(quiet=as_json) as watch:
        result = run_scenario(
            scenario,
            seed=seed,
            servers=servers,
            out=out,
            replay=replay_line("run", name, settings, seed, *(["--servers", servers] if servers != "auto" else [])),
            watcher=watch,
        )
    show.result(result, as_json=as_json)
    return result.outcome.exit_code
