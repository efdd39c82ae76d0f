"""Work in order by key: what has the same key runs one after the other, what has not runs at once.

c5   ── m1 ──► m4 ──► m6
c9   ── m2 ──►
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable

import simpy

from sim.engine.context import Process


class Chains:
    """At most `limit` pieces of work are started or waiting."""

    def __init__(self, env: simpy.Environment, limit: int) -> None:
        self._env = env
        self._chains: dict[Hashable, deque[Callable[[], Process]]] = {}
        self._room = simpy.Container(env, capacity=limit, init=limit)

    def add(self, key: Hashable, work: Callable[[], Process]) -> Process:
        """Append work to a chain; waits while there is no room."""
        if self._room.level < 1:
            yield self._room.get(1)
        else:
            self._room.get(1)
        if key in self._chains:
            self._chains[key].append(work)
        else:
            self._chains[key] = deque([work])
            self._env.process(self._run(key))

    def _run(self, key: Hashable) -> Process:
        chain = self._chains[key]
        while chain:
            yield from chain[0]()
            chain.popleft()
            self._room.put(1)
        del self._chains[key]
