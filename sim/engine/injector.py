"""Faults on the simulated box: each begins and ends at its time, and both are events of the history.

pause, partition   the process stops; a worker also falls silent in its group
kill               and its memory is lost: a new process starts with the end of the fault, if it ends
drain              it finishes its work and then ends; a new process starts as after a kill, but not before
add-partitions                producers know at once, workers after a rebalance
slow, skew, lose-heartbeats   a figure that others read while they work
cut, lose-response            the way to the server breaks, see `way`; how often is told at the end
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence

import simpy

from sim.design import SERVERS
from sim.engine.context import Context, Process
from sim.engine.gateway import Gateway
from sim.engine.group import Group
from sim.engine.node import Node
from sim.engine.presence import Registry
from sim.engine.way import Way
from sim.engine.worker import Worker
from sim.faults import Fault

_BREAK = ("cut", "lose-response")


class Injector:
    """The faults of one run. `new_gateway` and `new_worker` start a process of that number."""

    def __init__(
        self,
        context: Context,
        group: Group,
        registry: Registry,
        gateways: MutableMapping[int, Gateway],
        workers: MutableMapping[int, Worker],
        new_gateway: Callable[[int], Gateway],
        new_worker: Callable[[int], Worker],
    ) -> None:
        self._context = context
        self._group = group
        self._registry = registry
        self._gateways = gateways
        self._workers = workers
        self._new_gateway = new_gateway
        self._new_worker = new_worker
        self._draining: dict[str, simpy.Event] = {}

    def inject(self, faults: Sequence[Fault]) -> Process:
        """All of them, each at its time; ends when all that can be undone is."""
        for fault in faults:
            if fault.kind in _BREAK:
                self._context.ways[fault.target].may_break = True
        yield self._context.env.all_of([self._context.env.process(self._one(fault)) for fault in faults])

    def _one(self, fault: Fault) -> Process:
        env = self._context.env
        yield env.timeout(fault.at_s - env.now)
        self._context.record("fault.start", target=fault.target, cause=fault.kind)
        self._begin(fault)
        if fault.for_s is not None:
            yield env.timeout(fault.for_s)
            if (draining := self._draining.pop(fault.target, None)) is not None:
                yield draining
            self._end(fault)
            hits = {"value": float(self._context.ways[fault.target].hits)} if fault.kind in _BREAK else {}
            self._context.record("fault.stop", target=fault.target, cause=fault.kind, **hits)

    def _begin(self, fault: Fault) -> None:
        by_s = fault.by_s or 0.0
        if fault.kind in _BREAK:
            _break(self._context.ways[fault.target], fault)
            return
        if fault.kind == "add-partitions":
            self._context.partitions += fault.count or 0
            self._group.grow(self._context.partitions)
            return
        if (node := self._context.nodes.get(fault.target)) is not None:
            _harm(node, fault)
            return
        match fault.kind:
            case "pause" | "partition":
                self._context.processes[fault.target].stop()
                self._silence(fault.target)
            case "kill":
                self._kill(fault.target)
            case "drain":
                self._draining[fault.target] = self._context.env.process(self._drain(fault.target))
            case "slow":
                self._context.processes[fault.target].extra_s = by_s
            case "skew":
                self._context.skew_ns[fault.target] = round(by_s * 1e9)
            case "lose-heartbeats":
                self._context.heartbeats_lost[fault.target] = 1.0 if fault.share is None else fault.share

    def _end(self, fault: Fault) -> None:
        if fault.kind in _BREAK:
            _mend(self._context.ways[fault.target], fault)
            return
        if (node := self._context.nodes.get(fault.target)) is not None:
            _heal(node, fault)
            return
        match fault.kind:
            case "pause" | "partition":
                self._context.processes[fault.target].go_on()
                self._hear(fault.target)
            case "kill" | "drain":
                self._restart(fault.target)
            case "slow":
                self._context.processes[fault.target].extra_s = 0.0
            case "skew":
                del self._context.skew_ns[fault.target]
            case "lose-heartbeats":
                del self._context.heartbeats_lost[fault.target]

    def _silence(self, target: str) -> None:
        if target.startswith("worker"):
            self._group.silence(self._workers[_number(target)])

    def _hear(self, target: str) -> None:
        if target.startswith("worker"):
            self._group.hear(self._workers[_number(target)])

    def _kill(self, target: str) -> None:
        if target.startswith("gateway"):
            self._gateways[_number(target)].kill()
        elif target.startswith("worker"):
            self._workers[_number(target)].loop.stop()
            self._silence(target)
        else:
            self._context.processes[target].stop()
            if target == "redis":
                self._registry.clear()

    def _drain(self, target: str) -> Process:
        if target.startswith("gateway"):
            yield from self._gateways[_number(target)].drain()
        else:
            worker = self._workers[_number(target)]
            yield from self._group.leave(worker)
            worker.loop.stop()

    def _restart(self, target: str) -> None:
        if target in SERVERS:
            self._context.processes[target].go_on()
            return
        number = _number(target)
        if target.startswith("gateway"):
            self._gateways[number] = self._new_gateway(number)
        else:
            self._workers[number] = worker = self._new_worker(number)
            worker.take(())
            self._group.join(worker)


def _break(way: Way, fault: Fault) -> None:
    if fault.kind == "cut":
        way.begin_cut(fault.after_bytes or 0, once=fault.for_s is None)
    else:
        way.begin_loss(fault.nth or 1)


def _mend(way: Way, fault: Fault) -> None:
    if fault.kind == "cut":
        way.end_cut()
    else:
        way.end_loss()


def _harm(node: Node, fault: Fault) -> None:
    match fault.kind:
        case "pause":
            node.pause()
        case "partition":
            node.set_cut_off(True)
        case "kill":
            node.kill()
        case "slow":
            node.slow_down(fault.by_s or 0.0)


def _heal(node: Node, fault: Fault) -> None:
    match fault.kind:
        case "pause":
            node.go_on()
        case "partition":
            node.set_cut_off(False)
        case "kill":
            node.restart()
        case "slow":
            node.slow_down(0.0)


def _number(target: str) -> int:
    return int(target.partition("-")[2])
