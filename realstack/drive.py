"""One drive: a trace through the chat backend on running servers, and the History of what happened.

backend up ─► idle (gauges only) ─► driver: load, drain, final read ─► witnesses ─► History
                                 └► injector: the scenario's faults
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd

from realstack.chat.handover import replace_file
from realstack.driver.heartbeats import Loss
from realstack.driver.packing import Attachment
from realstack.driver.replay import Plan, Progress
from realstack.faults.acts import Acts, refuse_impossible
from realstack.faults.injector import Injector
from realstack.faults.network import network_between
from realstack.gauges import Gauges
from realstack.provision import SERVER_ERRORS
from realstack.scrape import keep_metrics
from realstack.servers import Servers
from realstack.servers.process import ManagedProcess
from realstack.stack import ChatStack
from realstack.witness import Clock, log_events, media_events, push_events, store_events
from sim.crowds import refuse_crowds
from sim.errors import ServerLostError
from sim.history import History
from sim.scenario import Scenario
from sim.settings import config_event
from sim.trace import Trace
from sim.workload.media import media_on_the_box

# Its clients complain of every try while a broker is away on purpose; whoever wants to read that adds a handler.
logging.getLogger("aiokafka").addHandler(logging.NullHandler())

_POLL_S = 0.1
_PROGRESS = "progress.json"
_HEALED = "faults.healed"
_DRAIN_LIMIT_S = 60.0
_SLACK_S = 120.0

OnProgress = Callable[[Progress], None]


def drive(
    servers: Servers,
    scenario: Scenario,
    trace: Trace,
    folder: Path,
    on_progress: OnProgress = lambda _: None,
    idle_s: float = 0.0,
    final_read: bool = True,
    mutant: str = "",
) -> History:
    """Replay the trace, with the scenario's faults, and return its history. `folder` gets the logs and the trace.

    `on_progress` is told several times a second how far it is.
    For `idle_s` nothing but the gauges run, so that a calibration knows what an idle box uses; without a `final_read`
    whoever is away stays away, and nobody can say that nothing was lost. A `mutant` is a bug of the backend.
    Raises UsageError for faults in servers that are not ours and for a group over the design's limit, ServerStartError
    or ServerLostError when a server or process does not come up or dies unasked.
    """
    refuse_impossible(scenario.faults, servers)
    refuse_crowds(trace, scenario.design)
    folder.mkdir(parents=True, exist_ok=True)
    trace_path = folder / "trace.parquet"
    trace.save(trace_path)
    with ExitStack() as parts:
        network = parts.enter_context(network_between(scenario.faults, servers, folder))
        around = network.around if network else None
        stack = ChatStack(servers, scenario, trace, folder, around, mutant)
        plan_path = folder / "driver.json"
        plan_path.unlink(missing_ok=True)
        # It imports while the backend starts, and waits for its plan.
        driver = stack.spawn("driver", "realstack.driver.replay", str(plan_path), env=stack.secrets)
        parts.enter_context(stack)
        clock = Clock.now()

        def usage() -> dict[str, tuple[float, int]]:
            # While the driver starts it reads the trace, which is no part of the load: it counts from its first report.
            own = {driver.name: driver.usage()} if (folder / _PROGRESS).exists() else {}
            return {**servers.usage(), **stack.usage(), **own}

        with Gauges(stack.settings, usage) as gauges:
            time.sleep(idle_s)
            with Injector(scenario.faults, Acts(servers, stack, network).begin, folder / _HEALED) as injector:
                plan = _plan(scenario, trace, stack, folder, trace_path, final_read=final_read)
                replace_file(plan_path, msgspec.json.encode(plan))

                def follow(progress: Progress) -> None:
                    injector.begin(progress.origin_ns)
                    on_progress(progress)

                checks = (servers.check, stack.check, injector.check)
                origin_ns = _wait(driver, plan, trace, checks, follow)
        keep_metrics(stack.health_ports, folder / "metrics")
        seen = History.load(Path(plan.events))
        rest = History.of([*gauges.events, *injector.events, *_witnesses(stack, clock)])
    Path(plan.events).unlink()
    return _join(config_event(scenario, trace), [seen, rest], origin_ns)


def _plan(
    scenario: Scenario, trace: Trace, stack: ChatStack, folder: Path, trace_path: Path, *, final_read: bool
) -> Plan:
    faults = scenario.faults
    plan = Plan(
        trace=str(trace_path),
        gateways=stack.gateways,
        gap_hold_s=scenario.design.gap_hold_s,
        backend=stack.settings,
        drain_limit_s=_DRAIN_LIMIT_S,
        final_read=final_read,
        healed=str(folder / _HEALED) if faults else "",
        heartbeats_lost=[
            Loss(fault.target, fault.at_s, fault.end_s, 1.0 if fault.share is None else fault.share)
            for fault in faults
            if fault.kind == "lose-heartbeats"
        ],
        events=str(folder / "client-events.parquet"),
        progress=str(folder / _PROGRESS),
        media=stack.media,
        attachments={uuid: Attachment(*medium) for uuid, medium in media_on_the_box(trace, scenario).items()},
    )
    Path(plan.progress).unlink(missing_ok=True)
    return plan


def _wait(
    driver: ManagedProcess,
    plan: Plan,
    trace: Trace,
    checks: Sequence[Callable[[], None]],
    on_progress: OnProgress,
) -> int:
    deadline_s = time.monotonic() + trace.duration_s + 4 * plan.drain_limit_s + _SLACK_S
    progress: Progress | None = None
    while progress is None or progress.phase != "done":
        time.sleep(_POLL_S)
        for check in checks:
            check()
        # Asked before the file is read: a driver that ends in between has written its last word.
        alive = driver.alive
        if Path(plan.progress).exists():
            progress = msgspec.json.decode(Path(plan.progress).read_bytes(), type=Progress)
            on_progress(progress)
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
        counted = asyncio.run(media_events(stack.media)) if stack.media else []
        return [*logged, *notified, *counted, *store_events(stack.settings)]
    except SERVER_ERRORS as error:
        raise ServerLostError(f"the servers could not be read after the run: {error!r}") from error


def _join(config: dict[str, Any], parts: Sequence[History], origin_ns: int) -> History:
    """One history from parts in absolute monotonic time, counted from the origin; the settings come first."""
    frame = pd.concat([part.frame for part in parts], ignore_index=True)
    times = [name for name in frame.columns if name.endswith("_ns")]
    frame[times] -= origin_ns
    first = History.of([{**config, "t_ns": int(frame["t_ns"].min())}]).frame
    return History.from_frame(pd.concat([first, frame], ignore_index=True))
