"""Gauges of a run, once a second: CPU and memory of every process, and how far the workers are behind the log.

A thread of its own takes them, so that the run can wait for something else.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any, Self

from aiokafka.errors import KafkaError

from realstack.chat.settings import Settings
from realstack.lag import Lag
from realstack.servers.process import BEHIND_THE_DRIVER

_EVERY_S = 1.0
Usage = Mapping[str, tuple[float, int]]


class Gauges:
    """Takes `sample` events while the block runs; `usage` answers CPU seconds and resident bytes by process."""

    def __init__(self, settings: Settings, usage: Callable[[], Usage]) -> None:
        self.events: list[dict[str, Any]] = []
        self._settings = settings
        self._usage = usage
        self._cpu = Totals()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="gauges", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    async def _run(self) -> None:
        # This thread alone steps behind the driver, like everything that is measured.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), BEHIND_THE_DRIVER)
        settings = self._settings
        lag = Lag(settings, [settings.messages_topic])
        taking = [asyncio.create_task(work) for work in (_each_second(self._take_usage), self._follow(lag))]
        try:
            await asyncio.to_thread(self._stop.wait)
        finally:
            for task in taking:
                task.cancel()
            await asyncio.gather(*taking, return_exceptions=True)
            await lag.stop()

    async def _follow(self, lag: Lag) -> None:
        # Without a broker there is no backlog to read; whoever waits for the run finds out why.
        with suppress(KafkaError):
            await lag.start()
            await _each_second(partial(self._take_lag, lag))

    async def _take_lag(self, lag: Lag) -> None:
        with suppress(KafkaError):
            self._add(time.monotonic_ns(), "log", "backlog", await lag.records())

    async def _take_usage(self) -> None:
        now_ns = time.monotonic_ns()
        for name, (cpu_s, rss_bytes) in self._usage().items():
            self._add(now_ns, name, "cpu_s", self._cpu.total_s(name, cpu_s))
            self._add(now_ns, name, "rss_bytes", rss_bytes)

    def _add(self, t_ns: int, target: str, state: str, value: float) -> None:
        self.events.append({"t_ns": t_ns, "kind": "sample", "target": target, "state": state, "value": value})


class Totals:
    """CPU seconds by name over several processes: one that takes the place of another begins at 0 again."""

    def __init__(self) -> None:
        self._before_s: dict[str, float] = {}
        self._last_s: dict[str, float] = {}

    def total_s(self, name: str, cpu_s: float) -> float:
        """Of all processes of that name, when the present one has used `cpu_s`."""
        last_s = self._last_s.get(name, 0.0)
        if cpu_s < last_s:
            self._before_s[name] = self._before_s.get(name, 0.0) + last_s
        self._last_s[name] = cpu_s
        return self._before_s.get(name, 0.0) + cpu_s


async def _each_second(take: Callable[[], Awaitable[None]]) -> None:
    while True:
        began_s = time.monotonic()
        await take()
        await asyncio.sleep(max(0.05, began_s + _EVERY_S - time.monotonic()))
