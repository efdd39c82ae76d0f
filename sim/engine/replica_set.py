"""Partitions with the same replicas: one sequence of records, of which every replica has a beginning.

    records      a b c d e f g
    kafka-2      ▓▓▓▓▓▓▓▓▓▓▓▓▓    leader: what it appends exists
    kafka-3      ▓▓▓▓▓▓▓▓▓        in sync
    kafka-1      ▓▓▓▓             fell silent, is not in sync any more
    visible      ─────────        the high watermark: what every replica in sync has

A new leader is one in sync. What it does not have is cut off: nobody has seen it, but with `acks = 1` its sender may
have been told that it is safe.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")


class ReplicaSet(Generic[Item]):
    """`members` in order of preference; the first leads to begin with. `leader` is None when nobody can."""

    def __init__(self, members: Sequence[str]) -> None:
        self.members = tuple(members)
        self.leader: str | None = self.members[0]
        self.in_sync = set(members)
        self.term = 0
        self.visible = 0
        self._records: list[Item] = []
        self._ends = dict.fromkeys(members, 0)

    def __len__(self) -> int:
        return len(self._records)

    def append(self, record: Item) -> None:
        """The leader has one more."""
        self._records.append(record)
        if self.leader is not None:
            self._ends[self.leader] = len(self._records)

    def missing(self, member: str) -> int:
        """How many records a replica lacks."""
        return len(self._records) - self._ends[member]

    def copied(self, member: str, end: int) -> None:
        """A follower has the first `end` records; with all of them it is in sync."""
        self._ends[member] = max(self._ends[member], end)
        if not self.missing(member):
            self.in_sync.add(member)

    def newly_visible(self) -> list[Item]:
        """The records that became visible since the last call."""
        start, self.visible = self.visible, max(self.visible, min(self._ends[member] for member in self.in_sync))
        return self._records[start : self.visible]

    def lose(self, member: str, alive: Sequence[str]) -> list[Item]:
        """A replica is given up. The value is what was cut off because nobody else in sync had it."""
        others = [each for each in self.members if each in self.in_sync and each != member]
        if others:
            self.in_sync.discard(member)
        if member != self.leader:
            return []
        return self._lead(next((each for each in others if each in alive), None))

    def come_back(self, member: str) -> None:
        """A replica is here again; the last one that was in sync leads where nobody could."""
        if self.leader is None and member in self.in_sync:
            self._lead(member)

    def _lead(self, member: str | None) -> list[Item]:
        self.leader = member
        self.term += 1
        if member is None:
            return []
        end = self._ends[member]
        cut_off = self._records[end:]
        del self._records[end:]
        self._ends = {each: min(known, end) for each, known in self._ends.items()}
        return cut_off
