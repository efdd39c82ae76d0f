"""A server of a cluster, one of several: it may stand still, die and come back, and the others notice after a while.

    up ─── pause ──► silent ── go on ──► up          what was asked of it waits
    up ─── kill ───► dead ─── restart ─► up          what was asked of it has failed; files survive
    up ─ partition ─► up, out of the backend's reach: its peers notice nothing

`silent` and `back` are called at once; how long it takes until a peer draws its conclusions is the peer's affair.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import simpy

from sim.engine.context import Context, Process
from sim.engine.stations import Pool

Tell = Callable[["Node"], object]


class Node:
    """`start` begins its process, once more after each death."""

    def __init__(self, context: Context, name: str, start: Callable[[str], Pool]) -> None:
        self.name = name
        self.dead = False
        self.cut_off = False
        self.when_silent: list[Tell] = []
        self.when_back: list[Tell] = []
        self._env = context.env
        self._start = start
        self._server = start(name)
        self._died = self._env.event()
        self._changed = self._env.event()
        self._silent_since_s = float("inf")
        context.nodes[name] = self

    def __str__(self) -> str:
        return self.name

    @property
    def is_up(self) -> bool:
        """Whether it does anything at all."""
        return not self._server.stopped

    def silent_for(self, limit_s: float) -> bool:
        """Whether its peers have heard nothing of it for so long."""
        return not self.is_up and self._env.now - self._silent_since_s >= limit_s

    # What happens to it.

    def pause(self) -> None:
        """It stands still."""
        self._server.stop()
        self._fall_silent()

    def go_on(self) -> None:
        """It goes on where it stopped."""
        self._server.go_on()
        self._come_back()

    def kill(self) -> None:
        """It is gone, with all that it was doing."""
        self.dead = True
        self._server.stop()
        died, self._died = self._died, self._env.event()
        died.succeed()
        self._fall_silent()

    def restart(self) -> None:
        """A new process in its place."""
        self.dead = False
        self._server = self._start(self.name)
        self._come_back()

    def slow_down(self, extra_s: float) -> None:
        """Everything takes so much longer; 0 ends it."""
        self._server.extra_s = extra_s

    def set_cut_off(self, cut_off: bool) -> None:
        """Nothing passes between it and the backend, or everything does again."""
        self.cut_off = cut_off
        self._signal()

    def _fall_silent(self) -> None:
        self._silent_since_s = self._env.now
        for tell in self.when_silent:
            tell(self)

    def _come_back(self) -> None:
        for tell in self.when_back:
            tell(self)
        self._signal()

    def _signal(self) -> None:
        changed, self._changed = self._changed, self._env.event()
        changed.succeed()

    # What is asked of it.

    def work(self, cpu_s: float) -> Generator[simpy.Event, Any, bool]:
        """Work for a peer; False if it is dead, or dies over it. A silent one does it when it goes on."""
        if self.dead:
            return False
        died = self._died
        yield self._server.run(cpu_s) | died
        return not died.triggered

    def ask(self, cpu_s: float) -> Generator[simpy.Event, Any, bool]:
        """Work for a client, which has to reach it, and to be reached by its answer."""
        yield from self.passable()
        done = yield from self.work(cpu_s)
        yield from self.passable()
        return done

    def answerable(self) -> Generator[simpy.Event, Any, bool]:
        """Wait until it can send an answer; False if it dies."""
        died = self._died
        while not (self.is_up or self.dead or died.triggered):
            yield self._changed | died
        yield from self.passable()
        return not (self.dead or died.triggered)

    def passable(self) -> Process:
        """Wait while nothing passes."""
        while self.cut_off:
            yield self._changed

    def ready(self) -> Process:
        """Wait until it is up."""
        while not self.is_up:
            yield self._changed
