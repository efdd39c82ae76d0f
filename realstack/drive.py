"""One drive: a trace through the chat backend on running servers, and the History of what happened.

backend up ─► idle (gauges only) ─► driver: load, drain, final read ─► witnesses ─► History
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd

from realstack.driver.replay import Plan, Progress
from realstack.gauges import Gauges
from realstack.provision import SERVER_ERRORS
from realstack.servers import Servers
from realstack.servers.process import ManagedProcess
from realstack.stack import ChatStack
from realstack.witness import Clock, log_events, push_events, store_events
from sim.errors import ServerLostError, UsageError
from sim.history import History
from sim.scenario import Scenario
from sim.settings import config_event
from sim.trace import Trace

_POLL_S = 0.1
_PROGRESS = "progress.json"
_DRAIN_LIMIT_S = 20.0
_SLACK_S = 120.0

OnProgress = Callable[[Progress], None]
Meddle = Callable[[ChatStack, Progress], None]


def drive(
    servers: Servers,
    scenario: Scenario,
    trace: Trace,
    folder: Path,
    on_progress: OnProgress = lambda _: None,
    meddle: Meddle = lambda _stack, _progress: None,
    idle_s: float = 0.0,
    final_read: bool = True,
) -> History:
    """Replay the trace and return its history. `folder` gets the logs and the trace.

    `on_progress` is told several times a second how far it is; `meddle` may then kill processes of the backend.
    For `idle_s` nothing but the gauges run, so that a calibration knows what an idle box uses; without a `final_read`
    whoever is away stays away, and nobody can say that nothing was lost.
    Raises UsageError for a scenario with faults, ServerStartError or ServerLostError when a server or process does not
    come up or dies.
    """
    refuse_faults(scenario)
    folder.mkdir(parents=True, exist_ok=True)
    trace_path = folder / "trace.parquet"
    trace.save(trace_path)
    with ChatStack(servers, scenario, trace, folder) as stack:
        clock = Clock.now()
        driver: list[ManagedProcess] = []

        def usage() -> dict[str, tuple[float, int]]:
            # While the driver starts it reads the trace, which is no part of the load: it counts from its first report.
            generators = driver if (folder / _PROGRESS).exists() else []
            return {**servers.usage(), **stack.usage(), **{process.name: process.usage() for process in generators}}

        with Gauges(stack.settings, usage) as gauges:
            time.sleep(idle_s)
            plan = _plan(scenario, stack, folder, trace_path, final_read=final_read)
            driver.append(stack.spawn("driver", "realstack.driver.replay", str(folder / "driver.json")))
            origin_ns = _wait(driver[0], plan, stack, servers, trace, on_progress, meddle)
        seen = History.load(Path(plan.events))
        rest = History.of([*gauges.events, *stack.faults, *_witnesses(stack, clock)])
    Path(plan.events).unlink()
    return _join(config_event(scenario, trace), [seen, rest], origin_ns)


def refuse_faults(scenario: Scenario) -> None:
    """Raise UsageError when the scenario has faults: the real stack does not inject them."""
    if scenario.faults:
        raise UsageError(
            f"{scenario.name} has faults, which only the model injects: chatscale simulate {scenario.name}"
        )


def _plan(scenario: Scenario, stack: ChatStack, folder: Path, trace_path: Path, *, final_read: bool) -> Plan:
    plan = Plan(
        trace=str(trace_path),
        gateways=stack.gateways,
        gap_hold_s=scenario.design.gap_hold_s,
        backend=stack.settings,
        drain_limit_s=_DRAIN_LIMIT_S,
        final_read=final_read,
        events=str(folder / "client-events.parquet"),
        progress=str(folder / _PROGRESS),
    )
    Path(plan.progress).unlink(missing_ok=True)
    (folder / "driver.json").write_bytes(msgspec.json.encode(plan))
    return plan


def _wait(
    driver: ManagedProcess,
    plan: Plan,
    stack: ChatStack,
    servers: Servers,
    trace: Trace,
    on_progress: OnProgress,
    meddle: Meddle,
) -> int:
    deadline_s = time.monotonic() + trace.duration_s + 4 * _DRAIN_LIMIT_S + _SLACK_S
    progress: Progress | None = None
    while progress is None or progress.phase != "done":
        time.sleep(_POLL_S)
        servers.check()
        stack.check()
        # Asked before the file is read: a driver that ends in between has written its last word.
        alive = driver.alive
        if Path(plan.progress).exists():
            progress = msgspec.json.decode(Path(plan.progress).read_bytes(), type=Progress)
            on_progress(progress)
            meddle(stack, progress)
        elif not alive:
            raise ServerLostError(f"the driver ended before it began; its log ends with\n{driver.log_tail()}")
        if (progress is None or progress.phase != "done") and (not alive or time.monotonic() > deadline_s):
            raise ServerLostError(f"the driver did not finish; its log ends with\n{driver.log_tail()}")
    driver.wait(30.0)
    return progress.origin_ns


def _witnesses(stack: ChatStack, clock: Clock) -> list[dict[str, Any]]:
    try:
        logged = asyncio.run(log_events(stack.settings, clock))
        notified = asyncio.run(push_events(stack.settings, clock))
        return [*logged, *notified, *store_events(stack.settings)]
    except SERVER_ERRORS as error:
        raise ServerLostError(f"the servers could not be read after the run: {error!r}") from error


def _join(config: dict[str, Any], parts: Sequence[History], origin_ns: int) -> History:
    """One history from parts in absolute monotonic time, counted from the origin; the settings come first."""
    frame = pd.concat([part.frame for part in parts], ignore_index=True)
    times = [name for name in frame.columns if name.endswith("_ns")]
    frame[times] -= origin_ns
    first = History.of([{**config, "t_ns": int(frame["t_ns"].min())}]).frame
    return History.from_frame(pd.concat([first, frame], ignore_index=True))
