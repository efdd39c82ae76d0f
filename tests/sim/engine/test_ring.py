"""Three nodes of the store: consistency levels, hints, and lightweight transactions."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from sim.design import Design
from sim.engine.context import Context
from sim.engine.frames import Message
from sim.engine.node import Node
from sim.engine.ring import CONTENTION_TIMEOUT_S, CONVICTED_AFTER_S, HINTS_EVERY_S, Ring
from tests.sim.engine.worlds import exact


class World:
    """A ring and nothing else; `owner`, `second` and `third` are the replicas of conversation 5 in their order."""

    def __init__(self, **design: Any) -> None:
        choices = Design.model_validate({"nodes": 3, **design})
        self.context = Context(choices, {5: (1, 2)}, exact(), seed=1, has_faults=True)
        self.env = self.context.env
        self.ring = Ring(self.context)
        self.owner, self.second, self.third = self.ring.replicas(5)

    def value_of(self, work: Generator[Any, Any, Any]) -> Any:
        return self.env.run(until=self.env.process(work))

    def insert(self, position: int, uuid: str = "m") -> Any:
        return self.value_of(self.ring.insert(message(position, uuid)))

    def positions(self) -> list[int]:
        return [row.position for row in self.value_of(self.ring.after(5, 0))]

    def pass_time(self, by_s: float) -> None:
        self.env.run(until=self.env.now + by_s)


def message(position: int, uuid: str = "m") -> Message:
    return Message(5, uuid, 1, position, 20, "hash", message_id=position, position=position)


def down(node: Node) -> None:
    node.kill()


def test_conversations_are_spread_over_the_nodes() -> None:
    ring = World().ring
    owners = {ring.replicas(conv)[0].name for conv in range(50)}
    assert owners == {"cassandra-1", "cassandra-2", "cassandra-3"}
    assert all(len(set(ring.replicas(conv))) == 3 for conv in range(50))


@pytest.mark.parametrize("consistency", ["ONE", "QUORUM"])
def test_what_was_written_is_read_with_all_nodes_up(consistency: str) -> None:
    world = World(consistency=consistency)
    assert [world.insert(position) for position in (1, 2)] == [True, True]
    assert world.positions() == [1, 2]


def test_a_quorum_goes_on_without_one_node_and_not_without_two() -> None:
    world = World(consistency="QUORUM")
    down(world.owner)
    assert world.insert(1) is True
    assert world.positions() == [1]
    down(world.second)
    assert world.insert(2) is None, "nobody knows"


def test_one_replica_is_enough_for_consistency_one() -> None:
    world = World(consistency="ONE")
    down(world.owner)
    down(world.second)
    assert world.insert(1) is True
    assert world.positions() == [1]


def test_a_node_that_was_down_misses_rows_until_its_hints_have_come() -> None:
    world = World(consistency="ONE")
    down(world.owner)
    world.insert(1)
    world.owner.restart()
    assert world.positions() == []
    world.pass_time(HINTS_EVERY_S + 1)
    assert world.positions() == [1]


def test_a_quorum_sees_what_one_of_its_nodes_missed() -> None:
    world = World(consistency="QUORUM")
    down(world.owner)
    world.insert(1)
    world.owner.restart()
    assert world.positions() == [1]


def test_a_node_that_stands_still_is_asked_until_its_peers_take_it_for_down() -> None:
    world = World(consistency="QUORUM")
    world.owner.pause()
    writing = world.env.process(world.ring.insert(message(1)))
    world.pass_time(CONVICTED_AFTER_S - 0.1)
    assert not writing.triggered, "the coordinator owes the answer"
    world.pass_time(0.2)
    assert world.insert(2) is True


def test_the_later_write_of_a_position_wins_whenever_it_arrives() -> None:
    world = World(consistency="QUORUM", dedup="none")
    down(world.third)
    world.insert(1, "first")
    world.insert(1, "second")
    world.third.restart()
    world.pass_time(HINTS_EVERY_S + 1)
    down(world.owner)
    rows = world.value_of(world.ring.latest(5))
    assert [row.uuid for row in rows] == ["second"]


def test_a_lightweight_transaction_refuses_what_is_there() -> None:
    world = World(dedup="lwt", consistency="ONE")
    assert world.insert(1, "first") is True
    assert world.insert(1, "second") is False
    assert [row.uuid for row in world.value_of(world.ring.latest(5))] == ["first"]


def test_a_lightweight_transaction_needs_a_quorum_whatever_the_consistency() -> None:
    world = World(dedup="lwt", consistency="ONE")
    down(world.second)
    down(world.third)
    assert world.insert(1) is None


def test_of_two_transactions_at_once_one_is_stored_and_both_take_longer_for_it() -> None:
    alone = World(dedup="lwt")
    began_s = alone.env.now
    alone.insert(1)
    alone_s = alone.env.now - began_s
    both = World(dedup="lwt")
    began_s = both.env.now
    tries = [both.env.process(both.ring.insert(message(1, uuid))) for uuid in ("first", "second")]
    both.env.run(until=both.env.all_of(tries))
    assert {attempt.value for attempt in tries} == {False, True}
    assert both.env.now - began_s > 1.5 * alone_s
    assert both.env.now - began_s < CONTENTION_TIMEOUT_S


def test_what_was_accepted_and_never_committed_is_finished_by_the_next_transaction() -> None:
    world = World(dedup="lwt", consistency="ONE")
    trying = world.env.process(world.ring.insert(message(1, "first")))
    while not world.ring.has_accepted(5, 1):
        world.env.step()
    down(world.owner)
    assert world.env.run(until=trying) is None
    assert world.insert(1, "second") is False
    assert [row.uuid for row in world.value_of(world.ring.latest(5))] == ["first"]
