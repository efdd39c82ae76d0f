"""What a gateway does not put up with: the device is told why and its connection is closed (WebSocket code 1008).

Speaking too fast is one such thing. A gateway that skipped single frames instead would put a device's messages out of
order. The limit is a token bucket:

    burst ──────╮            full: a device that comes back may send everything that it kept
                 ╲   ╱╲      emptied by a frame, filled at the rate
    0 ────────────╲─╱──╲──   empty: too fast
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar

FRAMES_PER_S = 500.0
BURST_FRAMES = 5_000.0


class PolicyError(Exception):
    """A breach; `code` is that of the `error` frame, the message is shown to the device and logged."""

    code: ClassVar[str]


class TooFastError(PolicyError):
    """The device speaks faster than it may."""

    code = "too-fast"


class FrameBucket:
    """The limit of one connection."""

    def __init__(
        self,
        rate_per_s: float = FRAMES_PER_S,
        burst: float = BURST_FRAMES,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._left = burst
        self._now_s = now_s
        self._filled_s = now_s()

    def take(self) -> None:
        """One frame. Raises TooFastError when the bucket is empty."""
        now_s = self._now_s()
        self._left = min(self._burst, self._left + (now_s - self._filled_s) * self._rate_per_s)
        self._filled_s = now_s
        if self._left < 1:
            raise TooFastError(f"over {self._rate_per_s:g} frames/s after a burst of {self._burst:g}; slow down")
        self._left -= 1
