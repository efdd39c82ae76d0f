"""Calls that are made together: what is asked for while one is under way goes into the next.

    ask ─► [ queue ] ─► call(all that is queued, at most so many) ─► answers, one each

A call costs both sides more than what is in it. Who asks alone waits for nobody, and the busier the servers are, the
more share a call. Only a queue that fills a whole call gets a second one beside the first.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

_Asked = TypeVar("_Asked")
_Answer = TypeVar("_Answer")


class Together(Generic[_Asked, _Answer]):
    """Makes `call` with up to `most` questions, at most `calls` at once; its answers are in the order of the questions.

    An answer that is an exception is raised to who asked; what the call itself raises, to all who are in it.
    """

    def __init__(
        self, call: Callable[[list[_Asked]], Awaitable[Sequence[_Answer | Exception]]], most: int, calls: int = 1
    ) -> None:
        self._call = call
        self._most = most
        self._calls = calls
        self._queue: deque[tuple[_Asked, asyncio.Future[_Answer]]] = deque()
        self._under_way = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, question: _Asked) -> _Answer:
        """The answer, from this call or the next."""
        answer: asyncio.Future[_Answer] = asyncio.get_running_loop().create_future()
        self._queue.append((question, answer))
        if not self._under_way or (len(self._queue) >= self._most and self._under_way < self._calls):
            self._under_way += 1
            # It begins only once everything that is ready now has run, and been asked.
            task = asyncio.create_task(self._work())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await answer

    async def _work(self) -> None:
        try:
            await self._work_off()
        finally:
            # At once, not when the task's end is told: who was answered may ask before that.
            self._under_way -= 1

    async def _work_off(self) -> None:
        while self._queue:
            batch = [self._queue.popleft() for _ in range(min(self._most, len(self._queue)))]
            try:
                answers = await self._call([question for question, _ in batch])
            except asyncio.CancelledError:
                for _, future in batch:
                    future.cancel()
                raise
            except Exception as error:
                answers = [error] * len(batch)
            for (_, future), answer in zip(batch, answers, strict=True):
                _settle(future, answer)


def _settle(future: asyncio.Future[_Answer], answer: _Answer | Exception) -> None:
    if future.done():
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)
