"""A clock that can be set wrong."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from realstack.chat.skew import SkewedClock, write_skew
from realstack.chat.snowflake import wall_clock_ms


def off_by_tens_of_s(clock: SkewedClock) -> int:
    """Roughly: two clocks are read, one after the other."""
    return round((clock.ms() - wall_clock_ms()) / 10_000)


def test_it_is_right_unless_told_otherwise_and_follows_the_file_at_a_signal(tmp_path: Path) -> None:
    path = tmp_path / "skew"

    async def main() -> list[int]:
        clock = SkewedClock(path)
        clock.obey_signals()
        seen = [off_by_tens_of_s(clock)]
        for skew_s in (-60.0, 0.0, 120.0):
            write_skew(path, skew_s)
            os.kill(os.getpid(), signal.SIGUSR1)
            await asyncio.sleep(0.05)
            seen.append(off_by_tens_of_s(clock))
        asyncio.get_running_loop().remove_signal_handler(signal.SIGUSR1)
        return seen

    assert asyncio.run(main()) == [0, -6, 0, 12]


def test_a_gateway_that_comes_back_is_as_wrong_as_before(tmp_path: Path) -> None:
    write_skew(tmp_path / "skew", -90.0)
    assert off_by_tens_of_s(SkewedClock(tmp_path / "skew")) == -9
