"""The delivery worker: polls its partitions, keeps conversations in order, stores, routes, pushes, then commits.

poll ─► chain of the conversation ─► numbered ─► stored ─► routed ─► links ─► gateways
                                                              └─ not connected, or absent there ─► push notification
poll ─► chain of the partition (receipts, see `receipts`)

Offsets are committed after the work, so a record may be worked on twice and is never skipped. A store that does not
answer is asked again until it does; the conversation waits, its order demands it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import simpy

from sim.engine.chains import Chains
from sim.engine.context import Context, Process
from sim.engine.frames import Message
from sim.engine.gateway import Delivery, Gateway
from sim.engine.link import Link
from sim.engine.log import Consumer, Log, Record
from sim.engine.numbering import Numbering
from sim.engine.presence import Registry
from sim.engine.receipts import Receipts
from sim.engine.store import Store

_AT_ONCE = 512
_COMMIT_EVERY_S = 0.1
_STORE_TIMEOUT_S = 10.0
_BACK_OFF_S = (0.02, 2.0)


class Worker:
    """Worker 1, 2 … It has partitions as soon as the group gives it some."""

    def __init__(
        self,
        context: Context,
        number: int,
        log: Log,
        store: Store,
        registry: Registry,
        gateways: Mapping[int, Gateway],
    ) -> None:
        self.number = number
        self._context = context
        self._store = store
        self._registry = registry
        self._log = log
        self.loop = context.event_loop(f"worker-{number}")
        self._links = {key: Link(context, self.loop, gateways, key, registry) for key in gateways}
        self._receipts = Receipts(context, self._work, store, registry, self._links)
        self._chains = Chains(context.env, _AT_ONCE)
        self._known_members: set[int] = set()
        self._numbering: Numbering
        self._consumer: Consumer
        self._committed = 0
        context.env.process(self._commit_often())

    def _work(self, operation: str, times: int = 1) -> simpy.Event:
        return self.loop.run(self._context.profile.cpu_s(f"worker.{operation}") * times)

    # A member of the group.

    def take(self, partitions: Collection[int]) -> None:
        """Begin with these, from what was committed on, and with nothing in mind of their conversations."""
        self._numbering = Numbering(self._context)
        self._consumer = Consumer(self._log, self.loop, ("messages", "receipts"), partitions)
        self._committed = 0
        self._context.env.process(self._poll(self._consumer))

    def give_up(self) -> Process:
        """Finish what was polled, and commit it."""
        if self.loop.stopped:
            yield self.loop.awake()
        consumer = self._consumer
        consumer.closed = True
        while consumer.offsets.unfinished:
            yield consumer.offsets.idle()
        yield from self._commit(consumer)
        self._log.release(consumer)

    def lose(self) -> None:
        """The partitions belong to nobody now; what was polled is finished all the same."""
        self._log.release(self._consumer)

    def _poll(self, consumer: Consumer) -> Process:
        while True:
            records = yield from consumer.poll()
            yield self._work("poll")
            if consumer.closed:
                return
            polled_ns = self._context.now_ns
            consumer.offsets.start((record.key, record.offset) for record in records)
            receipts: dict[int, list[Record]] = {}
            for record in records:
                if record.topic == "messages":
                    record.value.polled_ns = polled_ns
                    done = partial(consumer.offsets.finish, record.key, record.offset)
                    yield from self._chains.add(record.value.conv, partial(self._deliver, record.value, done))
                else:
                    receipts.setdefault(record.partition, []).append(record)
            for partition, batch in receipts.items():
                yield from self._chains.add(("receipts", partition), partial(self._hand_back, batch, consumer))

    def _hand_back(self, batch: Sequence[Record], consumer: Consumer) -> Process:
        yield from self._receipts.hand_back([record.value for record in batch])
        for record in batch:
            consumer.offsets.finish(record.key, record.offset)

    def _commit_often(self) -> Process:
        while True:
            yield self._context.env.timeout(_COMMIT_EVERY_S)
            yield from self._commit(self._consumer)

    def _commit(self, consumer: Consumer) -> Process:
        if self.loop.stopped:
            yield self.loop.awake()
        if (done := sum(consumer.offsets.done.values())) > self._committed:
            self._committed = done
            positions = consumer.offsets.positions()
            yield from self._log.serve(0, "kafka.commit")
            self._log.commit(consumer, positions)

    # One message.

    def _deliver(self, message: Message, done: Callable[[], None]) -> Process:
        yield self._context.delay("queue")
        started_s = yield self._work("message")
        message.started_ns = round(started_s * 1e9)
        if (yield from self._place(message)):
            message.stored_ns = self._context.now_ns
            yield from self._route(message, done)
        else:
            done()

    def _place(self, message: Message) -> Generator[simpy.Event, Any, bool]:
        """Number and store; False for a copy that is not to be pushed."""
        numbering, conflicted = self._numbering, False
        while True:
            if numbering.must_look_back(message.conv):
                yield self._work("query")
                numbering.look_back(message.conv, (yield from self._store.latest(message.conv)))
            if (known := numbering.known(message, conflicted=conflicted)) is not None:
                message.position = known.position
                return known.is_same_record(message)
            numbering.place(message)
            if (yield from self._insert(message)):
                return True
            if not numbering.sequenced:
                return False
            # The number was taken: by our own first try, whose answer was lost, or by the worker before us.
            numbering.forget(message.conv)
            conflicted = True

    def _insert(self, message: Message) -> Generator[simpy.Event, Any, bool]:
        limit_s = _BACK_OFF_S[0]
        while (applied := (yield from self._context.answer(self._store.insert(message), _STORE_TIMEOUT_S))) is None:
            yield self._context.env.timeout(self._context.back_off_s(limit_s))
            limit_s = min(2 * limit_s, _BACK_OFF_S[1])
            if self.loop.stopped:
                yield self.loop.awake()
        return bool(applied)

    def _route(self, message: Message, done: Callable[[], None]) -> Process:
        yield from self._read_members(message.conv)
        recipients = [user for user in self._context.members[message.conv] if user != message.sender]
        yield self._work("route")
        routes = yield from self._registry.routes(recipients)
        yield self._work("recipient", len(recipients))
        message.routed_ns = self._context.now_ns
        replies = self._push(message, routes)
        self._numbering.stored(message)
        offline = [user for user in recipients if user not in routes]
        self._context.env.process(self._finish(message, replies, offline, done))

    def _read_members(self, conv: int) -> Process:
        if conv not in self._known_members:
            self._known_members.add(conv)
            yield self._work("query")
            yield from self._store.read(conv)

    def _push(self, message: Message, routes: Mapping[int, int]) -> list[simpy.Event]:
        groups: dict[tuple[int, int], list[int]] = {}
        for user, prev in self._numbering.previous_for(message, routes).items():
            groups.setdefault((routes[user], prev), []).append(user)
        return [
            self._links[gateway].push(Delivery(tuple(users), message, prev))
            for (gateway, prev), users in groups.items()
        ]

    def _finish(
        self, message: Message, replies: Sequence[simpy.Event], offline: Iterable[int], done: Callable[[], None]
    ) -> Process:
        yield self._context.env.all_of(replies)
        absent = [user for reply in replies for user in reply.value or ()]
        if notified := [*offline, *absent]:
            yield self._work("notify")
            yield from self._registry.notify()
            for user in notified:
                self._context.record("push", user=f"u{user}", conv=f"c{message.conv}", uuid=message.uuid)
        done()
