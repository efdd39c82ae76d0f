"""Many machines, by dask.distributed.

    dask scheduler                       on one machine, prints tcp://HOST:8786
    dask worker tcp://HOST:8786          on each machine, in an environment with the same chatscale
    chatscale sweep … --cluster tcp://HOST:8786

The scheduler gives the work of a lost worker to another.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, Self, TypeVar

from sim.errors import UsageError

Item = TypeVar("Item")
Result = TypeVar("Result")

_PATIENCE_S = 15
_LEAST_AHEAD = 16


class Cluster:
    """The workers of the scheduler at `address`. Raises UsageError when it cannot be had."""

    def __init__(self, address: str) -> None:
        try:
            import distributed
        except ImportError:
            raise UsageError("--cluster needs dask.distributed: pip install 'chatscale[dask]'") from None
        try:
            connect: Any = distributed.Client
            self._client: Any = connect(address, timeout=_PATIENCE_S, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise UsageError(f"no scheduler at {address} ({error}); start one with: dask scheduler") from error
        self._address = address

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._client.close()

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """`function` of every item; at most two items a thread are under way ahead of what was taken."""
        ahead = max(_LEAST_AHEAD, 2 * self._threads())
        futures: deque[Any] = deque()
        for item in items:
            futures.append(self._client.submit(function, item, pure=False))
            if len(futures) >= ahead:
                yield futures.popleft().result()
        while futures:
            yield futures.popleft().result()

    def _threads(self) -> int:
        try:
            self._client.wait_for_workers(1, timeout=_PATIENCE_S)
        except TimeoutError as error:
            raise UsageError(
                f"the scheduler at {self._address} has no worker; start some with: dask worker {self._address}"
            ) from error
        return sum(self._client.nthreads().values())
