"""The store on three nodes: a token ring, three replicas of everything, and as many answers as the consistency wants.

    conv ─► token ─► owner, next, next          replicas in the order of the ring; the driver asks the first that is up

    write   to all replicas, done when ONE or QUORUM (2 of 3) have it     who misses it gets it as a hint, later
    read    from ONE or QUORUM; what they have is merged, the newest write of a position wins
    lwt     prepare, read, propose, commit: four rounds, the first three of a QUORUM always; who is overtaken by a
            higher ballot begins again

So a node that is down costs nobody but its own clients a thing, and with ONE a node that was down is asked again before
its hints have come: then rows are missing. Figures are Cassandra's and its driver's.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import count
from typing import Any, NamedTuple

import simpy

from sim.engine.context import Process
from sim.engine.frames import Message
from sim.engine.node import Node
from sim.engine.store import AGAIN_S, PAGE, Store
from sim.engine.way import Way

QUORUM = 2
# After so much silence its peers, and through them the driver, take a node for down.
CONVICTED_AFTER_S = 10.0
WRITE_TIMEOUT_S = 2.0
CONTENTION_TIMEOUT_S = 1.0
HINTS_EVERY_S = 10.0
_SPECULATE_AFTER_S = 0.05
_CONTENTION_BACK_OFF_S = 0.1


class _Row(NamedTuple):
    stamp: int
    message: Message


_Copy = dict[int, dict[int, _Row]]
_Apply = Callable[[Node], None]


class Ring(Store):
    """The nodes, and a copy of the rows for each."""

    takes_rows = False

    def _start(self) -> None:
        context = self._context
        self._env = context.env
        names = [name for name in context.design.servers if name.startswith("cassandra")]
        self._nodes = [Node(context, name, context.pool) for name in names]
        self._copies: dict[str, _Copy] = {name: defaultdict(dict) for name in names}
        self._hints: dict[str, list[_Apply]] = {name: [] for name in names}
        self._stamps = count()
        self._ballots = count(1)
        self._needed = QUORUM if context.design.consistency == "QUORUM" else 1
        # Of each conversation: the highest ballot promised, and what was accepted though perhaps never committed.
        self._promised: dict[int, int] = defaultdict(int)
        self._accepted: dict[int, dict[int, Message]] = defaultdict(dict)

    # See `Store`.

    def insert(self, message: Message) -> Generator[simpy.Event, Any, bool | None]:
        """See `Store`."""
        if self._context.design.dedup != "lwt":
            return (yield from self._write(message.conv, self._put(message), self._insert_s)) or None
        if (coordinator := self._coordinator(message.conv)) is None:
            return None
        return (yield from self._way_to(coordinator).through(self._insert_if_absent(message)))

    def write(self, key: int) -> Process:
        """See `Store`."""
        while not (yield from self._write(key, lambda _: None, self._write_s)):
            yield self._env.timeout(AGAIN_S)

    def read(self, key: int) -> Process:
        """See `Store`."""
        yield from self._read(key)

    def after(self, conv: int, position: int) -> Generator[simpy.Event, Any, list[Message]]:
        """See `Store`."""
        rows = self._merged(conv, (yield from self._read(conv)))
        return [rows[at].message for at in sorted(rows) if at > position][:PAGE]

    def latest(self, conv: int) -> Generator[simpy.Event, Any, list[Message]]:
        """See `Store`."""
        rows = self._merged(conv, (yield from self._read(conv)))
        return [rows[at].message for at in sorted(rows, reverse=True)]

    def _all_rows(self) -> Mapping[int, Mapping[int, Message]]:
        convs = {conv for copy in self._copies.values() for conv in copy}
        merged = {conv: self._merged(conv, self._nodes) for conv in convs}
        return {conv: {at: row.message for at, row in rows.items()} for conv, rows in merged.items()}

    # Who is asked.

    def replicas(self, key: int) -> list[Node]:
        """In the order of the ring, from the owner of the key's token on."""
        owner = sha256(str(key).encode()).digest()[0] % len(self._nodes)
        return [*self._nodes[owner:], *self._nodes[:owner]]

    def _is_down(self, node: Node) -> bool:
        return node.dead or node.silent_for(CONVICTED_AFTER_S)

    def _coordinator(self, key: int) -> Node | None:
        """The first replica that the driver takes for up; none if too few are for the consistency."""
        up = [node for node in self.replicas(key) if not self._is_down(node)]
        return up[0] if len(up) >= self._needed else None

    def _way_to(self, node: Node) -> Way:
        return self._context.ways[node.name]

    def _merged(self, conv: int, nodes: Sequence[Node]) -> dict[int, _Row]:
        """The newest row of each position; who lacks it gets it (read repair)."""
        rows: dict[int, _Row] = {}
        for node in nodes:
            for at, row in self._copies[node.name].get(conv, {}).items():
                rows[at] = max(rows.get(at, row), row, key=lambda each: each.stamp)
        if len(nodes) > 1:
            for node in nodes:
                self._copies[node.name][conv].update(rows)
        return rows

    # Reads.

    def _read(self, key: int) -> Generator[simpy.Event, Any, list[Node]]:
        """The nodes that answered, as many as the consistency wants."""
        while True:
            if (coordinator := self._coordinator(key)) is not None:
                nodes = yield from self._way_to(coordinator).through(
                    self._asked(coordinator, key, self._needed, self._read_s)
                )
                if nodes:
                    return nodes
            yield self._env.timeout(AGAIN_S)

    def _asked(self, coordinator: Node, key: int, needed: int, cpu_s: float) -> Generator[simpy.Event, Any, list[Node]]:
        """The replicas that a coordinator heard of, if it can tell its client."""
        yield from coordinator.passable()
        nodes = yield from self._gather(key, needed, cpu_s)
        yield self._context.delay("store")
        return nodes if (yield from coordinator.answerable()) else []

    def _gather(self, key: int, needed: int, cpu_s: float) -> Generator[simpy.Event, Any, list[Node]]:
        """The first `needed` replicas that answer; one that takes long has a rival. Empty if too few do."""
        spare = deque(node for node in self.replicas(key) if not self._is_down(node))
        asked: dict[Node, simpy.Event] = {}
        while True:
            answered = [node for node, work in asked.items() if work.triggered and work.value]
            if len(answered) >= needed:
                return answered[:needed]
            under_way = [work for work in asked.values() if not work.triggered]
            if len(answered) + len(under_way) < needed:
                if not spare:
                    return []
                self._ask(spare, asked, cpu_s)
            elif spare:
                slow = self._env.timeout(_SPECULATE_AFTER_S)
                yield self._env.any_of([*under_way, slow])
                if slow.processed:
                    self._ask(spare, asked, cpu_s)
            else:
                yield self._env.any_of(under_way)

    def _ask(self, spare: deque[Node], asked: dict[Node, simpy.Event], cpu_s: float) -> None:
        node = spare.popleft()
        asked[node] = self._env.process(node.work(cpu_s))

    # Writes.

    def _put(self, message: Message) -> _Apply:
        # A try whose answer came too late may land when the message has another position already.
        row, conv = _Row(next(self._stamps), replace(message)), message.conv

        def apply(node: Node) -> None:
            rows = self._copies[node.name][conv]
            at = row.message.position
            rows[at] = max(rows.get(at, row), row, key=lambda each: each.stamp)

        return apply

    def _write(self, key: int, apply: _Apply, cpu_s: float) -> Generator[simpy.Event, Any, bool]:
        """Whether enough replicas have it, as far as the client learns."""
        coordinator = self._coordinator(key)
        if coordinator is None:
            return False
        return bool((yield from self._way_to(coordinator).through(self._written(coordinator, key, apply, cpu_s))))

    def _written(self, coordinator: Node, key: int, apply: _Apply, cpu_s: float) -> Generator[simpy.Event, Any, bool]:
        yield from coordinator.passable()
        copies = [self._env.process(self._replicate(node, apply, cpu_s)) for node in self.replicas(key)]
        give_up = self._env.timeout(WRITE_TIMEOUT_S) if self._context.has_faults else None
        while (done := sum(bool(each.triggered and each.value) for each in copies)) < self._needed:
            open_ones = [each for each in copies if not each.triggered]
            if not open_ones or (give_up is not None and give_up.processed):
                break
            yield self._env.any_of([*open_ones, *([give_up] if give_up is not None else [])])
        yield self._context.delay("store")
        return (yield from coordinator.answerable()) and done >= self._needed

    def _replicate(self, node: Node, apply: _Apply, cpu_s: float) -> Generator[simpy.Event, Any, bool]:
        """A write at one replica; one that is down, or too late, gets a hint instead."""
        began_s = self._env.now
        if not self._is_down(node):
            in_time = (yield from node.work(cpu_s)) and self._env.now - began_s <= WRITE_TIMEOUT_S
            if in_time:
                apply(node)
                return True
        self._hints[node.name].append(apply)
        if len(self._hints[node.name]) == 1:
            self._env.process(self._replay(node))
        return False

    def _replay(self, node: Node) -> Process:
        while hints := self._hints[node.name]:
            yield from node.ready()
            yield self._env.timeout(HINTS_EVERY_S)
            if node.is_up and (yield from node.work(len(hints) * self._write_s)):
                for apply in hints:
                    apply(node)
                hints.clear()

    # Lightweight transactions.

    def _insert_if_absent(self, message: Message) -> Generator[simpy.Event, Any, bool | None]:
        conv, position = message.conv, message.position
        give_up_s = self._env.now + CONTENTION_TIMEOUT_S
        while self._env.now <= give_up_s:
            ballot = next(self._ballots)
            if not (yield from self._round(conv)):
                return None
            if self._promised[conv] < ballot:
                self._promised[conv] = ballot
                nodes = yield from self._round(conv)
                if not nodes:
                    return None
                if (yield from self._is_taken(conv, position, nodes)):
                    return False
                if not (yield from self._round(conv)):
                    return None
            if self._promised[conv] == ballot:
                self._accepted[conv][position] = replace(message)
                return (yield from self._commit(conv, position)) or None
            yield self._env.timeout(self._context.back_off_s(_CONTENTION_BACK_OFF_S))
        return None

    def _is_taken(self, conv: int, position: int, nodes: Sequence[Node]) -> Generator[simpy.Event, Any, bool]:
        """Whether something was stored there, or accepted, which is committed first then."""
        if position in self._merged(conv, nodes):
            return True
        if position not in self._accepted[conv]:
            return False
        yield from self._commit(conv, position)
        return True

    def has_accepted(self, conv: int, position: int) -> bool:
        """Whether a quorum agreed on something for this position, committed or not."""
        return position in self._accepted[conv]

    def _commit(self, conv: int, position: int) -> Generator[simpy.Event, Any, bool]:
        coordinator = self._coordinator(conv)
        if coordinator is None:
            return False
        return (yield from self._written(coordinator, conv, self._put(self._accepted[conv][position]), self._insert_s))

    def _round(self, conv: int) -> Generator[simpy.Event, Any, list[Node]]:
        """A round of Paxos: the quorum that answered, empty if there was none."""
        coordinator = self._coordinator(conv)
        if coordinator is None:
            return []
        return (yield from self._asked(coordinator, conv, QUORUM, self._write_s))
