"""The full-size system from the command line: a steady minute, the scenario's own run, or a whole day."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from chatscale.experiment import experiment_folder, teller, write_answer
from chatscale.following import Watcher
from sim.errors import UsageError
from sim.experiments.ledger import LEDGER, Ledger
from sim.scenario import Scenario
from sim.verdict import worst

if TYPE_CHECKING:
    from sim.experiments.executor import Executor
    from sim.fast.day_result import FullDay
    from sim.fast.result import FullRun

Load = Literal["mean", "peak", "event", "run"]
SECONDS = 60.0


@contextmanager
def cores(cluster: str | None) -> Iterator[Executor]:
    """Threads on all cores of this machine, or a dask cluster. Raises UsageError when that cannot be had."""
    if cluster is None:
        from sim.fast.full import Threads

        yield Threads(len(os.sched_getaffinity(0)))
        return
    from sim.experiments.cluster import Cluster

    with Cluster(cluster) as remote:
        yield remote


def usual_load(scenario: Scenario) -> Load:
    """What to simulate when nobody says: the run where a minute would leave out what happens, else the peak."""
    return "run" if scenario.bursts or scenario.shocks.rate_per_s else "peak"


def minute(
    scenario: Scenario, seed: int, load: Load | None, seconds: float | None, cluster: str | None, watch: Watcher
) -> FullRun:
    """A steady minute, or the whole run. Raises UsageError for a run of another length, ModelError as `full_run`."""
    from sim.fast.full import full_play, full_run

    load = load or usual_load(scenario)
    if load == "run" and seconds is not None:
        raise UsageError("--load run is as long as the scenario's run: leave out --seconds, or set run.duration")
    with cores(cluster) as executor:
        if load == "run":
            watch.step(f"the {scenario.run.duration_s:g} s run of {scenario.name} at full size")
            return full_play(scenario, executor, seed=seed, on_note=watch.note)
        seconds = SECONDS if seconds is None else seconds
        watch.step(f"{seconds:g} s of {scenario.name} at full size")
        return full_run(scenario, executor, seconds=seconds, load=load, seed=seed, on_note=watch.note)


def day(
    scenario: Scenario, seed: int, replications: int, out: Path | None, cluster: str | None, replay: str, watch: Watcher
) -> tuple[FullDay, dict[str, Any], Path]:
    """A day from its windows, its document, and the folder that keeps every finished window."""
    from sim.fast.day import observe, windows
    from sim.fast.day_result import FullDay

    asked = windows(scenario, seed=seed, replications=replications)
    folder = experiment_folder("day", scenario.name, seed, out)
    watch.step(f"day: finished windows are kept in {folder}; --out {folder} goes on from there")
    with cores(cluster) as executor:
        answers = Ledger(folder / LEDGER).answers(observe, asked, executor, teller(watch))
    found = FullDay(scenario.name, asked, answers)
    judged = found.latencies.judged(scenario.thresholds)
    outcome = worst(judged.values())
    document = {
        **found.to_dict(),
        "seed": seed,
        "thresholds": judged,
        "outcome": outcome,
        "exit_code": outcome.exit_code,
        "replay": replay,
    }
    write_answer(folder, "day", document)
    return found, document, folder
