"""One interface for a function over many items, wherever it runs.

    items ─► map(function, items) ─► results, in the order of the items
               InProcess    one after the other, here
               Processes    a pool of processes on this machine
               Cluster      dask.distributed, on many machines (`sim.experiments.cluster`)

A function must be a module's own (a process that is started afresh imports it by name) and depend on its item alone.
Then the results are the same whichever is used, and work that a dying process took with it can be done again.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from typing import Protocol, TypeVar

from sim.errors import UsageError

Item = TypeVar("Item")
Result = TypeVar("Result")

_MOST_LOSSES = 3


class Executor(Protocol):
    """Where experiments run."""

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """`function` of every item, in the order of the items; what it raises is raised here."""


@contextmanager
def open_executor(jobs: int | None = None, cluster: str | None = None) -> Iterator[Executor]:
    """The executor that was asked for: `cluster` is `tcp://HOST:PORT`, `jobs` is processes (default: one a core).

    Raises UsageError when the cluster cannot be reached or its package is missing.
    """
    if cluster is not None:
        from sim.experiments.cluster import Cluster

        with Cluster(cluster) as remote:
            yield remote
        return
    jobs = len(os.sched_getaffinity(0)) if jobs is None else jobs
    if jobs == 1:
        yield InProcess()
        return
    pool = Processes(jobs)
    try:
        yield pool
    finally:
        pool.close()


class InProcess:
    """One after the other."""

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """`function` of every item, when it is asked for."""
        return map(function, items)


class Processes:
    """`jobs` processes, each started afresh. One that dies is replaced and its work done again."""

    def __init__(self, jobs: int) -> None:
        if jobs < 1:
            raise ValueError(f"jobs={jobs} must be at least 1")
        self._jobs = jobs
        self._pool = self._new_pool()

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """`function` of every item; at most two items a process are under way ahead of what was taken."""
        remaining = iter(items)
        waiting: deque[Item] = deque()
        futures: deque[Future[Result]] = deque()
        losses = 0
        while True:
            waiting.extend(islice(remaining, 2 * self._jobs - len(waiting)))
            if not waiting:
                return
            try:
                while len(futures) < len(waiting):
                    futures.append(self._pool.submit(function, waiting[len(futures)]))
                result = futures[0].result()
            except BrokenProcessPool:
                losses += 1
                futures.clear()
                self._replace_pool(losses)
                continue
            losses = 0
            waiting.popleft()
            futures.popleft()
            yield result

    def close(self) -> None:
        """Take nothing more and wait for what runs."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _replace_pool(self, losses: int) -> None:
        self.close()
        if losses >= _MOST_LOSSES:
            raise UsageError(
                f"processes died {losses} times in a row at the same work (out of memory?); use fewer with --jobs"
            )
        self._pool = self._new_pool()

    def _new_pool(self) -> ProcessPoolExecutor:
        # Not fork: a copied process would hold this one's threads' locks and random state.
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._jobs, mp_context=context, initializer=_become_worker)


def _become_worker() -> None:
    """End at Ctrl-C without a traceback, and with the parent, however that ends: nothing is left behind."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
