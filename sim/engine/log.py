"""The log: a Kafka broker, gateways' producers, and consumers that fetch ahead.

    Producer ─ one request in flight, all that waited meanwhile in the next ─► Log ─► Consumer ─► poll

One broker holds every partition. There `acks = all` and `acks = 1` wait for the same single copy, and idempotence
only shows after a lost answer, which does not happen here: both choices are honoured because they change nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Generator
from dataclasses import dataclass
from typing import Any

import simpy

from sim.engine.context import Context, Inbox, Process
from sim.engine.frames import Message, Receipt
from sim.engine.partition import partition_of


@dataclass(slots=True)
class Record:
    """One record; `offset` is given at append, and `appended` comes when the producer knows."""

    topic: str
    partition: int
    value: Any
    appended: simpy.Event
    offset: int = -1


class Log:
    """The broker."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.server = context.pool("kafka")
        self._ends: dict[tuple[str, int], int] = defaultdict(int)
        self._consumers: list[Consumer] = []

    def record_of(self, value: Message | Receipt) -> Record:
        """A record with its topic and partition. Receipts follow their conversation even where messages have no key."""
        context = self.context
        if isinstance(value, Message) and context.design.partition_key == "random":
            partition = context.random_partition()
        else:
            partition = partition_of(value.conv, context.design.partitions)
        topic = "messages" if isinstance(value, Message) else "receipts"
        return Record(topic, partition, value, context.env.event())

    def subscribe(self, consumer: Consumer) -> None:
        """Offer the consumer every record of its partitions from now on."""
        self._consumers.append(consumer)

    def append(self, record: Record) -> None:
        """Give the record its offset, write messages down, and let the consumers have it."""
        key = (record.topic, record.partition)
        record.offset = self._ends[key]
        self._ends[key] += 1
        if isinstance(message := record.value, Message):
            where = {"partition": record.partition, "offset": record.offset}
            ids = {"conv": f"c{message.conv}", "uuid": message.uuid, "message_id": message.message_id}
            self.context.record("log.append", **ids, **where)
        for consumer in self._consumers:
            consumer.offer(record)


class Producer:
    """A gateway's producer: the next request leaves when the last was answered, with everything that waits."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._context = log.context
        self._waiting: Inbox[Record] = Inbox(log.context.env)
        self._context.env.process(self._produce())

    def send(self, value: Message | Receipt) -> simpy.Event:
        """Queue a record; the event comes when the log has acknowledged it."""
        record = self._log.record_of(value)
        self._waiting.put(record)
        return record.appended

    def _produce(self) -> Process:
        context, profile = self._context, self._context.profile
        request_s, record_s = profile.cpu_s("kafka.produce"), profile.cpu_s("kafka.record")
        while True:
            if not self._waiting:
                yield self._waiting.filled()
            if context.design.linger_s:
                yield context.env.timeout(context.design.linger_s)
            batch = self._waiting.take()
            yield self._log.server.run(request_s + len(batch) * record_s)
            for record in batch:
                self._log.append(record)
            yield context.delay("ack")
            for record in batch:
                record.appended.succeed()


class Consumer:
    """Fetches the records of its topics and partitions, one request in flight, ahead of whoever polls."""

    def __init__(self, log: Log, topics: Collection[str], partitions: Collection[int]) -> None:
        self._log = log
        self._context = log.context
        self._topics = frozenset(topics)
        self._partitions = frozenset(partitions)
        self._at_broker: Inbox[Record] = Inbox(log.context.env)
        self._fetched: Inbox[Record] = Inbox(log.context.env)
        self.offered = dict.fromkeys(topics, 0)
        log.subscribe(self)
        self._context.env.process(self._fetch())

    def offer(self, record: Record) -> None:
        """Wait for the next fetch, when the record is one of ours."""
        if record.topic in self._topics and record.partition in self._partitions:
            self.offered[record.topic] += 1
            self._at_broker.put(record)

    def poll(self) -> Generator[simpy.Event, Any, list[Record]]:
        """Everything fetched since the last poll; waits while there is nothing."""
        if not self._fetched:
            yield self._fetched.filled()
        return self._fetched.take()

    def _fetch(self) -> Process:
        fetch_s = self._context.profile.cpu_s("kafka.fetch")
        while True:
            if not self._at_broker:
                yield self._at_broker.filled()
            yield self._log.server.run(fetch_s)
            answer = self._at_broker.take()
            yield self._context.delay("log")
            for record in answer:
                self._fetched.put(record)
