"""Single flight: who wants to read what is being read waits for the next such read, and all who wait share it.

    a ─► read ──────────►│ answer to a
    b ──── waits ────────┤► read ──────► answer to b, c
    c ──────── waits ────┘

Not the read that is under way: it may have begun before the row that its latecomer has heard of.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

_T = TypeVar("_T")


class SingleFlight(Generic[_T]):
    """At most one read of a key at any time, and one more for everybody who came meanwhile."""

    def __init__(self) -> None:
        self._running: dict[Hashable, asyncio.Task[_T]] = {}
        self._next: dict[Hashable, asyncio.Task[_T]] = {}

    async def read(self, key: Hashable, work: Callable[[], Awaitable[_T]]) -> _T:
        """The answer of `work`, or of somebody else's equal work that began after this call. Raises its error."""
        if key in self._next:
            task = self._next[key]
        elif key not in self._running:
            task = self._running[key] = asyncio.create_task(self._first(key, work))
        else:
            task = self._next[key] = asyncio.create_task(self._after(key, work, self._running[key]))
        # Who goes away does not take the others' answer along.
        return await asyncio.shield(task)

    async def _first(self, key: Hashable, work: Callable[[], Awaitable[_T]]) -> _T:
        try:
            return await work()
        finally:
            del self._running[key]

    async def _after(self, key: Hashable, work: Callable[[], Awaitable[_T]], before: asyncio.Task[_T]) -> _T:
        await asyncio.wait([before])
        self._running[key] = self._next.pop(key)
        return await self._first(key, work)
