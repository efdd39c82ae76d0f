"""The log: a Kafka broker with what is not committed yet, gateways' producers, and consumers that fetch ahead.

    Producer ─ one request in flight, all that waited meanwhile in the next ─► Log ─► Consumer ─► poll
                                                                                ▲
                                                                              commit

One broker holds every partition: there `acks = all` and `acks = 1` wait for the same single copy. Several brokers are
in `replicated_log`; partitions that share their brokers share a lane, a connection of each client. A request that is
not answered in time is sent again. The broker may have had the first: then an idempotent producer is recognised by its
sequence numbers, another one appends everything twice.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import simpy

from sim.engine.context import Context, Inbox, Process
from sim.engine.frames import Message, Receipt
from sim.engine.offsets import Key, Offsets
from sim.engine.partition import partition_of
from sim.engine.stations import Pool
from sim.engine.way import Way

# Nobody waits for receipts, so they wait for company.
RECEIPT_LINGER_S = 0.05
_REQUEST_TIMEOUT_S = 10.0
RETRY_AFTER_S = 0.1


@dataclass(slots=True)
class Record:
    """One record; `offset` is given at append, and `appended` comes when the producer knows."""

    topic: str
    partition: int
    value: Any
    appended: simpy.Event
    offset: int = -1

    @property
    def key(self) -> Key:
        """Its partition of its topic."""
        return self.topic, self.partition

    def again(self) -> Record:
        """The same record with a message of its own, so that two who work on it do not share its stamps."""
        value = replace(self.value) if isinstance(self.value, Message) else self.value
        return replace(self, value=value)


class Log:
    """The broker."""

    lanes = 1

    def __init__(self, context: Context) -> None:
        self.context = context
        self._start()
        self._ends: dict[Key, int] = defaultdict(int)
        self._uncommitted: dict[Key, deque[Record]] = defaultdict(deque)
        self._readers: dict[Key, Consumer] = {}

    def _start(self) -> None:
        self._server = self.context.pool("kafka")

    def lane_of(self, partition: int) -> int:
        """Which of a client's connections serves a partition."""
        return partition % self.lanes

    def record_of(self, value: Message | Receipt) -> Record:
        """A record with its topic and partition. Receipts follow their conversation even where messages have no key."""
        context = self.context
        if isinstance(value, Message) and context.design.partition_key == "random":
            partition = context.random_partition()
        else:
            partition = partition_of(value.conv, context.keyed_partitions)
        topic = "messages" if isinstance(value, Message) else "receipts"
        return Record(topic, partition, value, context.env.event())

    def produce(self, batch: Sequence[Record]) -> Generator[simpy.Event, Any, bool]:
        """One request of a producer, for partitions of one lane; whether it was done."""
        yield self._server.run(self._produce_s(batch))
        for record in self._new_ones(batch):
            self._append(record)
            self._publish(record)
        return True

    def serve(self, lane: int, operation: str) -> Process:
        """The cost of another request to the broker of a lane, repeated until its answer arrives."""
        while not (yield from self.way(lane).through(self._serve(lane, operation), counts=False)):
            yield self.context.env.timeout(RETRY_AFTER_S)

    def _serve(self, lane: int, operation: str) -> Generator[simpy.Event, Any, bool]:
        yield self._server.run(self.context.profile.cpu_s(operation))
        return True

    def way(self, lane: int) -> Way:
        """The way to the broker of a lane."""
        return self.context.ways["kafka"]

    def _produce_s(self, batch: Sequence[Record]) -> float:
        cpu_s = self.context.profile.cpu_s
        return cpu_s("kafka.produce") + len(batch) * cpu_s("kafka.record")

    def _new_ones(self, batch: Sequence[Record]) -> Iterator[Record]:
        for record in batch:
            if record.offset < 0:
                yield record
            elif not self.context.design.idempotence:
                yield record.again()

    def _append(self, record: Record) -> None:
        record.offset = self._ends[record.key]
        self._ends[record.key] += 1
        if isinstance(message := record.value, Message):
            message.partition, message.offset = record.partition, record.offset

    def _publish(self, record: Record) -> None:
        """Let readers have it."""
        key = record.key
        if isinstance(message := record.value, Message):
            where = {"partition": record.partition, "offset": record.offset}
            ids = {"conv": f"c{message.conv}", "uuid": message.uuid, "message_id": message.message_id}
            self.context.record("log.append", **ids, **where)
        self._uncommitted[key].append(record)
        if (reader := self._readers.get(key)) is not None:
            reader.offer(record)

    def assign(self, consumer: Consumer, keys: Collection[Key]) -> None:
        """Offer the consumer every record of these partitions that is not committed, and those to come."""
        for key in keys:
            self._readers[key] = consumer
            for record in self._uncommitted[key]:
                consumer.offer(record.again())

    def release(self, consumer: Consumer) -> None:
        """The consumer's partitions belong to nobody."""
        self._readers = {key: reader for key, reader in self._readers.items() if reader is not consumer}

    def commit(self, consumer: Consumer, positions: Mapping[Key, int]) -> None:
        """Forget what lies before these positions; refused for partitions that are not the consumer's any more."""
        for key, position in positions.items():
            records = self._uncommitted[key]
            while self._readers.get(key) is consumer and records and records[0].offset < position:
                records.popleft()

    def backlog(self, topic: str) -> int:
        """Records of a topic that were appended and are not done."""
        readers = list(dict.fromkeys(self._readers.values()))
        free = (len(rows) for key, rows in self._uncommitted.items() if key[0] == topic and key not in self._readers)
        return sum(reader.offered[topic] - reader.offsets.done[topic] for reader in readers) + sum(free)


