"""What all parts of one simulated box share: the clock, the cores, the costs, the random streams, the events so far.

Each random purpose has a stream of its own from one seed, so that a longer wait in one place does not reshuffle the
draws of another: two designs simulated with one seed differ by their designs alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
import simpy
from numpy.random import PCG64, SeedSequence

from sim.design import Design
from sim.engine.profile import DELAYS, PROCESSES, Delay, Profile
from sim.engine.stations import Cores, EventLoop, Pool
from sim.engine.way import Way

if TYPE_CHECKING:
    from sim.engine.node import Node

Process = Generator[simpy.Event, Any, None]
Item = TypeVar("Item")
Server = TypeVar("Server", bound=Pool)

# The box idles for a while before the trace begins, which shows what its processes take by themselves.
START_S = -3.0
_BACKGROUND_PERIOD_S = 0.02
_DRAWS_AT_ONCE = 1024
_ENGINE = 0xE4617E


class Context:
    """One box during one run."""

    def __init__(
        self,
        design: Design,
        members: Mapping[int, tuple[int, ...]],
        profile: Profile,
        seed: int,
        *,
        has_faults: bool = False,
    ) -> None:
        self.has_faults = has_faults
        self.design = design
        # Of each topic, now.
        self.partitions = design.partitions
        self.members = members
        self.profile = profile
        self.env = simpy.Environment(initial_time=START_S)
        self.cores = Cores(self.env, profile.cores)
        self.processes: dict[str, Pool] = {}
        self.nodes: dict[str, Node] = {}
        self.ways = {server: Way(self.env, server) for server in design.servers}
        self.events: list[dict[str, Any]] = []
        self.last_event_s = self.env.now
        # By gateway: how far its clock is off, and the share of heartbeats that do not reach it.
        self.skew_ns: dict[str, int] = {}
        self.heartbeats_lost: dict[str, float] = {}
        # New purposes go to the end: the order decides which child of the seed a stream gets.
        purposes = (*DELAYS, "background", "partition", "back-off", "heartbeats")
        # With words of its own: the trace spawns its streams from the seed alone, often from the same one.
        children = SeedSequence([seed, _ENGINE]).spawn(len(purposes))
        self._streams = {
            purpose: np.random.Generator(PCG64(child)) for purpose, child in zip(purposes, children, strict=True)
        }
        self._delays = {hop: _endless(profile.delays[hop], self._streams[hop]) for hop in DELAYS}

    @property
    def now_ns(self) -> int:
        """Nanoseconds since the start of the trace."""
        return round(self.env.now * 1e9)

    def record(self, kind: str, **fields: Any) -> None:
        """Add an event that happens now."""
        self.events.append({"t_ns": self.now_ns, "kind": kind, **fields})
        self.last_event_s = self.env.now

    def sample(self, target: str, state: str, value: float) -> None:
        """Add a gauge's reading; readings do not count as something happening."""
        self.events.append({"t_ns": self.now_ns, "kind": "sample", "target": target, "state": state, "value": value})

    def event_loop(self, name: str) -> EventLoop:
        """The one server of a Python process (or of Redis) of that name, with its idle share."""
        return self._started(name, EventLoop(self.env, self.cores, self._wake_s(name)))

    def pool(self, name: str) -> Pool:
        """The threads of a JVM of that name, with its idle share."""
        return self._started(name, Pool(self.env, self.cores, self.profile.threads[kind_of(name)], self._wake_s(name)))

    def _wake_s(self, name: str) -> float:
        return self.profile.cpu_s(f"{kind_of(name)}.wake")

    def _started(self, name: str, server: Server) -> Server:
        if (before := self.processes.get(name)) is not None:
            server.cpu_s = before.cpu_s
        self.processes[name] = server
        share = self.profile.background[kind_of(name)].value
        phase_s = float(self._streams["background"].random()) * _BACKGROUND_PERIOD_S
        self.env.process(server.background(share, _BACKGROUND_PERIOD_S, phase_s))
        return server

    def draw_s(self, hop: str) -> float:
        """The next delay of a hop."""
        return next(self._delays[hop])

    def delay(self, hop: str) -> simpy.Event:
        """Wait for the next delay of a hop."""
        return self.env.timeout(next(self._delays[hop]))

    def answer(
        self, work: Generator[simpy.Event, Any, Item], limit_s: float, *ends: simpy.Event
    ) -> Generator[simpy.Event, Any, Item | None]:
        """The value of work that somebody else does; None when it is not there in time, or one of `ends` comes first.

        The work goes on all the same. Without faults every answer comes, however late, and there is no timer.
        """
        if not self.has_faults:
            value = yield from work
            return value
        done = self.env.process(work)
        yield self.env.any_of([done, self.env.timeout(limit_s), *ends])
        return done.value if done.triggered else None

    def back_off_s(self, limit_s: float) -> float:
        """How long to wait before the next try: full jitter, uniform up to the limit."""
        return float(self._streams["back-off"].random()) * limit_s

    def loses_heartbeat(self, gateway: str) -> bool:
        """Whether the heartbeat that should reach a gateway now gets lost."""
        share = self.heartbeats_lost.get(gateway, 0.0)
        return share > 0 and float(self._streams["heartbeats"].random()) < share

    def random_partition(self) -> int:
        """Where a record without a key goes."""
        return int(self._streams["partition"].integers(self.keyed_partitions))

    @property
    def keyed_partitions(self) -> int:
        """How many partitions records are spread over."""
        return self.partitions if self.design.partitioner == "topic" else self.design.partitions


def kind_of(process: str) -> str:
    """`gateway-2` → `gateway`. Raises ValueError for a process that no profile knows."""
    kind = process.partition("-")[0]
    if kind not in PROCESSES:
        raise ValueError(f"process {process!r} is none of {', '.join(PROCESSES)}")
    return kind


def _endless(delay: Delay, rng: np.random.Generator) -> Iterator[float]:
    while True:
        yield from delay.draw(rng, _DRAWS_AT_ONCE)


class Inbox(Generic[Item]):
    """A queue that one process empties: `if not inbox: yield inbox.filled()`, then `take`."""

    def __init__(self, env: simpy.Environment) -> None:
        self._env = env
        self._items: deque[Item] = deque()
        self._waiting: simpy.Event | None = None

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: Item) -> None:
        """Append, and wake whoever waits."""
        self._items.append(item)
        if self._waiting is not None:
            self._waiting.succeed()
            self._waiting = None

    def filled(self) -> simpy.Event:
        """Comes with the next `put`."""
        self._waiting = self._env.event()
        return self._waiting

    def take(self, most: int | None = None) -> list[Item]:
        """Remove and return the first `most` items, or all."""
        taken = list(islice(self._items, most))
        for _ in taken:
            self._items.popleft()
        return taken


class Wire:
    """One direction of a connection: everything takes a random delay of the hop, nothing overtakes."""

    def __init__(self, context: Context, hop: str, arrive: Callable[[Any], Any]) -> None:
        self._context = context
        self._hop = hop
        self._arrive = arrive
        self._under_way: deque[Any] = deque()
        self._last_s = START_S

    def send(self, item: Any) -> None:
        """Hand `item` to the other end, later."""
        now_s = self._context.env.now
        self._last_s = max(self._last_s, now_s + self._context.draw_s(self._hop))
        self._under_way.append(item)
        # The first under way arrives, whichever timer rings: rounding may swap two timers set for the same instant.
        self._context.env.timeout(self._last_s - now_s).callbacks.append(
            lambda _: self._arrive(self._under_way.popleft())
        )
