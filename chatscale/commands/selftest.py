"""`chatscale selftest`: whether the checks find what is wrong, by its name, and nothing where nothing is."""

from __future__ import annotations

from dataclasses import asdict

import click

from chatscale import selftest, show
from chatscale.commands.asking import as_json_option
from chatscale.console import stdout_console


@click.command()
@as_json_option
@click.option(
    "--seeds", type=click.IntRange(min=0), default=20, show_default=True, help="Clean simulations that must pass."
)
def command(as_json: bool, seeds: int) -> int:
    """Seed bugs into a history of the model: each must be caught by the right name. Clean seeds must raise nothing.

    Exit code 0 only if all of it holds, else 1.
    """
    console = stdout_console()
    trials = []
    for trial in selftest.try_mutants(selftest.busy_history()):
        trials.append(trial)
        if not as_json:
            others = ", ".join(name for name in trial.found if name != trial.expected)
            told = f"{trial.expected:<18} {trial.name}" + (f" (and {others})" if others else "")
            console.print("✓" if trial.holds else "✗", told, style="" if trial.holds else "bold red")
    clean = list(selftest.try_clean(seeds))
    caught, quiet = sum(trial.holds for trial in trials), sum(trial.holds for trial in clean)
    holds = caught == len(trials) and quiet == len(clean)
    if as_json:
        rows = {"mutants": [asdict(trial) for trial in trials], "clean": [asdict(t) for t in clean if not t.holds]}
        show.json_document({"holds": holds, "caught": caught, "clean_seeds": quiet, "seeds": len(clean), **rows})
    else:
        for trial in clean:
            if not trial.holds:
                console.print(f"✗ {trial.name}, clean, raised {', '.join(trial.found)}", style="bold red")
        console.print(f"{caught} of {len(trials)} mutants caught, {quiet} of {len(clean)} clean seeds raised nothing")
    return 0 if holds else 1
