"""What the processes of backend and driver share: a log, memory that has settled, SIGTERM to stop."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Awaitable, Callable

import uvloop

from realstack.chat.logs import log_as


def settle_memory() -> None:
    """Call once everything is set up: what is alive now lives as long as the process."""
    # The garbage collector need not look at it again, and seldom at the rest: its pauses are measured as latency.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def run_process(name: str, work: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run `work` on uvloop until SIGTERM or SIGINT sets its event."""
    log_as(name)

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await work(stop)

    uvloop.run(main())
