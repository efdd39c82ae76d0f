"""The log on three brokers: leaders, followers that fetch, an acknowledgement that waits for them, a leader that dies.

    Producer ── lane 2 ──► kafka-2 (leader) ◄── fetch ── kafka-3, kafka-1
                              └─ acks = 1: at once · acks = all: when all in sync have it, at least two

Every partition has three replicas. Partition p is led by broker 1 + p mod 3 to begin with, so that three lanes of
partitions share their fate. A broker that is silent for the broker session is out: its followers' lanes go on without
it, the lanes that it led get another leader, if a majority of the brokers (they are the controllers too) is there.
Figures are those of the real brokers and clients.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import simpy

from sim.engine.context import Process
from sim.engine.frames import Message
from sim.engine.log import Log, Record
from sim.engine.node import Node
from sim.engine.replica_set import ReplicaSet
from sim.engine.way import Way

BROKER_SESSION_S = 4.0
# A client that waits for a silent leader looks for a new one so often.
METADATA_AGE_S = 2.0
LEAST_IN_SYNC = 2
_LOOK_AGAIN_S = 0.5


class ReplicatedLog(Log):
    """The brokers."""

    lanes = 3

    def _start(self) -> None:
        context = self.context
        names = [name for name in context.design.servers if name.startswith("kafka")]
        self._brokers = {name: Node(context, name, context.pool) for name in names}
        self._sets: list[ReplicaSet[Record]] = [ReplicaSet([*names[at:], *names[:at]]) for at in range(self.lanes)]
        # Of each lane: something was appended, became visible, or the leader changed.
        self._news = [context.env.event() for _ in range(self.lanes)]
        for lane, replicas in enumerate(self._sets):
            for name in replicas.members:
                context.env.process(self._follow(lane, self._brokers[name]))
        for broker in self._brokers.values():
            broker.when_silent.append(lambda node: context.env.process(self._miss(node)))
            broker.when_back.append(self._hear)

    # For clients.

    def produce(self, batch: Sequence[Record]) -> Generator[simpy.Event, Any, bool]:
        """See `Log`; False where the broker leads no longer, is dead, or has too few replicas in sync."""
        lane = self.lane_of(batch[0].partition)
        replicas, leader = self._sets[lane], self._leader(lane)
        if leader is None or not (yield from leader.ask(self._produce_s(batch))):
            return False
        needs_all = self.context.design.acks == "all"
        if replicas.leader != leader.name or (needs_all and self._is_thin(replicas)):
            return False
        for record in self._new_ones(batch):
            self._append(record)
            replicas.append(record)
        end, term = len(replicas), replicas.term
        self._tell(lane)
        while needs_all and replicas.visible < end and replicas.term == term:
            yield self._news[lane]
        answered = yield from leader.answerable()
        return answered and replicas.term == term and not (needs_all and self._is_thin(replicas))

    def way(self, lane: int) -> Way:
        """See `Log`."""
        return self.context.ways[self._sets[lane].leader or self._sets[lane].members[0]]

    def _serve(self, lane: int, operation: str) -> Generator[simpy.Event, Any, bool]:
        """See `Log`; a client goes on to the new leader as soon as it has heard of it."""
        cpu_s = self.context.profile.cpu_s(operation)
        while True:
            leader = self._leader(lane)
            if leader is not None:
                if not self.context.has_faults:
                    return (yield from leader.ask(cpu_s))
                asked = self.context.env.process(leader.ask(cpu_s))
                while not asked.triggered and self._leader(lane) is leader:
                    yield asked | self._news[lane]
                if asked.triggered and asked.value:
                    return True
            yield self.context.env.timeout(self.context.back_off_s(METADATA_AGE_S))

    def backlog(self, topic: str) -> int:
        """See `Log`; what nobody may see yet waits too."""
        return super().backlog(topic) + sum(len(replicas) - replicas.visible for replicas in self._sets)

    def _is_thin(self, replicas: ReplicaSet[Record]) -> bool:
        return len(replicas.in_sync) < LEAST_IN_SYNC

    def _leader(self, lane: int) -> Node | None:
        name = self._sets[lane].leader
        return None if name is None else self._brokers[name]

    # Among brokers.

    def _tell(self, lane: int) -> None:
        for record in self._sets[lane].newly_visible():
            self._publish(record)
        news, self._news[lane] = self._news[lane], self.context.env.event()
        news.succeed()

    def _follow(self, lane: int, broker: Node) -> Process:
        replicas, cpu_s = self._sets[lane], self.context.profile.cpu_s
        while True:
            yield from broker.ready()
            leader, term = self._leader(lane), replicas.term
            if leader is None or leader is broker or not replicas.missing(broker.name):
                yield self._news[lane]
                continue
            fetched = yield from leader.work(cpu_s("kafka.fetch"))
            end, count = len(replicas), replicas.missing(broker.name)
            yield self.context.delay("log")
            copied = fetched and (yield from broker.work(count * cpu_s("kafka.record")))
            if copied and replicas.term == term:
                replicas.copied(broker.name, end)
                self._tell(lane)

    def _miss(self, broker: Node) -> Process:
        yield self.context.env.timeout(BROKER_SESSION_S)
        while broker.silent_for(BROKER_SESSION_S):
            alive = [name for name, each in self._brokers.items() if each.is_up]
            if len(alive) > len(self._brokers) // 2:
                for lane, replicas in enumerate(self._sets):
                    self._forget(replicas.lose(broker.name, alive))
                    self._tell(lane)
                return
            yield self.context.env.timeout(_LOOK_AGAIN_S)

    def _hear(self, broker: Node) -> None:
        for lane, replicas in enumerate(self._sets):
            replicas.come_back(broker.name)
            if replicas.leader is not None and not replicas.missing(broker.name):
                replicas.in_sync.add(broker.name)
            self._tell(lane)

    def _forget(self, records: Sequence[Record]) -> None:
        """What was cut off is as if it had never been appended."""
        for record in reversed(records):
            self._ends[record.key] = record.offset
            record.offset = -1
            if isinstance(message := record.value, Message):
                message.partition = message.offset = -1
