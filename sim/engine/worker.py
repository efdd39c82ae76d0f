"""The delivery worker: polls its partitions, keeps conversations in order, stores, routes, pushes, then commits.

poll ─► chain of the conversation ─► numbered ─► stored ─► routed ─► links ─► gateways
                                                              └─ not connected, or absent there ─► push notification
poll ─► chain of the partition (receipts, see `receipts`)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import simpy

from sim.engine.chains import Chains
from sim.engine.context import Context, Process
from sim.engine.frames import Message
from sim.engine.gateway import Delivery, Gateway
from sim.engine.link import Link
from sim.engine.log import Consumer, Log, Record
from sim.engine.numbering import Numbering
from sim.engine.partition import worker_partitions
from sim.engine.presence import Registry
from sim.engine.receipts import Receipts
from sim.engine.store import Store

_AT_ONCE = 512
_COMMIT_EVERY_S = 0.1


class Worker:
    """Worker 1, 2 … Its `backlog` is what was appended to its partitions and is not done."""

    def __init__(
        self,
        context: Context,
        number: int,
        log: Log,
        store: Store,
        registry: Registry,
        gateways: Mapping[int, Gateway],
    ) -> None:
        self.name = f"worker-{number}"
        self._context = context
        self._store = store
        self._registry = registry
        self._log = log
        self._loop = context.event_loop(self.name)
        self._links = {key: Link(context, self._loop, gateway) for key, gateway in gateways.items()}
        design = context.design
        partitions = worker_partitions(number - 1, design.workers, design.partitions)
        self._consumer = Consumer(log, ("messages", "receipts"), partitions)
        self._receipts = Receipts(context, self._work, store, registry, self._links)
        self._numbering = Numbering(context)
        self._chains = Chains(context.env, _AT_ONCE)
        self._known_members: set[int] = set()
        self._done = {"messages": 0, "receipts": 0}
        self._committed = 0
        context.env.process(self._poll())
        context.env.process(self._commit_often())

    def _work(self, operation: str, times: int = 1) -> simpy.Event:
        return self._loop.run(self._context.profile.cpu_s(f"worker.{operation}") * times)

    def backlog(self, topic: str) -> int:
        """Records of a topic that were appended and are not done."""
        return self._consumer.offered[topic] - self._done[topic]

    def _poll(self) -> Process:
        while True:
            records = yield from self._consumer.poll()
            yield self._work("poll")
            polled_ns = self._context.now_ns
            receipts: dict[int, list[Record]] = {}
            for record in records:
                if record.topic == "messages":
                    record.value.polled_ns = polled_ns
                    yield from self._chains.add(record.value.conv, partial(self._deliver, record.value))
                else:
                    receipts.setdefault(record.partition, []).append(record)
            for partition, batch in receipts.items():
                yield from self._chains.add(("receipts", partition), partial(self._hand_back, batch))

    def _hand_back(self, batch: Sequence[Record]) -> Process:
        yield from self._receipts.hand_back([record.value for record in batch])
        self._done["receipts"] += len(batch)

    def _commit_often(self) -> Process:
        while True:
            yield self._context.env.timeout(_COMMIT_EVERY_S)
            if (done := sum(self._done.values())) > self._committed:
                self._committed = done
                yield self._log.server.run(self._context.profile.cpu_s("kafka.commit"))

    def _deliver(self, message: Message) -> Process:
        context = self._context
        yield context.delay("queue")
        started_s = yield self._work("message")
        message.started_ns = round(started_s * 1e9)
        if self._numbering.must_look_back(message.conv):
            yield self._work("query")
            yield from self._store.read()
            self._numbering.look_back(message.conv, self._store.latest(message.conv))
        applied = False
        if self._numbering.place(message):
            applied = yield from self._store.insert(message)
        if applied:
            message.stored_ns = context.now_ns
            yield from self._route(message)
        else:
            self._done["messages"] += 1

    def _route(self, message: Message) -> Process:
        yield from self._read_members(message.conv)
        recipients = [user for user in self._context.members[message.conv] if user != message.sender]
        yield self._work("route")
        routes = yield from self._registry.routes(recipients)
        yield self._work("recipient", len(recipients))
        message.routed_ns = self._context.now_ns
        replies = self._push(message, routes)
        self._numbering.stored(message)
        offline = [user for user in recipients if user not in routes]
        self._context.env.process(self._finish(message, replies, offline))

    def _read_members(self, conv: int) -> Process:
        if conv not in self._known_members:
            self._known_members.add(conv)
            yield self._work("query")
            yield from self._store.read()

    def _push(self, message: Message, routes: Mapping[int, int]) -> list[simpy.Event]:
        groups: dict[tuple[int, int], list[int]] = {}
        for user, prev in self._numbering.previous_for(message, routes).items():
            groups.setdefault((routes[user], prev), []).append(user)
        return [
            self._links[gateway].push(Delivery(tuple(users), message, prev))
            for (gateway, prev), users in groups.items()
        ]

    def _finish(self, message: Message, replies: Sequence[simpy.Event], offline: Iterable[int]) -> Process:
        yield self._context.env.all_of(replies)
        absent = [user for reply in replies for user in reply.value or ()]
        if notified := [*offline, *absent]:
            yield self._work("notify")
            yield from self._registry.notify()
            for user in notified:
                self._context.record("push", user=f"u{user}", conv=f"c{message.conv}", uuid=message.uuid)
        self._done["messages"] += 1
