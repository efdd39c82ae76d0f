"""What a worker knows of one conversation's past, by which it tells a new message from one that was sent twice.

    oldest row ── … ── unseen │ ── … ── │ KEPT newest, by UUID ─── newest row
                              └─ of each writer: its highest client sequence ─┘

A client counts its messages, so what is above its highest number is new, without a look at the store. What is not may
be new all the same, if a client counts wrongly: then the rows decide.
"""

from __future__ import annotations

from typing import NamedTuple

KEPT = 4_096


class Entry(NamedTuple):
    """One stored message; `writer` is the address of the device that wrote it."""

    position: int
    writer: int
    partition: int
    offset: int


class ConversationPast:
    """Of one conversation. `unseen` is the position before which there may be rows of unknown writers, 0 if none."""

    def __init__(self) -> None:
        self.recent: dict[str, Entry] = {}
        self.highest: dict[int, int] = {}
        self.unseen = 0

    def remember(self, uuid: str, entry: Entry, cseq: int) -> None:
        """Add the newest message."""
        self.recent[uuid] = entry
        self.highest[entry.writer] = max(cseq, self.highest.get(entry.writer, 0))
        if len(self.recent) > KEPT:
            del self.recent[next(iter(self.recent))]

    def hear_of(self, writer: int, cseq: int) -> None:
        """Add a message that is older than all before."""
        self.highest.setdefault(writer, cseq)

    @property
    def last_position(self) -> int:
        """Highest position so far, 0 when there is none."""
        return self.recent[next(reversed(self.recent))].position if self.recent else 0

    @property
    def first_position(self) -> int:
        """Lowest position that is known by its UUID, 0 when there is none."""
        return self.recent[next(iter(self.recent))].position if self.recent else 0

    def previous_for(self, reader: int, position: int) -> int:
        """The position that address `reader` must have shown before this one: the last before it from elsewhere."""
        for entry in reversed(self.recent.values()):
            if entry.position < position and entry.writer != reader:
                return entry.position
        return 0
