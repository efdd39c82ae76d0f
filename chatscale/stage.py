"""A stage on real servers: scenarios are played a few at a time, each in a namespace and a folder of its own.

A proxy stands at a fixed port, so of the scenarios with faults of the network one is played at a time; the others go on
meanwhile, for a proxy is passed by its own backend alone. Nothing on the stage pauses or kills a server.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import TypeVar

from realstack.drive import drive
from realstack.servers import Servers
from sim.faults import NETWORK
from sim.history import History
from sim.scenario import Scenario
from sim.workload import make_trace

AT_ONCE = 3

_T = TypeVar("_T")


class Stage:
    """Running servers, and where the logs go."""

    def __init__(self, servers: Servers, folder: Path) -> None:
        self._servers = servers
        self._folder = folder
        self._one_proxy = threading.Lock()

    def play(self, scenario: Scenario, name: str, mutant: str = "") -> History:
        """The history of one drive; `name` is that of its folder."""
        alone = any(fault.kind in NETWORK for fault in scenario.faults)
        with self._one_proxy if alone else nullcontext():
            return drive(self._servers, scenario, make_trace(scenario), self._folder / name, mutant=mutant)

    def each(self, plays: Iterable[Callable[[], _T]]) -> Iterator[_T]:
        """What each call gives, in the order of the calls; some run at once."""
        pool = ThreadPoolExecutor(AT_ONCE)
        try:
            yield from pool.map(lambda play: play(), list(plays))
        finally:
            pool.shutdown(cancel_futures=True)
