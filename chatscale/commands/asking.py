"""The arguments and options that commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from shlex import join
from typing import Any, TypeVar

import click

from sim.scenario import Scenario
from sim.scenario_file import load_scenario

_F = TypeVar("_F", bound=Callable[..., Any])
as_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
servers_option = click.option(
    "--servers",
    default="auto",
    show_default=True,
    metavar="WHERE",
    help="local (from packages), containers (official images), external (CHATSCALE_KAFKA, …), a .toml file, "
    "or kafka=HOST:PORT,cassandra=…,redis=…",
)
settings_option = click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="Lay a value over the scenario; repeatable."
)
out_option = click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the run (default: runs/SCENARIO/TIME-SEED).",
)


def asks_scenario(command: _F) -> _F:
    """SCENARIO, --set, --seed and --json."""
    command = as_json_option(command)
    command = click.option("--seed", type=click.IntRange(min=0), help="Seed of the trace (default: the scenario's).")(
        command
    )
    command = settings_option(command)
    return click.argument("name", metavar="SCENARIO")(command)


faults_option = click.option(
    "--faults", "faults_seed", type=click.IntRange(min=0), metavar="SEED", help="Faults drawn from this seed."
)


def asked(
    name: str, settings: tuple[str, ...], seed: int | None, faults_seed: int | None = None
) -> tuple[Scenario, int]:
    """The scenario that was asked for, with faults if any are to be drawn, and the seed: the given or its own."""
    scenario = load_scenario(name, settings)
    if faults_seed is not None:
        from sim.fault_draw import with_drawn_faults  # needs numpy, which a plan does without

        scenario = with_drawn_faults(scenario, faults_seed)
    return scenario, scenario.run.seed if seed is None else seed


def replay_line(command: str, name: str, settings: tuple[str, ...], seed: int, *more: str) -> str:
    """The command that does this again."""
    laid_over = [word for setting in settings for word in ("--set", setting)]
    return join(["chatscale", command, name, *laid_over, "--seed", str(seed), *more])
