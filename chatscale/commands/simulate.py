"""`chatscale simulate`: the model alone."""

from __future__ import annotations

from pathlib import Path

import click

from chatscale import show
from chatscale.commands.asking import asked, asks_scenario, out_option, replay_line
from chatscale.model_run import simulate_scenario
from chatscale.watch import watcher
from sim.engine import Profile


@click.command()
@asks_scenario
@out_option
@click.option(
    "--profile", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="profile.json of a run to model."
)
def command(
    name: str, settings: tuple[str, ...], seed: int | None, as_json: bool, out: Path | None, profile: Path | None
) -> int:
    """Run the model of the box alone, without servers."""
    scenario, seed = asked(name, settings, seed)
    costs = Profile.load(profile) if profile else None
    with watcher(quiet=as_json) as watch:
        result = simulate_scenario(
            scenario,
            seed=seed,
            out=out,
            profile=costs,
            replay=replay_line("simulate", name, settings, seed, *(["--profile", str(profile)] if profile else [])),
            watcher=watch,
        )
    show.result(result, as_json=as_json)
    return result.outcome.exit_code
