"""What a device does about messages that are missing before others that have come, in one session.

    gap ── hold ── ask ── hold ── show the rest in spite of it
            ▲ │                ▲ │
            └─┴─ and again while the gateway owes an answer to a resume: what is missing may still be on its way

So nothing is shown out of order because a server is slow, only what it has said that it does not have is passed over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Gaps:
    """The gaps of a session. `ask` sends a resume of one conversation, `give_up` shows what is held back in it."""

    def __init__(
        self,
        hold_s: float,
        has_gap: Callable[[int], bool],
        ask: Callable[[int], None],
        give_up: Callable[[int], None],
    ) -> None:
        self._hold_s = hold_s
        self._has_gap = has_gap
        self._ask = ask
        self._give_up = give_up
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._owed = 0

    def watch(self, conv: int) -> None:
        """Something has come of a conversation."""
        if self._has_gap(conv) and conv not in self._timers:
            self._hold(conv, asked=False)

    def resuming(self) -> None:
        """A resume has been sent."""
        self._owed += 1

    def resumed(self) -> None:
        """A resume has been answered."""
        self._owed -= 1

    def _hold(self, conv: int, *, asked: bool) -> None:
        self._timers[conv] = asyncio.get_running_loop().call_later(self._hold_s, self._held, conv, asked)

    def _held(self, conv: int, asked: bool) -> None:
        del self._timers[conv]
        if not self._has_gap(conv):
            return
        if self._owed:
            self._hold(conv, asked=asked)
        elif not asked:
            self._ask(conv)
            self._hold(conv, asked=True)
        else:
            self._give_up(conv)

    def let_go(self) -> None:
        """The session has ended."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._owed = 0
