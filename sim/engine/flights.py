"""Equal reads at one gateway: each its own, or with `reads = coalesced` one at a time and the next for all who wait."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any

import simpy

from sim.engine.context import Context
from sim.engine.frames import Message

Rows = Sequence[Message]
Reading = Generator[simpy.Event, Any, Rows]


class Flights:
    """Pages of one gateway; `read(conv, position)` is the process of one."""

    def __init__(self, context: Context, read: Callable[[int, int], Reading]) -> None:
        self._context = context
        self._read = read
        self._coalesced = context.design.reads == "coalesced"
        self._running: dict[tuple[int, int], simpy.Event] = {}
        self._next: dict[tuple[int, int], simpy.Event] = {}

    def read(self, conv: int, position: int) -> Reading:
        """The page after a position, by a read that begins no earlier than now."""
        place = (conv, position)
        if not self._coalesced:
            rows = yield from self._read(conv, position)
        elif place in self._next:
            rows = yield self._next[place]
        elif place in self._running:
            self._next[place] = self._context.env.event()
            yield self._running[place]
            rows = yield from self._fly(place, self._next.pop(place))
        else:
            rows = yield from self._fly(place, self._context.env.event())
        return rows

    def _fly(self, place: tuple[int, int], landed: simpy.Event) -> Reading:
        self._running[place] = landed
        rows = yield from self._read(*place)
        del self._running[place]
        landed.succeed(rows)
        return rows
