"""`chatscale run`: the main job, from scenario to report."""

from __future__ import annotations

from pathlib import Path

import click

from chatscale import show
from chatscale.commands.asking import asked, asks_scenario, faults_option, out_option, replay_line, servers_option
from chatscale.runner import run_scenario
from chatscale.watch import watcher


@click.command()
@asks_scenario
@out_option
@servers_option
@faults_option
def command(
    name: str,
    settings: tuple[str, ...],
    seed: int | None,
    as_json: bool,
    out: Path | None,
    servers: str,
    faults_seed: int | None,
) -> int:
    """Plan, drive real servers, simulate, judge, compare.

    Faults of the scenario, or drawn by --faults, are done to the real processes and connections, and undone.
    A short calibration at low load first tells the model this box's service times; it then predicts the same trace.
    """
    more = ["--servers", servers] if servers != "auto" else []
    more += [] if faults_seed is None else ["--faults", str(faults_seed)]
    scenario, seed = asked(name, settings, seed, faults_seed)
    with watcher(quiet=as_json) as watch:
        result = run_scenario(
            scenario,
            seed=seed,
            servers=servers,
            out=out,
            replay=replay_line("run", name, settings, seed, *more),
            watcher=watch,
        )
    show.result(result, as_json=as_json)
    return result.outcome.exit_code
