"""The weather between the backend and one server: what a proxy does with what passes.

    slow            each piece of an answer waits for by_s
    partition       nothing passes in either direction
    cut             after_bytes more of answers on each connection, then it breaks
    lose-response   the nth answer from now on breaks its connection instead of arriving

Several may be at once, each of a kind. What each hit is counted: connections, answers, or pieces that had to wait.
"""

from __future__ import annotations

import asyncio
from collections import Counter

import msgspec

from realstack.faults.answers import Piece


class Change(msgspec.Struct, frozen=True):
    """A fault that begins at a server, or ends (`on` is false)."""

    server: str
    kind: str
    on: bool = True
    by_s: float = 0.0
    after_bytes: int = 0
    nth: int = 1


class BrokenError(Exception):
    """This connection breaks now."""


class Weather:
    """Of one server."""

    def __init__(self) -> None:
        self._active: dict[str, Change] = {}
        self._hits: Counter[str] = Counter()
        self._passable = asyncio.Event()
        self._passable.set()
        self._answered = 0
        # Bytes that a new connection may answer.
        self.cut_after: int | None = None

    def change(self, change: Change) -> int:
        """Begin a fault, or end one; how much it hit until then."""
        if change.on:
            self._active[change.kind] = change
            self._hits[change.kind] = 0
            self._begin(change)
            return 0
        self._active.pop(change.kind, None)
        if change.kind == "partition":
            self._passable.set()
        elif change.kind == "cut":
            self.cut_after = None
        return self._hits[change.kind]

    def _begin(self, change: Change) -> None:
        if change.kind == "partition":
            self._passable.clear()
        elif change.kind == "cut":
            self.cut_after = change.after_bytes
        elif change.kind == "lose-response":
            self._answered = 0

    def take_delay_s(self) -> float:
        """How long an answer waits that arrives now; one that has to is counted."""
        slow = self._active.get("slow")
        self._hits["slow"] += slow is not None
        return slow.by_s if slow else 0.0

    async def passable(self) -> None:
        """Wait while there is a partition."""
        if not self._passable.is_set():
            self._hits["partition"] += 1
            await self._passable.wait()

    def judge(self, piece: Piece) -> None:
        """Raise BrokenError for the answer that is to be lost."""
        lose = self._active.get("lose-response")
        if lose is not None and piece.counts:
            self._answered += 1
            if self._answered == lose.nth:
                self._hits["lose-response"] += 1
                raise BrokenError

    def broke(self) -> None:
        """Count a connection that was cut."""
        self._hits["cut"] += 1
