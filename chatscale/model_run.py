"""A run of the model alone: trace, history and report, without any server."""

from __future__ import annotations

from pathlib import Path

from chatscale.following import Nobody, Watcher
from chatscale.run_folder import new_folder, write_facts
from reports import write_report
from reports.result import Result
from sim.engine import Profile, simulate
from sim.scenario import Scenario
from sim.workload import make_trace


def simulate_scenario(
    scenario: Scenario,
    *,
    seed: int | None = None,
    out: Path | None = None,
    replay: str = "",
    profile: Profile | None = None,
    watcher: Watcher | None = None,
) -> Result:
    """The model alone: trace, history and report, no server."""
    watch = watcher or Nobody()
    seed = scenario.run.seed if seed is None else seed
    folder = new_folder(scenario, seed, out)
    watch.step("trace: who sends what, when")
    trace = make_trace(scenario, seed)
    trace.save(folder / "trace.parquet")
    watch.step(f"simulate: {trace.message_count:,} messages")
    model = {} if profile is None else {"profile": profile}
    simulate(scenario, trace, seed=seed, **model).save(folder / "history-sim.parquet")
    write_facts(folder, seed, replay)
    watch.step("report: checks and page")
    return write_report(folder)
