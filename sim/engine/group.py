"""The workers' consumer group: who has which partitions, and what happens when one of them falls silent.

    silent (killed, paused) ── session timeout ──► expelled ─┐
    new, or back after it was expelled ──────────► joined   ─┤
    asked to end: finished, committed ───────────► left     ─┴─► rebalance

A rebalance is eager: within a heartbeat every member hears of it, finishes what it polled, commits and gives its
partitions up; when all have, or the session timeout is over, ranges of partitions are dealt anew. Who was expelled does
not know it while it stands still: back again, it finishes what it had polled, as a zombie, then joins. Session timeout
and heartbeat interval are those of the real workers; the broker's own pauses cost no memberships.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

import simpy

from sim.engine.context import Process
from sim.engine.partition import worker_partitions

SESSION_TIMEOUT_S = 10.0
HEARTBEAT_S = 2.0


class Member(Protocol):
    """A worker, as the group knows it."""

    number: int

    def take(self, partitions: Collection[int]) -> None:
        """Begin to work on these."""

    def give_up(self) -> Process:
        """Finish, commit, forget; takes for ever if it was killed."""

    def lose(self) -> None:
        """The partitions belong to nobody now, whether the worker knows or not."""


class Group:
    """The coordinator's view."""

    def __init__(self, env: simpy.Environment, partitions: int) -> None:
        self._env = env
        self._partitions = partitions
        self._members: list[Member] = []
        self._silent: dict[int, float] = {}
        self._wanted = False
        self.rebalancing = False

    def start(self, members: Collection[Member]) -> None:
        """Deal the partitions for the first time."""
        self._members = list(members)
        self._deal()

    def grow(self, partitions: int) -> None:
        """There are so many partitions now: deal them anew."""
        self._partitions = partitions
        self._rebalance()

    def silence(self, member: Member) -> None:
        """The member has stopped sending heartbeats."""
        self._silent[id(member)] = since_s = self._env.now
        self._env.process(self._watch(member, since_s))

    def hear(self, member: Member) -> None:
        """The member goes on."""
        self._silent.pop(id(member), None)
        if member not in self._members:
            self._env.process(self._come_back(member))

    def join(self, member: Member) -> None:
        """A new member, or one that comes back."""
        if member not in self._members:
            self._members.append(member)
            self._rebalance()

    def leave(self, member: Member) -> Process:
        """The member finishes what it polled and goes; nobody waits for its session to end."""
        self._members.remove(member)
        yield from member.give_up()
        self._rebalance()

    def _watch(self, member: Member, since_s: float) -> Process:
        yield self._env.timeout(SESSION_TIMEOUT_S)
        if self._silent.get(id(member)) == since_s and member in self._members:
            self._expel(member)
            self._rebalance()

    def _come_back(self, member: Member) -> Process:
        yield from member.give_up()
        self.join(member)

    def _expel(self, member: Member) -> None:
        self._members.remove(member)
        member.lose()

    def _rebalance(self) -> None:
        self._wanted = True
        if not self.rebalancing:
            self.rebalancing = True
            self._env.process(self._deal_anew())

    def _deal_anew(self) -> Process:
        while self._wanted:
            self._wanted = False
            yield self._env.timeout(HEARTBEAT_S)
            leaving = [(member, self._env.process(member.give_up())) for member in self._members]
            given_up = self._env.all_of([done for _, done in leaving])
            yield given_up | self._env.timeout(SESSION_TIMEOUT_S)
            for member, done in leaving:
                if not done.triggered and member in self._members:
                    self._expel(member)
                    self._env.process(self._after(done, member))
            self._deal()
        self.rebalancing = False

    def _after(self, done: simpy.Event, member: Member) -> Process:
        yield done
        self.join(member)

    def _deal(self) -> None:
        members = sorted(self._members, key=lambda member: member.number)
        for place, member in enumerate(members):
            member.take(worker_partitions(place, len(members), self._partitions))
