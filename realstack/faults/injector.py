"""When faults begin and end: a thread for each, beside the drive.

    with Injector(scenario.faults, acts, healed) as injector:
        injector.begin(origin_ns)         the trace starts then
        injector.check()                  raises what a fault could not do, such as a restart that failed
        …                                 `healed` exists once everything that can be undone is
    injector.events                       fault.start, fault.stop

Whatever ends the block, Ctrl-C too, every fault that has begun is undone first. A process is stopped again only once it
has come back: on a busy machine that may take until after the time that the schedule says.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sim.faults import STOPS, Fault

# Undoes a fault; the value is how many connections or answers it hit, where that can be counted.
Undo = Callable[[], int | None]
Begin = Callable[[Fault], Undo]


class Injector:
    """Faults by the clock of one run; `begin_one` does a fault and gives what undoes it."""

    def __init__(self, faults: Sequence[Fault], begin_one: Begin, healed: Path) -> None:
        self.events: list[dict[str, Any]] = []
        self._faults = faults
        self._begin_one = begin_one
        self._healed = healed
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._errors: list[Exception] = []
        self._lock = threading.Lock()
        self._turns = {fault.target: threading.Lock() for fault in faults}
        self._open = len(faults)

    def begin(self, origin_ns: int) -> None:
        """Start the clock at this monotonic time; a second call does nothing."""
        if not self._threads:
            for fault in self._faults:
                self._threads.append(threading.Thread(target=self._guarded, args=(fault, origin_ns), name=fault.target))
                self._threads[-1].start()

    def check(self) -> None:
        """Raise the first error of a fault that could not be done or undone."""
        if self._errors:
            raise self._errors[0]

    def __enter__(self) -> Self:
        self._healed.unlink(missing_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        if error is None:
            self.check()

    def _guarded(self, fault: Fault, origin_ns: int) -> None:
        try:
            self._one(fault, origin_ns)
        except Exception as error:
            self._errors.append(error)
        with self._lock:
            self._open -= 1
            if not self._open and not self._errors:
                self._healed.touch()

    def _one(self, fault: Fault, origin_ns: int) -> None:
        if self._stop.wait(_until_s(origin_ns, fault.at_s)):
            return
        with self._turns[fault.target] if fault.kind in STOPS else nullcontext():
            if not self._stop.is_set():
                self._do(fault, origin_ns)

    def _do(self, fault: Fault, origin_ns: int) -> None:
        started_ns = time.monotonic_ns()
        undo = self._begin_one(fault)
        self._note("fault.start", fault, started_ns)
        if fault.for_s is not None:
            aborted = self._stop.wait(_until_s(origin_ns, fault.end_s))
            if aborted and not fault.hits_server:
                return  # the backend ends with the run, the servers may go on to another
            hit = undo()
            self._note("fault.stop", fault, time.monotonic_ns(), value=hit)

    def _note(self, kind: str, fault: Fault, t_ns: int, **more: Any) -> None:
        self.events.append({"t_ns": t_ns, "kind": kind, "target": fault.target, "cause": fault.kind, **more})


def _until_s(origin_ns: int, at_s: float) -> float:
    return max(0.0, (origin_ns - time.monotonic_ns()) / 1e9 + at_s)
