"""`chatscale simulate`: the model alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from chatscale import show
from chatscale.commands.asking import asked, asks_scenario, faults_option, out_option, replay_line
from chatscale.commands.experimenting import cluster_option, jobs_option, means_of, precision_option
from chatscale.experiment import Means, experiment, write_answer
from chatscale.model_run import simulate_scenario
from chatscale.watch import watcher
from sim.engine import BOX, Profile
from sim.errors import UsageError
from sim.scenario import Scenario
from sim.statistics import LEAST, Precision

if TYPE_CHECKING:
    from chatscale.full_size import Load


@click.command()
@asks_scenario
@out_option
@faults_option
@click.option(
    "--profile", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="profile.json of a run to model."
)
@click.option("--full", is_flag=True, help="Every message of the full-size system, not the box.")
@click.option("--seconds", type=click.FloatRange(min=0.1), help="Simulated time of --full (default: 60).")
@click.option(
    "--load",
    type=click.Choice(["mean", "peak", "event", "run"]),
    help="Of --full: a minute at the mean of the day, the daily peak or the event peak, or the scenario's own run "
    "(default: run where there are bursts or shocks, else peak).",
)
@click.option("--day", is_flag=True, help="With --full: 24 hours, from windows spread over the day.")
@click.option(
    "--replications",
    type=click.IntRange(min=LEAST),
    help="Independent runs of the box, or samples of the --day (default there: 4): every figure with its interval.",
)
@precision_option
@jobs_option
@cluster_option
def command(
    name: str,
    settings: tuple[str, ...],
    seed: int | None,
    as_json: bool,
    out: Path | None,
    profile: Path | None,
    full: bool,
    seconds: float | None,
    load: Load | None,
    day: bool,
    replications: int | None,
    precision: Precision | None,
    jobs: int | None,
    cluster: str | None,
    faults_seed: int | None,
) -> int:
    """Run the model alone, without servers: of the box, or of the full-size system.

    \b
      simulate whatsapp                   one run of the box, with a report
      simulate whatsapp --precision 5%    as many as it takes to know the p99 to 5 %
      simulate whatsapp --full            a minute at 1:1, at the daily peak
      simulate new-year --full            its whole run at 1:1, midnight included
      simulate whatsapp --full --day      24 hours at 1:1, with the error of sampling
    """
    scenario, seed = asked(name, settings, seed, faults_seed)
    several = bool(replications or precision)
    _require_sense(full, day, out, profile, minute=bool(seconds or load), several=several, spread=bool(jobs or cluster))
    if several and faults_seed is not None:
        raise UsageError("--faults is for one run: leave out --replications and --precision")
    if several and not full:
        means = means_of(replications, precision, jobs, cluster, out)
        return _replicated(scenario, seed, profile, means, (name, settings), as_json=as_json)
    if day:
        replications = replications or LEAST
        replay = replay_line("simulate", name, settings, seed, "--full", "--day", "--replications", str(replications))
        return _day(scenario, seed, replications, out, cluster, replay, as_json=as_json)
    if full:
        return _minute(scenario, seed, load, seconds, cluster, as_json=as_json)
    more = ["--profile", str(profile)] if profile else []
    more += [] if faults_seed is None else ["--faults", str(faults_seed)]
    return _box(scenario, seed, out, profile, replay_line("simulate", name, settings, seed, *more), as_json=as_json)


def _box(scenario: Scenario, seed: int, out: Path | None, profile: Path | None, replay: str, *, as_json: bool) -> int:
    costs = Profile.load(profile) if profile else None
    with watcher(quiet=as_json) as watch:
        result = simulate_scenario(scenario, seed=seed, out=out, profile=costs, replay=replay, watcher=watch)
    show.result(result, as_json=as_json)
    return result.outcome.exit_code


def _require_sense(
    full: bool, day: bool, out: Path | None, profile: Path | None, *, minute: bool, several: bool, spread: bool
) -> None:
    if not full and (day or minute):
        raise UsageError("--day, --load and --seconds are of the full-size system: add --full")
    if not full and spread and not several:
        raise UsageError("--jobs and --cluster are for several runs: add --replications or --precision")
    if full and not day and several:
        raise UsageError("a minute of --full has an interval from its slices: leave out --replications and --precision")
    if full and profile:
        raise UsageError("--full takes no profile of a box: leave out --profile")
    if full and out and not day:
        raise UsageError("a minute of --full writes no folder: leave out --out, or ask for --day")
    if day and minute:
        raise UsageError("--day has windows of its own over all loads of the day: leave out --load and --seconds")


def _replicated(
    scenario: Scenario,
    seed: int,
    profile: Path | None,
    means: Means,
    asked_for: tuple[str, tuple[str, ...]],
    *,
    as_json: bool,
) -> int:
    from chatscale import answers, show_experiments
    from sim.experiments.point import replicate

    costs = Profile.load(profile) if profile else BOX
    words = [*means.words, *(["--profile", str(profile)] if profile else [])]
    with (
        watcher(quiet=as_json) as watch,
        experiment("simulate", scenario.name, seed, means, watch) as (folder, laboratory),
    ):
        found = replicate(scenario, laboratory, seed=seed, number=means.number, profile=costs)
    document = answers.point(found, seed, replay_line("simulate", *asked_for, seed, *words))
    write_answer(folder, "simulate", document)
    if as_json:
        show.json_document(document)
    else:
        show_experiments.point(found, folder)
    return int(document["exit_code"])


def _minute(
    scenario: Scenario, seed: int, load: Load | None, seconds: float | None, cluster: str | None, *, as_json: bool
) -> int:
    from chatscale import full_size, show_full

    with watcher(quiet=as_json) as watch:
        run = full_size.minute(scenario, seed, load, seconds, cluster, watch)
    return show_full.full_run(run, scenario.thresholds, as_json=as_json)


def _day(
    scenario: Scenario,
    seed: int,
    replications: int,
    out: Path | None,
    cluster: str | None,
    replay: str,
    *,
    as_json: bool,
) -> int:
    from chatscale import full_size, show_full

    with watcher(quiet=as_json) as watch:
        found, document, folder = full_size.day(scenario, seed, replications, out, cluster, replay, watch)
    if as_json:
        show.json_document(document)
    else:
        show_full.full_day(found, document, scenario.thresholds, folder)
    return int(document["exit_code"])
