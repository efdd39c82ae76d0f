"""Timer slack: how much later than asked the kernel may wake a thread that sleeps, so that wake-ups come together.

A process gets it from the thread that starts it, and its own threads from theirs (Linux, prctl(2)).
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

_PR_SET_TIMERSLACK = 29
_THE_DEFAULT = 0


@contextmanager
def timer_slack(slack_s: float) -> Iterator[None]:
    """Within the block, this thread starts processes whose sleeps may be so much longer; 0 s is the usual 50 µs."""
    prctl = ctypes.CDLL(None).prctl
    prctl(_PR_SET_TIMERSLACK, ctypes.c_ulong(round(slack_s * 1e9)))
    try:
        yield
    finally:
        prctl(_PR_SET_TIMERSLACK, ctypes.c_ulong(_THE_DEFAULT))
