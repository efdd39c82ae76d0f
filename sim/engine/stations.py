"""Where work waits and is served on one machine: cores that all share, event loops, thread pools.

    EventLoop ─ 1 at a time ─┐
    Pool ─ c threads ────────┼──►  Cores: n jobs at once, each at speed min(1, cores / n)
    Pool ─ c threads ────────┘

A process may stop (paused, or killed): nothing that it serves ends, nothing new begins, until it goes on.
What finds a process with nothing to do wakes it, which takes CPU too: so the work of a busy one costs less a piece.

Cores are egalitarian processor sharing (Kleinrock 1967). They keep one virtual clock, the CPU seconds that every
job present has received: a job ends when the clock reaches its arrival plus its demand, so a heap of those ends is
all that is needed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from heapq import heappop, heappush
from itertools import count
from math import ulp
from typing import Any

import simpy

# Work of less than a picosecond is done.
_INSTANT_S = 1e-12


class Occupancy:
    """How many jobs were present over time: `area_s` is their integral, so area over time is the mean number."""

    __slots__ = ("_env", "_since_s", "_start_s", "area_s", "arrivals", "level")

    def __init__(self, env: simpy.Environment) -> None:
        self._env = env
        self._start_s = self._since_s = env.now
        self.level = 0
        self.area_s = 0.0
        self.arrivals = 0

    def change(self, by: int) -> None:
        """So many jobs came (positive) or went (negative)."""
        now_s = self._env.now
        self.area_s += self.level * (now_s - self._since_s)
        self._since_s = now_s
        self.level += by
        if by > 0:
            self.arrivals += by

    def integral_s(self) -> float:
        """Job-seconds up to now."""
        return self.area_s + self.level * (self._env.now - self._since_s)

    def mean(self) -> float:
        """Mean number present since the start; the clock must have moved."""
        return self.integral_s() / (self._env.now - self._start_s)


class Cores:
    """`cores` equal cores shared by all jobs. `demand_s` is CPU seconds on a core of one's own."""

    def __init__(self, env: simpy.Environment, cores: int) -> None:
        if cores < 1:
            raise ValueError(f"cores={cores} must be at least 1")
        self._env = env
        self.cores = cores
        self._busy_s = 0.0
        self._present_s = 0.0
        self._ends: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._clock_s = 0.0
        self._start_s = self._seen_s = env.now
        self._alarm: simpy.Event | None = None
        self._alarm_s = float("inf")

    def work(self, demand_s: float) -> simpy.Event:
        """An event that comes when the work is done."""
        done = self._env.event()
        self.submit(demand_s, done.succeed)
        return done

    def submit(self, demand_s: float, done: Callable[[], Any]) -> None:
        """Call `done` when the work is done. Raises ValueError for a negative demand."""
        if demand_s < 0:
            raise ValueError(f"demand_s={demand_s} must not be negative")
        self._advance()
        heappush(self._ends, (self._clock_s + demand_s, next(self._numbers), done))
        self._set_alarm()

    def utilisation(self) -> float:
        """Share of the cores that was busy since the start."""
        self._advance()
        return self._busy_s / (self.cores * (self._env.now - self._start_s))

    def mean_jobs(self) -> float:
        """Mean number of jobs present since the start."""
        self._advance()
        return self._present_s / (self._env.now - self._start_s)

    def _advance(self) -> None:
        now_s = self._env.now
        elapsed_s = now_s - self._seen_s
        present = len(self._ends)
        if present and elapsed_s > 0:
            self._clock_s += elapsed_s * min(1.0, self.cores / present)
            self._busy_s += elapsed_s * min(present, self.cores)
            self._present_s += elapsed_s * present
        self._seen_s = now_s

    def _set_alarm(self) -> None:
        wait_s = max(0.0, self._ends[0][0] - self._clock_s) * max(1.0, len(self._ends) / self.cores)
        due_s = self._env.now + wait_s
        # An alarm that is too early only looks and sets the next one, which is cheaper than one alarm for each arrival.
        if due_s < self._alarm_s:
            self._alarm_s = due_s
            self._alarm = self._env.timeout(wait_s)
            self._alarm.callbacks.append(self._ring)

    def _ring(self, alarm: simpy.Event) -> None:
        if alarm is not self._alarm:
            return
        self._alarm, self._alarm_s = None, float("inf")
        self._advance()
        # And so is work so short that the clock could not move by it: it would be waited for without end.
        done_s = self._clock_s + _INSTANT_S + 4 * ulp(self._env.now)
        while self._ends and self._ends[0][0] <= done_s:
            heappop(self._ends)[2]()
        if self._ends:
            self._set_alarm()
        else:
            self._clock_s = 0.0


