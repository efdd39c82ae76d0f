"""A worker's way to one gateway: one DeliverMessage call in flight, everything queued meanwhile in the next.

push ─► [ queue ] ─► call (CPU here, way, CPU there) ─► reply ─► who was absent
                         └─ no answer: all of them are absent

Users of a gateway that does not answer may still be connected to it, and only miss what this call carried. With
`registry = device` their entries are removed: the next heartbeat finds its entry gone, and the device asks for what it
missed.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any

import simpy

from sim.engine.context import Context, Inbox, Process
from sim.engine.gateway import Delivery, Gateway
from sim.engine.presence import Registry
from sim.engine.stations import EventLoop

_MOST_AT_ONCE = 256
_CALL_TIMEOUT_S = 5.0

Absent = Sequence[tuple[int, ...]]


class Link:
    """First in, first out, so that what was pushed first reaches the gateway first; `failed` is the last call's."""

    def __init__(
        self, context: Context, loop: EventLoop, gateways: Mapping[int, Gateway], number: int, registry: Registry
    ) -> None:
        self._context = context
        self._loop = loop
        self._gateways = gateways
        self._number = number
        self._registry = registry
        self._queue: Inbox[tuple[Delivery, simpy.Event]] = Inbox(context.env)
        self.failed = False
        context.env.process(self._send())

    def push(self, delivery: Delivery) -> simpy.Event:
        """Queue a delivery; the event's value is the addresses that were absent."""
        replied = self._context.env.event()
        self._queue.put((delivery, replied))
        return replied

    def _send(self) -> Process:
        call_s = self._context.profile.cpu_s("worker.call")
        while True:
            if not self._queue:
                yield self._queue.filled()
            batch = self._queue.take(_MOST_AT_ONCE)
            yield self._loop.run(call_s)
            yield self._context.delay("rpc")
            absent = yield from self._call([delivery for delivery, _ in batch])
            for (_, replied), users in zip(batch, absent, strict=True):
                replied.succeed(users)

    def _call(self, deliveries: Sequence[Delivery]) -> Generator[simpy.Event, Any, Absent]:
        context, gateway = self._context, self._gateways[self._number]
        absent: Absent | None = None
        if not gateway.died.triggered:
            deadline_s = context.env.now + _CALL_TIMEOUT_S if context.has_faults else float("inf")
            absent = yield from context.answer(gateway.deliver(deliveries, deadline_s), _CALL_TIMEOUT_S, gateway.died)
        yield context.delay("rpc")
        self.failed = absent is None
        if absent is not None:
            return absent
        yield from self._registry.drop(
            (address for delivery in deliveries for address in delivery.addresses), self._number
        )
        return [delivery.addresses for delivery in deliveries]
