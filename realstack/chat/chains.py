"""Work in order by key: what has the same key runs one after the other, what has not runs at once.

c5   ── m1 ──► m4 ──► m6
c9   ── m2 ──►
c2   ── m3 ──► m5
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Hashable

Work = Callable[[], Awaitable[None]]

log = logging.getLogger(__name__)


class Chains:
    """Runs work in order by key, at most `limit` pieces started and unfinished at any time."""

    def __init__(self, limit: int) -> None:
        self._waiting: dict[Hashable, deque[Work]] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(limit)

    async def add(self, key: Hashable, work: Work) -> None:
        """Append work to a chain; waits while there is no room."""
        await self._room.acquire()
        chain = self._waiting.get(key)
        if chain is not None:
            chain.append(work)
            return
        self._waiting[key] = deque([work])
        task = asyncio.create_task(self._run(key))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _run(self, key: Hashable) -> None:
        chain = self._waiting[key]
        while chain:
            work = chain[0]
            try:
                await work()
            except Exception:
                log.exception("work of %s failed and is left undone", key)
            finally:
                chain.popleft()
                self._room.release()
        del self._waiting[key]

    async def drained(self) -> None:
        """Wait until everything added so far has ended."""
        while self._running:
            await asyncio.gather(*self._running, return_exceptions=True)

    def cancel(self) -> None:
        """End all work at once."""
        for task in self._running:
            task.cancel()
