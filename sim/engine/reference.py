"""The reference engine: the chat system on one box, action by action, from a Trace to a History.

    trace ─► devices ═ sessions ═ gateways ─► log ─► workers ─► store, presence ─► links ─► gateways ═ devices
             └ one driver process ─► media ─► store

Every process is a server that competes for the cores of the box (`stations`); what each operation costs is the
profile. Real backend and model share their structure, so that what differs between their histories are the costs.

Faults of the scenario happen at their time (`injector`). What a client does about a process that does not answer, the
timers of its patience, is only modelled in a run with faults: in a healthy box no timer rings.

The run ends as a real one does: when every fault is undone and nothing has happened for a while, every device that is
away comes back once to read what waits for it; when it is quiet again (`quiesce`) the store is scanned. A box that
never gets quiet has no `quiesce` event.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Mapping, Sequence
from typing import Any

import pandas as pd
import simpy

from sim.crowds import refuse_crowds
from sim.design import Design
from sim.engine.box import BOX
from sim.engine.context import START_S, Context, Process
from sim.engine.device import Device
from sim.engine.gateway import Gateway
from sim.engine.group import Group
from sim.engine.injector import Injector
from sim.engine.log import Log
from sim.engine.media import MediaService
from sim.engine.presence import Registry
from sim.engine.profile import Profile
from sim.engine.redis_pair import RedisPair
from sim.engine.replicated_log import ReplicatedLog
from sim.engine.ring import Ring
from sim.engine.store import Store
from sim.engine.worker import Worker
from sim.errors import ModelError
from sim.faults import Fault
from sim.history import History
from sim.scenario import Scenario
from sim.settings import config_event
from sim.trace import Action, Trace
from sim.workload.media import Medium, media_on_the_box

_QUIET_S = 1.0
_DRAIN_AT_MOST_S = 60.0
_SECOND_S = 1.0
_TOPICS = ("messages", "receipts")
_FINAL_READS_AT_ONCE = 24


def simulate(scenario: Scenario, trace: Trace, profile: Profile = BOX, seed: int | None = None) -> History:
    """The history of the trace on the scenario's design; `seed` (default: the scenario's) draws the delays.

    The same four arguments give the same history to the byte. Raises ModelError for a trace that is not possible, and
    UsageError for a group over the design's limit.
    """
    media = media_on_the_box(trace, scenario)
    box = Box(scenario.design, trace, profile, scenario.run.seed if seed is None else seed, scenario.faults, media)
    box.run()
    return History.of([config_event(scenario, trace, round(START_S * 1e9)), *box.context.events])


class Box:
    """All processes of one run, wired up. `media` go with the messages, by UUID, where the design stores them."""

    def __init__(
        self,
        design: Design,
        trace: Trace,
        profile: Profile,
        seed: int,
        faults: Sequence[Fault] = (),
        media: Mapping[str, Medium] | None = None,
    ) -> None:
        self.context = context = Context(design, trace.members, profile, seed, has_faults=bool(faults))
        refuse_crowds(trace, design)
        self._trace = trace
        self._actions = _checked_actions(trace)
        context.event_loop("driver")
        alone = design.nodes == 1
        self._log = Log(context) if alone else ReplicatedLog(context)
        self._store = Store(context) if alone else Ring(context)
        self._registry = Registry(context) if alone else RedisPair(context)
        self._memberships: dict[int, list[int]] = {}
        for conv, members in sorted(trace.members.items()):
            for user in members:
                self._memberships.setdefault(user, []).append(conv)
        self._gateways = {number: self._new_gateway(number) for number in range(1, design.gateways + 1)}
        self._workers = {number: self._new_worker(number) for number in range(1, design.workers + 1)}
        self._group = Group(context.env, design.partitions)
        self._group.start(self._workers.values())
        self._media = MediaService(context, self._store, media or {}) if design.media == "store" else None
        self._devices = {
            (user, device): Device(context, user, self._gateways, device, self._media) for user, device in trace.devices
        }
        self._faults = faults

    def _new_gateway(self, number: int) -> Gateway:
        return Gateway(self.context, number, self._log, self._store, self._registry, self._memberships)

    def _new_worker(self, number: int) -> Worker:
        return Worker(self.context, number, self._log, self._store, self._registry, self._gateways)

    def run(self, *, final_read: bool = True) -> None:
        """Until everything is read, or without a `final_read` until it is quiet; the events are in `context`."""
        env = self.context.env
        env.process(self._each_second())
        env.run(until=env.process(self._main(final_read)))

    def _main(self, final_read: bool) -> Process:
        env = self.context.env
        faults = self._inject() if self._faults else None
        yield env.timeout(-START_S)
        for action in self._actions:
            if (wait_s := action.t_ns / 1e9 - env.now) > 0:
                yield env.timeout(wait_s)
            self._devices[action.user, action.device].do(action)
        yield env.timeout(max(0.0, self._trace.duration_s - env.now))
        if faults is not None:
            yield faults
        quiet = yield from self._drain()
        if quiet and final_read:
            quiet = (yield from self._final_read()) and (yield from self._drain())
        for device in self._devices.values():
            device.note_unknown_sends()
        if quiet:
            self.context.record("quiesce")
        self._store.scan()
        self._read_gauges()
        if self._media is not None:
            self._media.count()

    def _drain(self) -> Generator[simpy.Event, Any, bool]:
        env, quiet_s = self.context.env, _QUIET_S + 2 * self.context.design.gap_hold_s
        give_up_s = env.now + _DRAIN_AT_MOST_S
        while (silent_s := env.now - self.context.last_event_s) < quiet_s or self._is_busy():
            if env.now >= give_up_s:
                return False
            yield env.timeout(max(0.1, quiet_s - silent_s))
        return True

    def _inject(self) -> simpy.Event:
        new = self._new_gateway, self._new_worker
        injector = Injector(self.context, self._group, self._registry, self._gateways, self._workers, *new)
        return self.context.env.process(injector.inject(self._faults))

    def _final_read(self) -> Generator[simpy.Event, Any, bool]:
        """Every device that is away comes back once; after faults, whoever is here sends the heartbeat that is due."""
        for (user, number), device in self._devices.items():
            if self._faults:
                device.do(Action(self.context.now_ns, "heartbeat", user, device=number))
        return bool((yield from self.context.answer(self._read_all(), _DRAIN_AT_MOST_S)))

    def _read_all(self) -> Generator[simpy.Event, Any, bool]:
        env = self.context.env
        away = deque(who for who, device in self._devices.items() if not device.resumed.triggered)

        def bring_back() -> Process:
            while away:
                user, number = away.popleft()
                self._devices[user, number].do(Action(self.context.now_ns, "connect", user, device=number))
                yield self._devices[user, number].resumed

        yield env.all_of([env.process(bring_back()) for _ in range(_FINAL_READS_AT_ONCE)])
        return True

    def _is_busy(self) -> bool:
        waiting = any(device.awaits_answer for device in self._devices.values())
        return waiting or self._group.rebalancing or any(self._log.backlog(topic) for topic in _TOPICS)

    def _each_second(self) -> Process:
        while True:
            self._read_gauges()
            for device in self._devices.values():
                device.resend_old()
            yield self.context.env.timeout(_SECOND_S)

    def _read_gauges(self) -> None:
        for name, process in self.context.processes.items():
            self.context.sample(name, "cpu_s", process.cpu_s)
        for topic in _TOPICS:
            self.context.sample(topic, "backlog", float(self._log.backlog(topic)))


def _checked_actions(trace: Trace) -> Sequence[Action]:
    rows: pd.DataFrame = trace.actions
    actions = Action.all_of(rows)
    for action in actions:
        if action.t_ns < 0:
            raise ModelError(f"an action at {action.t_ns} ns: only joins come before the run, at 0")
        if action.conv >= 0 and action.user not in trace.members.get(action.conv, ()):
            raise ModelError(
                f"u{action.user} would {action.action} in c{action.conv} without being a member; add its join"
            )
    return actions
