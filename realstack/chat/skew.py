"""A clock that can be set wrong while it runs: by how much stands in a file that is read again at SIGUSR1.

    write_skew(path, -0.05); gateway.signal(SIGUSR1)        from now on 50 ms behind

No file: the clock is right. The machine's own clock is never touched.
"""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from realstack.chat.snowflake import wall_clock_ms


class SkewedClock:
    """The wall clock of one process, off by what the file says."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._skew_ms = 0
        self.read()

    def read(self) -> None:
        """Take what the file says now."""
        self._skew_ms = int(self._path.read_text(encoding="ascii")) if self._path.exists() else 0

    def obey_signals(self) -> None:
        """Read again at each SIGUSR1, on the running event loop."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, self.read)

    def ms(self) -> int:
        """Milliseconds of the clock, as wrong as it is."""
        return wall_clock_ms() + self._skew_ms


def write_skew(path: Path, skew_s: float) -> None:
    """Say how far a clock is off; 0 sets it right."""
    if skew_s:
        path.write_text(str(round(skew_s * 1000)), encoding="ascii")
    else:
        path.unlink(missing_ok=True)


def skew_path(ready: Path) -> Path:
    """Where the process that answers with `ready` looks for its skew."""
    return ready.with_suffix(".skew")
