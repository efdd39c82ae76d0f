"""Snowflake message ids: 41 bits of milliseconds, 10 bits of worker, 12 bits of sequence.

Ids of one worker rise. Ids of two workers follow their clocks, which is why they cannot order a conversation.
"""

from __future__ import annotations

import time
from collections.abc import Callable

EPOCH_MS = 1_577_836_800_000  # 2020-01-01
_MAX_BEHIND_MS = 1_000


class ClockWentBackError(RuntimeError):
    """The wall clock is further behind the last id than we may pretend."""


def wall_clock_ms() -> int:
    """Milliseconds of this machine's clock."""
    return time.time_ns() // 1_000_000


class Snowflake:
    """Ids of one worker (0 to 1023). A clock that steps back a little is held; one that steps back far is refused."""

    def __init__(self, worker: int, clock_ms: Callable[[], int] = wall_clock_ms) -> None:
        if not 0 <= worker < 1024:
            raise ValueError(f"worker={worker} must be 0 to 1023")
        self._worker = worker
        self._clock_ms = clock_ms
        self._last_ms = 0
        self._sequence = 0

    def next_id(self) -> int:
        """The next id. Raises ClockWentBackError when the clock is over a second behind the last id."""
        now_ms = self._clock_ms()
        if now_ms < self._last_ms - _MAX_BEHIND_MS:
            raise ClockWentBackError(f"the clock is {self._last_ms - now_ms} ms behind the last id")
        if now_ms > self._last_ms:
            self._last_ms, self._sequence = now_ms, 0
        else:
            self._sequence += 1
            if self._sequence == 4096:
                self._last_ms, self._sequence = self._last_ms + 1, 0
        return (self._last_ms - EPOCH_MS) << 22 | self._worker << 12 | self._sequence
