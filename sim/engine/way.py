"""The way between the backend and one server, which may break: what was under way then gets no answer.

    request ─────────────────────────► done, whatever becomes of the answer
            ◄── cut? ◄── lost? ◄────── answer

cut             the connection breaks once so many bytes more were answered, and again after as many, while it lasts
lose-response   the nth answer from now on breaks the connection instead of arriving

The connections of all clients to a server are one here, and an answer has the length that most have. Of Kafka's only
those to producers may be the nth, as on the real way.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeVar, cast

import simpy

Value = TypeVar("Value")

_ANSWER_BYTES = {"kafka": 100, "cassandra": 200, "redis": 20}


class Way:
    """To one server. `may_break` is set in runs that have such a fault; another way costs nothing."""

    def __init__(self, env: simpy.Environment, server: str) -> None:
        self.may_break = False
        self.hits = 0
        self._env = env
        self._answer_bytes = _ANSWER_BYTES[server.partition("-")[0]]
        self._broken = env.event()
        self._cut_after: int | None = None
        self._left_bytes: int | None = None
        self._nth: int | None = None
        self._answered = 0

    def begin_cut(self, after_bytes: int, *, once: bool) -> None:
        """Break after so many more bytes, at once if none; and with each new connection again, unless `once`."""
        self.hits = 0
        self._cut_after, self._left_bytes = None if once else after_bytes, after_bytes
        if not after_bytes:
            self._break()

    def end_cut(self) -> None:
        """Connections made from now on do not break; the one that is about to still does."""
        self._cut_after = None

    def begin_loss(self, nth: int) -> None:
        """Lose the nth answer from now on."""
        self.hits, self._answered, self._nth = 0, 0, nth

    def end_loss(self) -> None:
        """Lose none."""
        self._nth = None

    def through(
        self, work: Generator[simpy.Event, Any, Value], *, counts: bool = True
    ) -> Generator[simpy.Event, Any, Value | None]:
        """The value of the server's work, which is done in any case; None if the answer does not arrive."""
        if not self.may_break:
            return (yield from work)
        broken, done = self._broken, self._env.process(work)
        yield done | broken
        if broken.triggered or not self._arrives(counts):
            return None
        return cast(Value, done.value)

    def _arrives(self, counts: bool) -> bool:
        if self._nth is not None and counts:
            self._answered += 1
            if self._answered == self._nth:
                self._break()
                return False
        if self._left_bytes is not None:
            self._left_bytes -= self._answer_bytes
            if self._left_bytes <= 0:
                self._break()
                return False
        return True

    def _break(self) -> None:
        self.hits += 1
        broken, self._broken = self._broken, self._env.event()
        broken.succeed()
        self._left_bytes = self._cut_after
