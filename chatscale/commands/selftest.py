"""`chatscale selftest`: whether the checks find what is wrong, by its name, and nothing where nothing is."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from chatscale import selftest, show
from chatscale.commands.asking import as_json_option, servers_option
from chatscale.console import stdout_console
from sim.errors import UsageError

if TYPE_CHECKING:
    from chatscale.selftest import Trial


@click.command()
@as_json_option
@click.option(
    "--seeds", type=click.IntRange(min=0), default=20, show_default=True, help="Clean simulations that must pass."
)
@click.option("--real", is_flag=True, help="Mutants of the real backend on real servers instead (about 3 minutes).")
@click.option("--mutant", "names", multiple=True, metavar="NAME", help="With --real: only this one; repeatable.")
@click.option(
    "--within",
    "within_s",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Begin no clean simulation after so long; those that ran are counted.",
)
@servers_option
def command(as_json: bool, seeds: int, real: bool, names: tuple[str, ...], within_s: float | None, servers: str) -> int:
    """Seed bugs into a history of the model: each must be caught by the right name. Clean seeds must raise nothing.

    With --real the bugs are in the processes of the chat backend, a few seconds of traffic each; the stories that they
    are played in must be clean without them. Exit code 0 only if all of it holds, else 1.
    """
    if names and not real:
        raise UsageError("--mutant is a bug of the real backend; add --real")
    clean, trials = _on_real_servers(names, servers, as_json) if real else _on_the_model(seeds, within_s, as_json)
    caught, quiet = sum(trial.holds for trial in trials), sum(trial.holds for trial in clean)
    holds = caught == len(trials) and quiet == len(clean)
    if as_json:
        rows = {"mutants": [asdict(trial) for trial in trials], "clean": [asdict(t) for t in clean if not t.holds]}
        counted = (
            {"clean_stories": quiet, "stories": len(clean)} if real else {"clean_seeds": quiet, "seeds": len(clean)}
        )
        show.json_document({"holds": holds, "caught": caught, **counted, **rows})
    else:
        what = "stories without a mutant were clean" if real else "clean seeds raised nothing"
        stdout_console().print(f"{caught} of {len(trials)} mutants caught, {quiet} of {len(clean)} {what}")
    return 0 if holds else 1


def _on_the_model(seeds: int, within_s: float | None, quiet: bool) -> tuple[list[Trial], list[Trial]]:
    trials = _told(selftest.try_mutants(selftest.busy_history()), quiet)
    clean = list(_until(within_s, selftest.try_clean(seeds)))
    _told((trial for trial in clean if not trial.holds), quiet)
    return clean, trials


def _on_real_servers(names: Iterable[str], servers: str, quiet: bool) -> tuple[list[Trial], list[Trial]]:
    from chatscale.selftest_real import try_real
    from chatscale.stage import Stage
    from realstack.mutants import MUTANTS, mutant_named
    from realstack.servers import start_servers

    mutants = [mutant_named(name) for name in names] or MUTANTS.values()
    with TemporaryDirectory(prefix="chatscale-") as folder, start_servers(servers, Path(folder)) as running:
        trials = _told(try_real(Stage(running, Path(folder)), mutants), quiet)
    return [t for t in trials if not t.expected], [t for t in trials if t.expected]


def _told(trials: Iterable[Trial], quiet: bool) -> list[Trial]:
    """All of them, each told as soon as it is known."""
    console, known = stdout_console(), []
    for trial in trials:
        known.append(trial)
        if not quiet:
            console.print("✓" if trial.holds else "✗", _line(trial), style="" if trial.holds else "bold red")
    return known


def _line(trial: Trial) -> str:
    others = ", ".join(name for name in trial.found if name != trial.expected)
    if not trial.expected:
        return f"{'clean':<18} {trial.name}" + (f" raised {others}" if others else "")
    return f"{trial.expected:<18} {trial.name}" + (f" (and {others})" if others else "")


def _until(within_s: float | None, trials: Iterable[Trial]) -> Iterator[Trial]:
    """Trials that begin before the time is over, at least one of them."""
    began_s = time.monotonic()
    for trial in trials:
        yield trial
        if within_s is not None and time.monotonic() - began_s > within_s:
            return
