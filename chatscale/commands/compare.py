"""`chatscale compare`: prediction against measurement, one run against another, one design against another."""

from __future__ import annotations

from shlex import join

import click

from chatscale import answers, show, show_experiments
from chatscale.commands.asking import as_json_option
from chatscale.commands.experimenting import asks_means
from chatscale.experiment import Means, experiment, write_answer
from chatscale.run_folder import find_run
from chatscale.watch import watcher
from reports import build_result
from reports.sides import side_by_side
from sim.errors import UsageError
from sim.experiments.designs import compare_designs
from sim.scenario_file import load_scenario


@click.command()
@click.argument("targets", metavar="RUN|SCENARIO [RUN|SCENARIO]", nargs=-1, required=True)
@click.option("--set", "common", multiple=True, metavar="KEY=VALUE", help="A setting of both designs; repeatable.")
@click.option("--set-a", multiple=True, metavar="KEY=VALUE", help="A setting of the first design only; repeatable.")
@click.option("--set-b", multiple=True, metavar="KEY=VALUE", help="A setting of the second design only; repeatable.")
@click.option("--seed", type=click.IntRange(min=0), help="Seed of both designs (default: the first scenario's).")
@click.option("--markdown", is_flag=True, help="The table as Markdown.")
@asks_means
@as_json_option
def command(
    targets: tuple[str, ...],
    common: tuple[str, ...],
    set_a: tuple[str, ...],
    set_b: tuple[str, ...],
    seed: int | None,
    markdown: bool,
    means: Means,
    as_json: bool,
) -> int:
    """Hold a run's prediction against its measurement, a run against another, or a design against another.

    \b
      compare RUN                                            predicted against measured
      compare RUN RUN                                        side by side, as each was judged
      compare SCENARIO --set-b design.preset=seed            two designs in the model, paired
      compare a.toml b.toml                                  two scenario files in the model, paired
    """
    if len(targets) > 2:
        raise UsageError(f"compare takes one or two runs or scenarios, not {len(targets)}")
    if common or set_a or set_b or any(target.endswith(".toml") for target in targets):
        return _designs(targets, (*common, *set_a), (*common, *set_b), seed, means, as_json, markdown)
    if len(targets) == 2:
        sides = side_by_side(*(build_result(find_run(target)) for target in targets))
        if as_json:
            show.json_document(answers.sides(sides))
        else:
            show_experiments.sides(sides, markdown=markdown)
        return 0
    show.comparison(build_result(find_run(targets[0])), as_json=as_json)
    return 0


def _designs(
    targets: tuple[str, ...],
    set_a: tuple[str, ...],
    set_b: tuple[str, ...],
    seed: int | None,
    means: Means,
    as_json: bool,
    markdown: bool,
) -> int:
    first, second = load_scenario(targets[0], set_a), load_scenario(targets[-1], set_b)
    if first == second:
        raise UsageError("both designs are the same; set something of the second: --set-b design.preset=seed")
    seed = first.run.seed if seed is None else seed
    with (
        watcher(quiet=as_json or markdown) as watch,
        experiment("compare", first.name, seed, means, watch) as (folder, laboratory),
    ):
        found = compare_designs(first, second, laboratory, seed=seed, number=means.replications)
    words = [
        word
        for option, settings in (("a", set_a), ("b", set_b))
        for one in settings
        for word in (f"--set-{option}", one)
    ]
    replay = join(["chatscale", "compare", *targets, *words, "--seed", str(seed), *means.words])
    document = answers.designs(found, seed, replay)
    write_answer(folder, "compare", document)
    if as_json:
        show.json_document(document)
    else:
        show_experiments.designs(found, markdown=markdown)
    return 0
