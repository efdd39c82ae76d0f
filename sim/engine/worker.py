"""The delivery worker: polls its partitions, keeps conversations in order, stores, routes, pushes, then commits.

poll ─► chain of the conversation ─► numbered ─► stored ─► routed ─► links ─► gateways
                                        │                     └─ not connected, or absent there ─► push notification
                                        └─ of a conversation that its members read ─► news ─► links
poll ─► chain of the partition (receipts, see `receipts`)

Offsets are committed after the work, so a record may be worked on twice and is never skipped. A store that does not
answer is asked again until it does; the conversation waits, its order demands it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import simpy

from sim.addresses import user_of
from sim.engine.chains import Chains
from sim.engine.context import Context, Process
from sim.engine.frames import Message
from sim.engine.gateway import Delivery, Gateway
from sim.engine.link import Link
from sim.engine.log import Consumer, Log, Record
from sim.engine.news import News
from sim.engine.numbering import Numbering
from sim.engine.presence import Registry
from sim.engine.receipts import Receipts
from sim.engine.store import Store
from sim.engine.writes import Writes

_AT_ONCE = 512
_COMMIT_EVERY_S = 0.1
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
        self._news = News(context, registry, self._links)
        self._writes = Writes(context, self.loop, store)
        self._receipts = Receipts(context, self._work, self._writes, registry, self._links)
        self._chains = Chains(context.env, _AT_ONCE)
        self._known_members: set[int] = set()
        self._known_sizes: set[int] = set()
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
            if (yield from self._is_read(message.conv)):
                self._numbering.stored(message)
                self._news.tell(message.conv, message.position, done)
            else:
                yield from self._route(message, done)
        else:
            done()

    def _place(self, message: Message) -> Generator[simpy.Event, Any, bool]:
        """Number and store; False for a copy that is not to be pushed."""
        numbering, conflicted = self._numbering, False
        while True:
            if numbering.must_look_back(message.conv):
                yield self._work("query")
                yield from self._store.look_up(message.conv)
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

    def _stored(self, message: Message) -> Generator[simpy.Event, Any, bool | None]:
        yield from self._store.enter(message.conv)
        return (yield from self._writes.insert(message))

    def _insert(self, message: Message) -> Generator[simpy.Event, Any, bool]:
        limit_s = _BACK_OFF_S[0]
        while (applied := (yield from self._stored(message))) is None:
            yield self._context.env.timeout(self._context.back_off_s(limit_s))
            limit_s = min(2 * limit_s, _BACK_OFF_S[1])
            if self.loop.stopped:
                yield self.loop.awake()
        return bool(applied)

    def _is_read(self, conv: int) -> Generator[simpy.Event, Any, bool]:
        """Whether its members read the conversation; how many they are is asked for once."""
        design = self._context.design
        if design.fan_out == "hybrid" and conv not in self._known_sizes:
            self._known_sizes.add(conv)
            yield self._work("query")
            yield from self._store.read(conv)
        return design.is_served_on_read(len(self._context.members[conv]))

    def _route(self, message: Message, done: Callable[[], None]) -> Process:
        yield from self._read_members(message.conv)
        design, members = self._context.design, self._context.members[message.conv]
        recipients = [user for user in members if user != message.sender]
        yield self._work("route")
        # The sender's other devices get it, too, where the registry knows them.
        routes = yield from self._registry.routes(members if design.registry == "device" else recipients)
        routes.pop(design.address(message.sender, message.device), None)
        yield self._work("recipient", len(recipients))
        message.routed_ns = self._context.now_ns
        pushed = self._push(message, routes)
        self._numbering.stored(message)
        self._context.env.process(self._finish(message, pushed, recipients, done))

    def _read_members(self, conv: int) -> Process:
        if conv not in self._known_members:
            self._known_members.add(conv)
            yield self._work("query")
            yield from self._store.read(conv)

    def _push(self, message: Message, routes: Mapping[int, int]) -> list[tuple[Delivery, simpy.Event]]:
        groups: dict[tuple[int, int], list[int]] = {}
        for address, prev in self._numbering.previous_for(message, routes).items():
            groups.setdefault((routes[address], prev), []).append(address)
        pushed = []
        for (gateway, prev), addresses in groups.items():
            delivery = Delivery(tuple(addresses), message, prev)
            pushed.append((delivery, self._links[gateway].push(delivery)))
        return pushed

    def _finish(
        self,
        message: Message,
        pushed: Sequence[tuple[Delivery, simpy.Event]],
        recipients: Iterable[int],
        done: Callable[[], None],
    ) -> Process:
        yield self._context.env.all_of([reply for _, reply in pushed])
        reached = {
            user_of(address) for sent, reply in pushed for address in set(sent.addresses).difference(reply.value or ())
        }
        if notified := [user for user in recipients if user not in reached]:
            yield self._work("notify")
            yield from self._registry.notify()
            for user in notified:
                self._context.record("push", user=f"u{user}", conv=f"c{message.conv}", uuid=message.uuid)
        done()
