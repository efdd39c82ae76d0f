"""The same path event by event, on SimPy: slow, plain, and equal to the bit.

Every server is a `simpy.Resource`, every gate and delay a timeout. Items draw at each stage when they reach it, from
the stage's own stream: the numbers are those of `sim.fast.path`, and so are all times.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
import simpy

from sim.fast import steps
from sim.fast.flow import STAGES
from sim.fast.slice import Job, Line
from sim.fast.source import Source, come
from sim.fast.steps import MASK, turned
from sim.fast.watermark import Items

Process = Generator[simpy.Event, Any, None]


class Gate:
    """Lets through all that waits, a while after the first, and not before a while after the last time."""

    def __init__(self, env: simpy.Environment, linger_s: float, cycle_s: float) -> None:
        self._env = env
        self._linger_s = linger_s
        self._cycle_s = cycle_s
        self._ready: simpy.Event | None = None
        self._opening: simpy.Event | None = None

    def passing(self) -> simpy.Event:
        """An event that comes when the gate next opens."""
        if self._opening is None:
            self._opening = self._env.event()
            self._env.process(self._open(self._opening))
        return self._opening

    def _open(self, opening: simpy.Event) -> Process:
        if self._linger_s:
            yield self._env.timeout(self._linger_s)
        if self._ready is not None and not self._ready.processed:
            yield self._ready
        self._opening = None
        self._ready = self._env.timeout(self._cycle_s) if self._cycle_s else None
        opening.succeed()


class EventPath:
    """One slice, from the same job as `sim.fast.slice.run_slice`.

    `arrived_s` holds the arrivals at each stage in their order, and as `seen` when the senders saw the receipts.
    """

    def __init__(self, job: Job) -> None:
        line = Line(job)
        self._env = simpy.Environment()
        self._line = line
        self._picks, self._times = line.picks, line.times
        self._streams = {stage: bank.stream for stage, bank in line.banks.items()}
        self._servers = {stage: [simpy.Resource(self._env) for _ in line.banks[stage].free_s] for stage in STAGES}
        self._gates: dict[tuple[str, int], Gate] = {}
        self.arrived_s: dict[str, list[float]] = {stage: [] for stage in (*STAGES, "seen")}

    def run(self) -> None:
        """Simulate to the end of the window."""
        self._env.process(self._source(self._line.messages, self._accept))
        self._env.process(self._source(self._line.reads, self._read))
        self._env.run(until=self._line.end_s)

    def _source(self, source: Source, begin: Callable[[], Process]) -> Process:
        yield self._env.timeout(float(source.next_s[0]))
        while True:
            self._env.process(begin())
            yield self._env.timeout(come(source))

    def _serve(self, stage: str, shard: int, service_s: float) -> Process:
        with self._servers[stage][shard].request() as turn:
            yield turn
            yield self._env.timeout(service_s)

    def _arrive(self, stage: str) -> int:
        """Note an arrival; its place in the order."""
        self.arrived_s[stage].append(self._env.now)
        return len(self.arrived_s[stage]) - 1

    def _gate(self, stage: str, door: int, linger_s: float, cycle_s: float) -> simpy.Event:
        key = (stage, door)
        if key not in self._gates:
            self._gates[key] = Gate(self._env, linger_s, cycle_s)
        return self._gates[key].passing()

    def _linger(self, stage: str, route: int) -> Process:
        if self._times.linger_s > 0:
            door = (route & MASK) * self._picks.brokers + (turned(route) & MASK) % self._picks.brokers
            yield self._gate(stage, door, self._times.linger_s, 0.0)

    def _accept(self) -> Process:
        self._arrive("gateway")
        route, _, _, _, service_s, log_s = steps.accept(self._streams["gateway"], self._picks, self._times)
        yield from self._serve("gateway", route & MASK, service_s)
        yield from self._linger("gateway", route)
        yield self._env.timeout(log_s)
        yield from self._deliver(turned(route))

    def _deliver(self, route: int) -> Process:
        self._arrive("worker")
        partition = route & MASK
        is_viral = self._picks.hot_chance > 0 and partition == 0
        stream = self._line.viral_stream if is_viral else self._streams["worker"]
        recipients, route, _, service_s = steps.deliver(stream, route, self._picks, self._times)
        addresses = [steps.address(stream, self._picks, self._times) for _ in range(recipients)]
        yield self._gate("worker", partition, 0.0, self._times.fetch_s)
        yield from self._serve("worker", partition, service_s)
        for gateway, rpc_s in addresses:
            self._env.process(self._push(rpc_s, (route & ~MASK) | gateway))

    def _push(self, rpc_s: float, route: int) -> Process:
        yield self._env.timeout(rpc_s)
        self._arrive("push")
        service_s, downlink_s, back_s = steps.push(self._streams["push"], self._times)
        yield from self._serve("push", route & MASK, service_s)
        yield self._env.timeout(downlink_s)
        yield self._env.timeout(back_s)
        yield from self._receive(route)

    def _read(self) -> Process:
        return self._receive(steps.read(self._line.read_stream, self._picks, self._times)[0])

    def _receive(self, route: int) -> Process:
        self._arrive("receipt_gateway")
        service_s, log_s = steps.receive(self._streams["receipt_gateway"], self._times)
        yield from self._serve("receipt_gateway", route & MASK, service_s)
        yield from self._linger("receipt_gateway", route)
        yield self._env.timeout(log_s)
        yield from self._hand_back(turned(route))

    def _hand_back(self, route: int) -> Process:
        self._arrive("receipt_worker")
        service_s, rpc_s = steps.hand_back(self._streams["receipt_worker"], self._times)
        yield self._gate("receipt_worker", route & MASK, 0.0, self._times.fetch_s)
        yield from self._serve("receipt_worker", route & MASK, service_s)
        yield self._env.timeout(rpc_s)
        yield from self._see(turned(route))

    def _see(self, route: int) -> Process:
        place = self._arrive("receipt_push")
        self.arrived_s["seen"].append(math.nan)
        service_s, downlink_s = steps.see(self._streams["receipt_push"], self._times)
        yield from self._serve("receipt_push", route & MASK, service_s)
        yield self._env.timeout(downlink_s)
        self.arrived_s["seen"][place] = self._env.now


class TracedLine(Line):
    """The fast path of one slice that keeps all arrivals, as `EventPath` does."""

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self.arrived_s: dict[str, list[float]] = {stage: [] for stage in (*STAGES[1:], "seen")}

    def advance(self) -> None:
        """One chunk; what is due last becomes what the senders saw."""
        super().advance()
        self.arrived_s["seen"] += self._desk.due.time_s[: int(self._desk.due.used[0])].tolist()

    def _take(self, stage: str, since_s: float) -> Items:
        due = super()._take(stage, since_s)
        self.arrived_s[stage] += due.time_s[: int(due.used[0])].tolist()
        return due


@dataclass(frozen=True, slots=True)
class Agreement:
    """Both ways over one job: times compared, the largest difference in seconds, messages, seconds that SimPy took."""

    compared: int
    largest_s: float
    messages: int
    event_s: float


def compare_engines(job: Job) -> Agreement:
    """Run one job both ways and compare every arrival at every stage."""
    fast = TracedLine(job)
    while fast.now_s < fast.end_s:
        fast.advance()
    events = EventPath(job)
    began_s = time.process_time()
    events.run()
    event_s = time.process_time() - began_s
    largest_s, compared = 0.0, 0
    for stage, times_s in fast.arrived_s.items():
        theirs_s = events.arrived_s[stage]
        if len(times_s) != len(theirs_s):
            return Agreement(compared, math.inf, len(events.arrived_s["gateway"]), event_s)
        gaps_s = np.abs(np.array(times_s) - np.array(theirs_s))
        done = np.isfinite(gaps_s)
        compared += int(done.sum())
        largest_s = max(largest_s, float(gaps_s[done].max(initial=0.0)))
    return Agreement(compared, largest_s, len(events.arrived_s["gateway"]), event_s)