class Producer:
    """A producer: a lane's next request leaves when the last was answered, with what came within `linger_s`."""

    def __init__(self, log: Log, loop: Pool, linger_s: float) -> None:
        self._log = log
        self._loop = loop
        self._linger_s = linger_s
        self._context = log.context
        self._waiting: list[Inbox[Record]] = [Inbox(log.context.env) for _ in range(log.lanes)]
        self.unanswered = 0
        for waiting in self._waiting:
            self._context.env.process(self._produce(waiting))

    def send(self, value: Message | Receipt) -> simpy.Event:
        """Queue a record; the event comes when the log has acknowledged it."""
        record = self._log.record_of(value)
        self._waiting[self._log.lane_of(record.partition)].put(record)
        self.unanswered += 1
        return record.appended

    def _produce(self, waiting: Inbox[Record]) -> Process:
        context = self._context
        while True:
            if not waiting:
                yield waiting.filled()
            if self._linger_s:
                yield context.env.timeout(self._linger_s)
            if self._loop.stopped:
                yield self._loop.awake()
            batch = waiting.take()
            yield from self._send(batch)
            yield context.delay("ack")
            for record in batch:
                record.appended.succeed()
            self.unanswered -= len(batch)

    def _send(self, batch: Sequence[Record]) -> Process:
        while not (yield from self._context.answer(self._produced(batch), _REQUEST_TIMEOUT_S)):
            yield self._context.env.timeout(RETRY_AFTER_S)
            if self._loop.stopped:
                yield self._loop.awake()

    def _produced(self, batch: Sequence[Record]) -> Generator[simpy.Event, Any, bool | None]:
        way = self._log.way(self._log.lane_of(batch[0].partition))
        return (yield from way.through(self._log.produce(batch)))


class Consumer:
    """One assignment: fetches the records of some partitions, one request a lane in flight, ahead of whoever polls."""

    def __init__(self, log: Log, loop: Pool, topics: Collection[str], partitions: Collection[int]) -> None:
        self._log = log
        self._loop = loop
        self._context = log.context
        self._at_broker: list[Inbox[Record]] = [Inbox(log.context.env) for _ in range(log.lanes)]
        self._fetched: Inbox[Record] = Inbox(log.context.env)
        self.offsets = Offsets(log.context.env)
        self.offered = dict.fromkeys(topics, 0)
        self.closed = False
        log.assign(self, [(topic, partition) for topic in topics for partition in partitions])
        for lane in range(log.lanes):
            self._context.env.process(self._fetch(lane))

    def offer(self, record: Record) -> None:
        """One of ours: it waits for the next fetch."""
        self.offered[record.topic] += 1
        self._at_broker[self._log.lane_of(record.partition)].put(record)

    def poll(self) -> Generator[simpy.Event, Any, list[Record]]:
        """Everything fetched since the last poll; waits while there is nothing."""
        if not self._fetched:
            yield self._fetched.filled()
        return self._fetched.take()

    def _fetch(self, lane: int) -> Process:
        at_broker = self._at_broker[lane]
        while True:
            if not at_broker:
                yield at_broker.filled()
            if self._loop.stopped:
                yield self._loop.awake()
            yield from self._log.serve(lane, "kafka.fetch")
            answer = at_broker.take()
            yield self._context.delay("log")
            for record in answer:
                self._fetched.put(record)
