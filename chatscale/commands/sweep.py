"""`chatscale sweep`: many designs side by side."""

from __future__ import annotations

import click

from chatscale import answers, show, show_experiments
from chatscale.commands.asking import asked, asks_scenario, replay_line
from chatscale.commands.experimenting import asks_precise_means
from chatscale.experiment import Means, experiment, write_answer
from chatscale.watch import watcher
from sim.experiments.grid import parse_grid
from sim.experiments.sweep import run_sweep


@click.command()
@asks_scenario
@asks_precise_means
def command(name: str, settings: tuple[str, ...], seed: int | None, as_json: bool, means: Means) -> int:
    """Simulate every combination of several values of some settings, on the same random numbers.

    \b
      --set design.partitions=4,16,64     these values
      --set design.linger=0ms..20ms:5     from one to the other in 5 steps

    Writes sweep.csv and sweep.svg too.
    """
    grid = parse_grid(settings)
    scenario, seed = asked(name, grid.shared, seed)
    with (
        watcher(quiet=as_json) as watch,
        experiment("sweep", scenario.name, seed, means, watch) as (folder, laboratory),
    ):
        found = run_sweep(scenario, grid, laboratory, seed=seed, count=means.number)
    document = answers.sweep(found, seed, replay_line("sweep", name, settings, seed, *means.words))
    write_answer(folder, "sweep", document)
    answers.write_sweep_csv(found, folder / "sweep.csv")
    from reports.plots.experiments import save_sweep_plot

    save_sweep_plot(found, folder / "sweep.svg")
    if as_json:
        show.json_document(document)
    else:
        show_experiments.sweep(found, folder)
    return 0
