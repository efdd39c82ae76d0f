"""What one session has heard of conversations that are not pushed, and which of them it pulls.

    news 7 ─► pull ─► news 8, news 9 ─► pulled up to 7 ─► pull ─► pulled up to 9

One pull a conversation at a time, and none before what was missed has come: the same message would come twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping


class Pulls:
    """The news of one session."""

    def __init__(self) -> None:
        self._newest: dict[int, int] = {}
        self._pulling: set[int] = set()
        self._caught_up = False

    def heard(self, conv: int, position: int) -> None:
        """There are messages up to this position."""
        self._newest[conv] = max(position, self._newest.get(conv, 0))

    def came(self, conv: int) -> None:
        """A pull has ended."""
        self._pulling.discard(conv)

    def caught_up(self) -> None:
        """What was missed before this session has come."""
        self._caught_up = True

    def due(self, cursors: Mapping[int, int]) -> Iterator[int]:
        """Conversations to pull now; each counts as being pulled."""
        if not self._caught_up:
            return
        for conv, newest in self._newest.items():
            if newest > cursors.get(conv, 0) and conv not in self._pulling:
                self._pulling.add(conv)
                yield conv