class _Job:
    __slots__ = ("delay_s", "demand_s", "done", "started_s")

    def __init__(self, demand_s: float, delay_s: float, done: simpy.Event) -> None:
        self.demand_s = demand_s
        self.delay_s = delay_s
        self.done = done
        self.started_s = 0.0


class Pool:
    """`threads` servers with one first-come-first-served queue; a service is CPU work, then an optional delay.

    `wake_s` are the CPU seconds of a wake-up.
    """

    def __init__(self, env: simpy.Environment, cores: Cores, threads: int, wake_s: float = 0.0) -> None:
        if threads < 1:
            raise ValueError(f"threads={threads} must be at least 1")
        self._env = env
        self._cores = cores
        self._wake_s = wake_s
        self.threads = threads
        self.jobs = Occupancy(env)
        self.serving = Occupancy(env)
        self.cpu_s = 0.0
        # Several things may hold it at once, such as a kill and a partition: it goes on when the last lets go.
        self._holds = 0
        # What each service takes longer, on its thread, than it should.
        self.extra_s = 0.0
        self._waiting: deque[_Job] = deque()
        self._frozen: list[_Job] = []
        self._awake = env.event()

    def run(self, demand_s: float, delay_s: float = 0.0) -> simpy.Event:
        """An event that comes when the service ends; its value is the time at which the service began."""
        wake_s = self._wake_s if self.jobs.level == 0 else 0.0
        job = _Job(demand_s + wake_s, delay_s, self._env.event())
        self.jobs.change(+1)
        if self.serving.level < self.threads and not self.stopped:
            self._start(job)
        else:
            self._waiting.append(job)
        return job.done

    @property
    def stopped(self) -> bool:
        """Whether it stands still."""
        return self._holds > 0

    def stop(self) -> None:
        """Stand still; a process that was killed never goes on."""
        if not self.stopped:
            self._awake = self._env.event()
        self._holds += 1

    def go_on(self) -> None:
        """Go on where it stopped, unless something else holds it still."""
        self._holds -= 1
        if self.stopped:
            return
        frozen, self._frozen = self._frozen, []
        for job in frozen:
            self._leave(job)
        while self._waiting and self.serving.level < self.threads:
            self._start(self._waiting.popleft())
        self._awake.succeed()

    def awake(self) -> simpy.Event:
        """Of a stopped process: comes when it goes on."""
        return self._awake

    def background(self, share: float, period_s: float, phase_s: float) -> Generator[simpy.Event, Any, None]:
        """A process: CPU work beside the threads that takes `share` of one core, a slice each `period_s`."""
        yield self._env.timeout(phase_s)
        while True:
            if self.stopped:
                yield self._awake
            self._cores.submit(share * period_s, lambda: self._account(share * period_s))
            yield self._env.timeout(period_s)

    def utilisation(self) -> float:
        """Share of the threads that was busy since the start."""
        return self.serving.mean() / self.threads

    def _start(self, job: _Job) -> None:
        self.serving.change(+1)
        job.started_s = self._env.now
        self._cores.submit(job.demand_s, lambda: self._served(job))

    def _served(self, job: _Job) -> None:
        self._account(job.demand_s)
        if (delay_s := job.delay_s + self.extra_s) > 0:
            self._env.timeout(delay_s).callbacks.append(lambda _: self._leave(job))
        else:
            self._leave(job)

    def _leave(self, job: _Job) -> None:
        if self.stopped:
            self._frozen.append(job)
            return
        self.jobs.change(-1)
        self.serving.change(-1)
        job.done.succeed(job.started_s)
        if self._waiting:
            self._start(self._waiting.popleft())

    def _account(self, demand_s: float) -> None:
        self.cpu_s += demand_s


class EventLoop(Pool):
    """A Python process: one thing at a time, in the order in which it became ready."""

    def __init__(self, env: simpy.Environment, cores: Cores, wake_s: float = 0.0) -> None:
        super().__init__(env, cores, 1, wake_s)
