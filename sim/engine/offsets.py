"""Which offsets may be committed: of each partition all below the first record whose work is not done.

offset     0 1 2 3 4 5
done       ✓ ✓   ✓ ✓        commit 2: record 2 is still worked on
"""

from __future__ import annotations

from collections.abc import Iterable

import simpy

Key = tuple[str, int]


class Offsets:
    """The partitions (topic, number) of one assignment. Records start in offset order and finish in any."""

    def __init__(self, env: simpy.Environment) -> None:
        self._env = env
        self._unfinished: dict[Key, dict[int, None]] = {}
        self._next: dict[Key, int] = {}
        self._idle: simpy.Event | None = None
        self.unfinished = 0
        self.done = {"messages": 0, "receipts": 0}

    def start(self, records: Iterable[tuple[Key, int]]) -> None:
        """These were polled."""
        for key, offset in records:
            self._unfinished.setdefault(key, {})[offset] = None
            self._next[key] = offset + 1
            self.unfinished += 1

    def finish(self, key: Key, offset: int) -> None:
        """The work on one is done."""
        del self._unfinished[key][offset]
        self.unfinished -= 1
        self.done[key[0]] += 1
        if self._idle is not None and not self.unfinished:
            self._idle.succeed()
            self._idle = None

    def idle(self) -> simpy.Event:
        """Comes when nothing is unfinished; ask while something is."""
        if self._idle is None:
            self._idle = self._env.event()
        return self._idle

    def positions(self) -> dict[Key, int]:
        """What to commit now."""
        return {key: next(iter(self._unfinished[key]), following) for key, following in self._next.items()}
