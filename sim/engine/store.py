"""The store: Cassandra with one partition a conversation and time bucket, rows in order of their position.

A run is shorter than a bucket, so each conversation has one; what buckets cost is the directory that lists them: a
write with a conversation's first message, and a read before its past is read. Retention is longer than a run, too:
nothing expires in it.

An insert `IF NOT EXISTS` is a lightweight transaction: prepare, read, propose and commit, four round trips instead
of one.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import simpy

from sim.engine.context import Context, Process
from sim.engine.frames import Message

PAGE = 50
LWT_ROUND_TRIPS = 4
# After so long a query that failed is repeated.
AGAIN_S = 0.1


class Reach(NamedTuple):
    """How far a reader has got in a conversation: everything up to a position was `delivered`, or `read`."""

    conv: int
    reader: int
    state: str
    position: int


class Store:
    """One node: rows, and what it costs to reach them. Several are in `ring`.

    It takes several rows in one request (`rows`), where `takes_rows` says so.
    """

    takes_rows = True

    def __init__(self, context: Context) -> None:
        self._context = context
        self._write_s = context.profile.cpu_s("cassandra.write")
        index_s = context.profile.cpu_s("cassandra.index") if context.design.search == "sai" else 0.0
        self._insert_s = self._write_s + index_s
        self._index_s = index_s
        self._row_s = context.profile.cpu_s("cassandra.row")
        self._read_s = context.profile.cpu_s("cassandra.read")
        self._bucketed = context.design.bucket != "none"
        self._entered: set[int] = set()
        self._reached: dict[int, dict[int, tuple[int, int]]] = defaultdict(dict)
        self._start()

    def _start(self) -> None:
        self._server = self._context.pool("cassandra")
        self._way = self._context.ways["cassandra"]
        self._trips = LWT_ROUND_TRIPS if self._context.design.dedup == "lwt" else 1
        self._rows: dict[int, dict[int, Message]] = defaultdict(dict)
        self._order: dict[int, list[int]] = defaultdict(list)

    def insert(self, message: Message) -> Generator[simpy.Event, Any, bool | None]:
        """Store a message. What stood at its position is overwritten; with `lwt` it stays, and the value is False.

        The value is None when nobody knows whether it was stored.
        """
        return (yield from self._way.through(self._insert(message)))

    def _insert(self, message: Message) -> Generator[simpy.Event, Any, bool]:
        position = message.position
        for _ in range(self._trips - 1):
            yield from self._query(self._write_s)
        yield from self._query(self._insert_s)
        return self._keep(message, position)

    def _keep(self, message: Message, position: int) -> bool:
        rows = self._rows[message.conv]
        if position not in rows:
            insort(self._order[message.conv], position)
        elif self._context.design.dedup == "lwt":
            return False
        # A try whose answer came too late may land when the message has another position already.
        rows[position] = message if message.position == position else replace(message, position=position)
        return True

    def rows(self, rows: Sequence[Message | Reach]) -> Generator[simpy.Event, Any, bool | None]:
        """Several writes in one request. See `insert` and `receipt`."""
        return (yield from self._way.through(self._kept(rows)))

    def _kept(self, rows: Sequence[Message | Reach]) -> Generator[simpy.Event, Any, bool]:
        messages = sum(isinstance(row, Message) for row in rows)
        positions = [row.position for row in rows]
        yield from self._query(self._write_s + (len(rows) - 1) * self._row_s + messages * self._index_s)
        for row, position in zip(rows, positions, strict=True):
            if isinstance(row, Message):
                self._keep(row, position)
            else:
                self._note(row)
        return True

    def write(self, key: int) -> Process:
        """The cost of a plain write of some other table."""
        yield from self._insist(self._write_s)

    def read(self, key: int) -> Process:
        """The cost of a query."""
        yield from self._insist(self._read_s)

    def receipt(self, reach: Reach) -> Process:
        """Remember how far a reader has got; the higher position wins."""
        yield from self.write(reach.conv)
        self._note(reach)

    def _note(self, reach: Reach) -> None:
        conv, reader, state, position = reach
        delivered, read = self._reached[conv].get(reader, (0, 0))
        further = (max(delivered, position), read) if state == "delivered" else (delivered, max(read, position))
        self._reached[conv][reader] = further

    def reached(self, convs: Sequence[int]) -> Generator[simpy.Event, Any, dict[int, dict[int, tuple[int, int]]]]:
        """How far each reader of these conversations has got, delivered and read; one query for all."""
        yield from self.read(convs[0])
        return {conv: dict(self._reached[conv]) for conv in convs if conv in self._reached}

    def enter(self, conv: int) -> Process:
        """The cost of a bucket's entry in the directory, with the first message of a conversation."""
        if self._bucketed and conv not in self._entered:
            yield from self.write(conv)
            self._entered.add(conv)

    def look_up(self, conv: int) -> Process:
        """The cost of the directory's answer to which buckets a conversation has."""
        if self._bucketed:
            yield from self.read(conv)

    def _insist(self, cpu_s: float) -> Process:
        while not (yield from self._way.through(self._query(cpu_s))):
            yield self._context.env.timeout(AGAIN_S)

    def _query(self, cpu_s: float) -> Generator[simpy.Event, Any, bool]:
        yield self._server.run(cpu_s)
        yield self._context.delay("store")
        return True

    def after(self, conv: int, position: int) -> Generator[simpy.Event, Any, list[Message]]:
        """The next page of a conversation after a position, oldest first."""
        yield from self.read(conv)
        order = self._order.get(conv, [])
        start = bisect_right(order, position)
        return [self._rows[conv][at] for at in order[start : start + PAGE]]

    def latest(self, conv: int) -> Generator[simpy.Event, Any, list[Message]]:
        """All rows of a conversation, newest first."""
        yield from self.read(conv)
        return [self._rows[conv][at] for at in reversed(self._order.get(conv, []))]

    def scan(self) -> None:
        """Record every row: the final scan, of all copies."""
        sequenced = self._context.design.cursor == "sequence"
        for conv, rows in sorted(self._all_rows().items()):
            for position, row in sorted(rows.items()):
                seq = {"seq": position} if sequenced else {}
                ids = {"uuid": row.uuid, "message_id": row.message_id, "hash": row.hash}
                self._context.record("store.row", conv=f"c{conv}", **ids, **seq)

    def _all_rows(self) -> Mapping[int, Mapping[int, Message]]:
        return self._rows
