"""`chatscale simulate`: the model alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chatscale import show
from chatscale.commands.asking import asked, asks_scenario, faults_option, out_option, replay_line
from chatscale.model_run import simulate_scenario
from chatscale.watch import watcher
from sim.engine import Profile
from sim.errors import UsageError
from sim.scenario import Scenario

if TYPE_CHECKING:
    from sim.fast.layout import Load


@click.command()
@asks_scenario
@out_option
@faults_option
@click.option(
    "--profile", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="profile.json of a run to model."
)
@click.option("--full", is_flag=True, help="Every message of the full-size system, not the box.")
@click.option(
    "--seconds", type=click.FloatRange(min=0.1), default=60.0, show_default=True, help="Simulated time of --full."
)
@click.option(
    "--load",
    type=click.Choice(["mean", "peak", "event"]),
    default="peak",
    show_default=True,
    help="Minute of --full: mean of the day, daily peak, event peak.",
)
def command(
    name: str,
    settings: tuple[str, ...],
    seed: int | None,
    as_json: bool,
    out: Path | None,
    profile: Path | None,
    full: bool,
    seconds: float,
    load: Load,
    faults_seed: int | None,
) -> int:
    """Run the model alone, without servers: of the box, or of the full-size system."""
    scenario, seed = asked(name, settings, seed, faults_seed)
    if full:
        return _full(scenario, seed, seconds, load, as_json=as_json, unused=(out, profile))
    costs = Profile.load(profile) if profile else None
    more = ["--profile", str(profile)] if profile else []
    more += [] if faults_seed is None else ["--faults", str(faults_seed)]
    with watcher(quiet=as_json) as watch:
        result = simulate_scenario(
            scenario,
            seed=seed,
            out=out,
            profile=costs,
            replay=replay_line("simulate", name, settings, seed, *more),
            watcher=watch,
        )
    show.result(result, as_json=as_json)
    return result.outcome.exit_code


def _full(
    scenario: Scenario, seed: int, seconds: float, load: Load, *, as_json: bool, unused: tuple[Path | None, ...]
) -> int:
    if any(unused):
        raise UsageError(
            "--full neither writes a run folder nor takes a profile of a box: leave out --out and --profile"
        )
    from chatscale import show_full
    from sim.fast.full import Threads, full_run

    with watcher(quiet=as_json) as watch:
        watch.step(f"{seconds:g} s of {scenario.name} at full size")
        threads = Threads(len(os.sched_getaffinity(0)))
        run = full_run(scenario, threads, seconds=seconds, load=load, seed=seed, on_note=watch.note)
    return show_full.full_run(run, scenario.thresholds, as_json=as_json)
