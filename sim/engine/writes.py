"""A worker's plain writes: those that come while others are under way go into one request, where there is one node.

A lightweight transaction goes alone, and on several nodes each row goes to one that has it.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import simpy

from sim.engine.context import Context, Process
from sim.engine.frames import Message
from sim.engine.stations import EventLoop
from sim.engine.store import AGAIN_S, Reach, Store
from sim.engine.together import Together

MOST_ROWS = 10
_REQUESTS = 4
_TIMEOUT_S = 10.0


class Writes:
    """One worker's; the client's side of a request is work of its event loop."""

    def __init__(self, context: Context, loop: EventLoop, store: Store) -> None:
        self._context = context
        self._loop = loop
        self._store = store
        self._write_s = context.profile.cpu_s("worker.write")
        self._row_s = context.profile.cpu_s("worker.row")
        self._together: Together[Message | Reach, bool | None] = Together(context.env, self._rows, MOST_ROWS, _REQUESTS)

    def insert(self, message: Message) -> Generator[simpy.Event, Any, bool | None]:
        """See `Store.insert`; None also when there was no answer in time."""
        if self._store.takes_rows and self._context.design.dedup != "lwt":
            return bool((yield self._together.ask(message))) or None
        yield self._loop.run(self._write_s)
        return (yield from self._context.answer(self._store.insert(message), _TIMEOUT_S))

    def receipt(self, reach: Reach) -> Process:
        """See `Store.receipt`."""
        if not self._store.takes_rows:
            yield self._loop.run(self._write_s)
            yield from self._store.receipt(reach)
            return
        while not (yield self._together.ask(reach)):
            yield self._context.env.timeout(AGAIN_S)

    def _rows(self, rows: list[Message | Reach]) -> Generator[simpy.Event, Any, list[bool | None]]:
        yield self._loop.run(self._write_s + (len(rows) - 1) * self._row_s)
        stored = yield from self._context.answer(self._store.rows(rows), _TIMEOUT_S)
        return [stored] * len(rows)
