"""`chatscale sensitivity`: which assumption moves the answer most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from chatscale import answers, show, show_experiments
from chatscale.commands.asking import asked, asks_scenario, replay_line
from chatscale.commands.experimenting import asks_means
from chatscale.experiment import Means, experiment, write_answer
from chatscale.watch import watcher
from sim.experiments.measure import QUANTILES
from sim.experiments.sensitivity import Tornado, model_tornado, plan_tornado, require_match

PLAN_LINES = ("kafka.partitions", "cassandra.nodes", "cost.chat", "cost.total")


@click.command()
@asks_scenario
@asks_means
@click.option("--only", multiple=True, metavar="PATTERN", help="Assumptions to move, such as design.*; repeatable.")
@click.option("--line", "lines", multiple=True, metavar="KEY", help="Lines of the plan to explain; repeatable.")
@click.option(
    "--statistic",
    type=click.Choice(
        [f"{kind}_{name}" for kind in ("delivery", "ack", "receipt") for name in ("mean", *QUANTILES, "max")]
    ),
    metavar="NAME",
    default="delivery_p99",
    show_default=True,
    help="Latency of the model to explain, such as ack_mean.",
)
@click.option("--model/--no-model", default=True, show_default=True, help="The model takes time, the plan none.")
def command(
    name: str,
    settings: tuple[str, ...],
    seed: int | None,
    as_json: bool,
    means: Means,
    only: tuple[str, ...],
    lines: tuple[str, ...],
    statistic: str,
    model: bool,
) -> int:
    """Move one assumption at a time over its range: which moves the latency, and which the size, most?

    Assumptions are settings of the scenario, costs of the model (cpu.gateway) and parameters of the plan.
    """
    scenario, seed = asked(name, settings, seed)
    patterns = only or ("*",)
    require_match(scenario, patterns)
    tornadoes = [plan_tornado(scenario, line, patterns) for line in lines or PLAN_LINES]
    with (
        watcher(quiet=as_json) as watch,
        experiment("sensitivity", scenario.name, seed, means, watch) as (folder, laboratory),
    ):
        if model:
            how = partial(model_tornado, statistic=statistic, patterns=patterns, number=means.replications)
            tornadoes.insert(0, how(scenario, laboratory, seed=seed))
    repeated = [*(("--only", pattern) for pattern in only), *(("--line", line) for line in lines)]
    words = [*means.words, "--statistic", statistic, *(word for pair in repeated for word in pair)]
    replay = replay_line("sensitivity", name, settings, seed, *words, "--model" if model else "--no-model")
    document = answers.sensitivity(tornadoes, scenario.name, seed, replay)
    _keep(folder, document, tornadoes)
    if as_json:
        show.json_document(document)
    else:
        show_experiments.sensitivity(tornadoes, folder)
    return 0


def _keep(folder: Path, document: Mapping[str, Any], tornadoes: Sequence[Tornado]) -> None:
    from reports.plots.experiments import save_tornado_plot

    write_answer(folder, "sensitivity", document)
    save_tornado_plot(tornadoes, folder / "sensitivity.svg")
