"""The store: Cassandra with one partition a conversation, rows in order of their position.

An insert `IF NOT EXISTS` is a lightweight transaction: prepare, read, propose and commit, four round trips instead
of one.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Generator
from dataclasses import replace
from typing import Any

import simpy

from sim.engine.context import Context, Process
from sim.engine.frames import Message

PAGE = 50
LWT_ROUND_TRIPS = 4


class Store:
    """Rows, and what it costs to reach them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._server = context.pool("cassandra")
        self._write_s = context.profile.cpu_s("cassandra.write")
        self._read_s = context.profile.cpu_s("cassandra.read")
        self._trips = LWT_ROUND_TRIPS if context.design.dedup == "lwt" else 1
        self._rows: dict[int, dict[int, Message]] = defaultdict(dict)
        self._order: dict[int, list[int]] = defaultdict(list)

    def insert(self, message: Message) -> Generator[simpy.Event, Any, bool]:
        """Store a message. What stood at its position is overwritten; with `lwt` it stays, and the value is False."""
        position = message.position
        for _ in range(self._trips):
            yield from self.write()
        rows = self._rows[message.conv]
        if position not in rows:
            insort(self._order[message.conv], position)
        elif self._context.design.dedup == "lwt":
            return False
        # A try whose answer came too late may land when the message has another position already.
        rows[position] = message if message.position == position else replace(message, position=position)
        return True

    def write(self) -> Process:
        """The cost of a plain write."""
        yield self._server.run(self._write_s)
        yield self._context.delay("store")

    def read(self) -> Process:
        """The cost of a query."""
        yield self._server.run(self._read_s)
        yield self._context.delay("store")

    def after(self, conv: int, position: int) -> list[Message]:
        """The next page of a conversation after a position, oldest first."""
        order = self._order.get(conv, [])
        start = bisect_right(order, position)
        return [self._rows[conv][at] for at in order[start : start + PAGE]]

    def latest(self, conv: int) -> list[Message]:
        """All rows of a conversation, newest first."""
        return [self._rows[conv][at] for at in reversed(self._order.get(conv, []))]

    def scan(self) -> None:
        """Record every row: the final scan."""
        sequenced = self._context.design.cursor == "sequence"
        for conv in sorted(self._rows):
            for position in self._order[conv]:
                row = self._rows[conv][position]
                seq = {"seq": position} if sequenced else {}
                ids = {"uuid": row.uuid, "message_id": row.message_id, "hash": row.hash}
                self._context.record("store.row", conv=f"c{conv}", **ids, **seq)
