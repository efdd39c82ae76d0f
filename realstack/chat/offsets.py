"""Which offsets may be committed: all below the first record whose work is not done.

offset     0 1 2 3 4 5
done       ✓ ✓   ✓ ✓        commit 2: record 2 is still worked on
"""

from __future__ import annotations


class OffsetTracker:
    """One partition. Records start in offset order and finish in any."""

    def __init__(self) -> None:
        self._unfinished: dict[int, None] = {}
        self._next = 0
        self._committed = 0

    def start(self, offset: int) -> None:
        """A record was polled."""
        self._unfinished[offset] = None
        self._next = offset + 1

    def finish(self, offset: int) -> None:
        """Its work is done."""
        del self._unfinished[offset]

    def take_commit(self) -> int | None:
        """The position to commit now; None when it would be the same as last time."""
        position = next(iter(self._unfinished), self._next)
        if position == self._committed:
            return None
        self._committed = position
        return position

    def commit_failed(self) -> None:
        """What was taken last did not reach the log: take it again."""
        self._committed = 0

    @property
    def unfinished(self) -> int:
        """Records polled and not done."""
        return len(self._unfinished)
