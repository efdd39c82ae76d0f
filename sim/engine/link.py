"""A worker's way to one gateway: one DeliverMessage call in flight, everything queued meanwhile in the next.

push ─► [ queue ] ─► call (CPU here, way, CPU there) ─► reply ─► who was absent
"""

from __future__ import annotations

import simpy

from sim.engine.context import Context, Inbox, Process
from sim.engine.gateway import Delivery, Gateway
from sim.engine.stations import EventLoop

_MOST_AT_ONCE = 256


class Link:
    """First in, first out, so that what was pushed first reaches the gateway first."""

    def __init__(self, context: Context, loop: EventLoop, gateway: Gateway) -> None:
        self._context = context
        self._loop = loop
        self._gateway = gateway
        self._queue: Inbox[tuple[Delivery, simpy.Event]] = Inbox(context.env)
        context.env.process(self._send())

    def push(self, delivery: Delivery) -> simpy.Event:
        """Queue a delivery; the event's value is the users that were absent."""
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
            absent = yield from self._gateway.deliver([delivery for delivery, _ in batch])
            yield self._context.delay("rpc")
            for (_, replied), users in zip(batch, absent, strict=True):
                replied.succeed(users)
