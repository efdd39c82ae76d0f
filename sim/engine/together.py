"""Calls that are made together: what is asked for while one is under way goes into the next.

    ask ─► [ queue ] ─► call(all that is queued, at most so many) ─► answers, one each

Only a queue that fills a whole call gets a second one beside the first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from typing import Any, Generic, TypeVar

import simpy

from sim.engine.context import Process

_Asked = TypeVar("_Asked")
_Answer = TypeVar("_Answer")


class Together(Generic[_Asked, _Answer]):
    """Makes `call` with up to `most` questions, at most `calls` at once; answers are in the order of the questions."""

    def __init__(
        self,
        env: simpy.Environment,
        call: Callable[[list[_Asked]], Generator[simpy.Event, Any, Sequence[_Answer]]],
        most: int,
        calls: int = 1,
    ) -> None:
        self._env = env
        self._call = call
        self._most = most
        self._calls = calls
        self._queue: deque[tuple[_Asked, simpy.Event]] = deque()
        self._under_way = 0

    def ask(self, question: _Asked) -> simpy.Event:
        """An event whose value is the answer, from this call or the next."""
        answered = self._env.event()
        self._queue.append((question, answered))
        if not self._under_way or (len(self._queue) >= self._most and self._under_way < self._calls):
            self._under_way += 1
            self._env.process(self._work())
        return answered

    def _work(self) -> Process:
        # What is asked at the same instant is ready at the same time.
        yield self._env.timeout(0)
        while self._queue:
            batch = [self._queue.popleft() for _ in range(min(self._most, len(self._queue)))]
            answers = yield from self._call([question for question, _ in batch])
            for (_, answered), answer in zip(batch, answers, strict=True):
                answered.succeed(answer)
        self._under_way -= 1
