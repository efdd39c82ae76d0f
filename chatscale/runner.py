"""A whole run: servers up, the drive, calibration at low load, the model's prediction of the same trace, the report.

trace ─┬─► drive ─► history-real
       │   calibrate (a short quiet drive) ─► profile ─┐
       └─► simulate ◄──────────────────────────────────┘ ─► history-sim ─► report

The calibration comes last, on servers that have compiled what the drive needs; it never sees the drive's trace.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from chatscale.following import Nobody, Watcher
from chatscale.run_folder import new_folder, write_facts
from realstack.drive import drive
from realstack.servers import Servers, start_servers
from reports import write_report
from reports.result import Result
from sim.engine import calibrate, simulate
from sim.history import History
from sim.scenario import Scenario
from sim.scenario_file import with_settings
from sim.trace import Trace
from sim.workload import make_trace

# Quiet and short. What happens to the people in the run itself would fall on no moment of it.
_CALIBRATION = {
    "run.duration": 16,
    "run.warm_up": 4,
    "shocks.rate": 0,
    "bursts": [],
    "drops": [],
    "script": [],
    "faults": [],
}
_CALIBRATION_SHARE = 0.5
_CALIBRATION_IDLE_S = 3.0


def run_scenario(
    scenario: Scenario,
    *,
    seed: int | None = None,
    servers: str = "auto",
    out: Path | None = None,
    replay: str = "",
    watcher: Watcher | None = None,
) -> Result:
    """Run it all and return the judged result; the folder is `result.folder`.

    Raises UsageError for a folder that cannot be used and for faults in servers that are not ours, ServerError for
    servers that cannot be had or die unasked.
    """
    watch = watcher or Nobody()
    seed = scenario.run.seed if seed is None else seed
    folder = new_folder(scenario, seed, out)
    watch.step("trace: who sends what, when")
    trace = make_trace(scenario, seed)
    trace.save(folder / "trace.parquet")
    watch.step("servers: Kafka, Cassandra and Redis")
    # Of a ring, others have what one that is killed had not written yet.
    kills_store = any((fault.kind, fault.target) == ("kill", "cassandra") for fault in scenario.faults)
    nodes = scenario.design.nodes
    with start_servers(servers, folder, on_event=watch.note, durable=kills_store, nodes=nodes) as running:
        write_facts(folder, seed, replay, **_server_facts(running, servers))
        watch.step("drive: the trace through the real stack")
        real = drive(running, scenario, trace, folder, lambda progress: watch.drive(progress, trace))
        real.save(folder / "history-real.parquet")
        watch.step("calibrate: service times of this box at low load")
        quiet, quiet_trace = _quiet_drive(running, scenario, seed, folder, watch)
    profile = calibrate(quiet, quiet_trace)
    profile.save(folder / "profile.json")
    watch.step("simulate: the model's prediction of the same trace")
    simulate(scenario, trace, profile, seed).save(folder / "history-sim.parquet")
    watch.step("report: checks, comparison, page")
    return write_report(folder)


def _server_facts(running: Servers, provider: str) -> Mapping[str, object]:
    return {
        "provider": "local" if provider == "auto" else provider,
        "servers_ready_s": running.ready_s,
        "versions": running.versions,
    }


def _quiet_drive(
    running: Servers, scenario: Scenario, seed: int, folder: Path, watch: Watcher
) -> tuple[History, Trace]:
    """A short drive at low load, with another seed than the run's, and its trace: what the calibration is made from."""
    quiet = with_settings(scenario, {**_CALIBRATION, "scale.messages": scenario.scale.messages * _CALIBRATION_SHARE})
    trace = make_trace(quiet, seed + 1)
    history = drive(
        running,
        quiet,
        trace,
        folder / "calibration",
        lambda progress: watch.drive(progress, trace),
        idle_s=_CALIBRATION_IDLE_S,
        final_read=False,
    )
    shutil.rmtree(folder / "calibration")
    return history, trace
