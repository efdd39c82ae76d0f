"""chatscale: one scenario of a chat system planned, simulated and driven through real servers, and the three compared.

    import chatscale

    scenario = chatscale.load("whatsapp", {"scale.messages": "1:20_000"})
    chatscale.plan(scenario).headline()      # closed form, at full size
    history = chatscale.simulate(scenario)   # the model of this box
    chatscale.check(history)                 # verdicts
    chatscale.assert_holds(history, "ordered", "no_loss")
    result = chatscale.run(scenario)         # model and real servers, a run folder with its report

Imports are made when a name is first used, so that `chatscale --help` is quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path
    from typing import Any

    from pandas import DataFrame

    from realstack.driver.adapter import Adapter
    from reports.result import Result
    from sim.history import History
    from sim.plan import Plan
    from sim.scenario import Scenario
    from sim.trace import Trace
    from sim.verdict import Verdicts

__all__ = [
    "assert_holds",
    "check",
    "drive",
    "events_of",
    "hop_times",
    "load",
    "plan",
    "report",
    "run",
    "simulate",
    "trace",
]
__version__ = "0.1.0"


def load(name_or_path: str | Path, settings: Mapping[str, object] | None = None) -> Scenario:
    """The scenario of that name or file, with settings such as `{"traffic.daily_peak": 2}` laid over it."""
    from sim.scenario_file import load_scenario

    return load_scenario(name_or_path, [f"{key}={value}" for key, value in (settings or {}).items()])


def plan(scenario: Scenario) -> Plan:
    """The full-size system in closed form, every number with its provenance."""
    from sim.plan import plan as make_plan

    return make_plan(scenario)


def trace(scenario: Scenario, seed: int | None = None) -> Trace:
    """What the people of the box do, to the byte for a seed."""
    from sim.workload import make_trace

    return make_trace(scenario, seed)


def simulate(scenario: Scenario, seed: int | None = None) -> History:
    """The model of the box on this scenario's trace, with assumed service times."""
    from sim.engine import simulate as run_model
    from sim.workload import make_trace

    return run_model(scenario, make_trace(scenario, seed), seed=seed)


def check(history: History) -> Verdicts:
    """Every check over a history of either world."""
    from reports.checks import check_history
    from sim.verdict import Verdicts

    return Verdicts(check_history(history))


def assert_holds(
    history: History | Path | str | Iterable[Mapping[str, Any]],
    *guarantees: str,
    allowed: Collection[str] | Mapping[str, str] = (),
) -> None:
    """Raise AssertionError with the counter-example unless every guarantee holds, see `chatscale.assertions`."""
    from chatscale import assertions

    assertions.assert_holds(history, *guarantees, allowed=allowed)


def hop_times(history: History) -> DataFrame:
    """Seconds that each delivery spent in each hop: a row a delivery, with its `uuid`, a column a hop, and `total`."""
    from sim.hops import deliveries, hop_times_s

    shown = deliveries(history)
    return hop_times_s(shown).assign(uuid=shown["uuid"])


def events_of(history: History, uuid: str) -> DataFrame:
    """All that happened to one message, in order, without the fields that say nothing about it."""
    events = history.frame[history.frame["uuid"] == uuid]
    return events.dropna(axis="columns", how="all")


def run(scenario: Scenario, *, seed: int | None = None, servers: str = "auto", out: Path | None = None) -> Result:
    """Calibrate, drive and simulate; the run folder holds everything, the report too."""
    from chatscale.runner import run_scenario

    return run_scenario(scenario, seed=seed, servers=servers, out=out)


def drive(adapter: Adapter, scenario: Scenario, seed: int | None = None, *, settle_s: float = 0.5) -> History:
    """The scenario's trace on somebody else's chat server, through an adapter as `realstack.driver.adapter` has it."""
    from realstack.driver.elsewhere import drive_elsewhere
    from sim.workload import make_trace

    return drive_elsewhere(adapter, scenario, make_trace(scenario, seed), settle_s=settle_s)


def report(folder: Path) -> Result:
    """Judge a run folder again and write its result.json, report.html and junit.xml."""
    from reports import write_report

    return write_report(folder)
