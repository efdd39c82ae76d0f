"""Redis with a replica, which takes its place when it is silent: what was not replicated by then is lost.

    redis-1 primary ── every change, a moment later ──► redis-2 replica
       └─ silent for 2 s ─► the sentinels agree and promote the replica, 1 s ─► clients go there

Clients give up a command after a second of silence and try again, wherever the primary is by then. A Redis that comes
back is the replica of whoever leads, and has its data; there is none to promote while the other one is away too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from sim.engine.context import Process
from sim.engine.node import Node
from sim.engine.presence import BACK_OFF_S, Registry

MISSED_AFTER_S = 2.0
ELECTION_S = 1.0
_SILENCE_S = 1.0
_LOOK_AGAIN_S = 0.1


class RedisPair(Registry):
    """Both."""

    def _start(self) -> None:
        context = self._context
        names = [name for name in context.design.servers if name.startswith("redis")]
        self._primary, self._replica = (Node(context, name, context.event_loop) for name in names)
        # The primary died and nobody has taken its place; the replica died and has not copied everything again.
        self._vacant = self._replica_empty = False
        # What takes back each change that the replica has not got, oldest first.
        self._unreplicated: deque[Callable[[], None]] = deque()
        self._changed = context.env.event()
        for node in (self._primary, self._replica):
            node.when_silent.append(self._fall_silent)
            node.when_back.append(lambda _: self._copy_all())
        context.env.process(self._replicate())

    def _commands(self, number: int) -> Process:
        cpu_s = self._pipeline_s + number * self._command_s
        while True:
            primary = self._primary
            asked = self._context.ways[primary.name].through(primary.ask(cpu_s))
            done = not self._vacant and (yield from self._context.answer(asked, _SILENCE_S))
            if done and primary is self._primary:
                return
            yield self._context.env.timeout(self._context.back_off_s(BACK_OFF_S))

    # Replication.

    def _set(self, keys: dict[int, Any], user: int, value: Any) -> None:
        before = keys.get(user)
        super()._set(keys, user, value)
        self._unreplicated.append(lambda: Registry._set(self, keys, user, before))
        changed, self._changed = self._changed, self._context.env.event()
        changed.succeed()

    def _replicate(self) -> Process:
        while True:
            while not self._unreplicated:
                yield self._changed
            yield from self._primary.ready()
            yield from self._replica.ready()
            pair, count = (self._primary, self._replica), len(self._unreplicated)
            yield self._context.delay("route")
            copied = yield from self._replica.work(self._pipeline_s + count * self._command_s)
            if copied and pair == (self._primary, self._replica):
                for _ in range(min(count, len(self._unreplicated))):
                    self._unreplicated.popleft()

    def _copy_all(self) -> None:
        if self._primary.is_up and self._replica.is_up and not self._vacant:
            self._replica_empty = False
            self._unreplicated.clear()

    # Failover.

    def _fall_silent(self, node: Node) -> None:
        if node is self._primary:
            self._vacant = self._vacant or node.dead
            self._context.env.process(self._miss(node))
        else:
            self._replica_empty = self._replica_empty or node.dead

    def _miss(self, primary: Node) -> Process:
        env = self._context.env
        yield env.timeout(MISSED_AFTER_S)
        while primary is self._primary and (self._vacant or primary.silent_for(MISSED_AFTER_S)):
            if self._replica.is_up:
                yield env.timeout(ELECTION_S)
                if self._replica.is_up and primary is self._primary:
                    self._promote()
            elif primary.is_up:
                self._vacant = False
                self.clear()
            else:
                yield env.timeout(_LOOK_AGAIN_S)

    def _promote(self) -> None:
        while self._unreplicated:
            self._unreplicated.pop()()
        if self._replica_empty:
            self.clear()
        self._primary, self._replica = self._replica, self._primary
        self._vacant, self._replica_empty = False, self._replica.dead
        self._copy_all()
        self._say(None)
