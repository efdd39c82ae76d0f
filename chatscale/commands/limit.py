"""`chatscale limit`: the highest rate that keeps the thresholds."""

from __future__ import annotations

import click

from chatscale import answers, show, show_experiments
from chatscale.commands.asking import asked, asks_scenario, replay_line
from chatscale.commands.experimenting import asks_precise_means
from chatscale.experiment import Means, experiment, write_answer
from chatscale.watch import watcher
from sim.experiments.limit import find_limit
from sim.verdict import Outcome


@click.command()
@asks_scenario
@asks_precise_means
def command(name: str, settings: tuple[str, ...], seed: int | None, as_json: bool, means: Means) -> int:
    """Find the highest message rate that keeps the thresholds in the model, and what gives out first.

    Each replication searches by itself, to within 5 %; `--set run.duration=20s` makes it quicker and less sure.
    """
    scenario, seed = asked(name, settings, seed)
    with (
        watcher(quiet=as_json) as watch,
        experiment("limit", scenario.name, seed, means, watch) as (folder, laboratory),
    ):
        found = find_limit(scenario, laboratory, seed=seed, number=means.number)
    document = answers.limit(found, seed, replay_line("limit", name, settings, seed, *means.words))
    write_answer(folder, "limit", document)
    if as_json:
        show.json_document(document)
    else:
        show_experiments.limit(found, folder)
    return (Outcome.PASS if found.rate_per_s and not found.doubt else Outcome.UNKNOWN).exit_code
