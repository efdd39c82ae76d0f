"""Gauges of a run, once a second: CPU and memory of every process, and how far the workers are behind the log.

A thread of its own takes them, so that the run can wait for something else.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Mapping
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
        lag = Lag(settings.kafka, settings.group, [settings.messages_topic], settings.choices.partitions)
        try:
            await lag.start()
            while not self._stop.is_set():
                began_s = time.monotonic()
                self._take_usage()
                self._add(time.monotonic_ns(), "log", "backlog", await lag.records())
                await asyncio.sleep(max(0.05, began_s + _EVERY_S - time.monotonic()))
        except KafkaError:
            # Without a broker there is no backlog to read; whoever waits for the run finds out why.
            return
        finally:
            await lag.stop()

    def _take_usage(self) -> None:
        now_ns = time.monotonic_ns()
        for name, (cpu_s, rss_bytes) in self._usage().items():
            self._add(now_ns, name, "cpu_s", cpu_s)
            self._add(now_ns, name, "rss_bytes", rss_bytes)

    def _add(self, t_ns: int, target: str, state: str, value: float) -> None:
        self.events.append({"t_ns": t_ns, "kind": "sample", "target": target, "state": state, "value": value})
