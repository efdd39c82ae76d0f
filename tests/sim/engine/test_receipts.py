"""A sender learns of every receipt, whether it found them connected or not, and asks only while some are awaited."""

from __future__ import annotations

import pytest

from sim.engine import BOX, simulate
from sim.history import History
from sim.trace import Action
from tests.sim.engine.faulty import broken, fault, run
from tests.sim.engine.worlds import SECOND, people, scenario


def learnt(history: History, user: str) -> list[tuple[str, str]]:
    """What a user was told of their messages, in order."""
    rows = history.of_kind("receipt.seen")
    return [(row["uuid"], row["state"]) for _, row in rows[rows["user"] == user].iterrows()]


def away_when_it_was_read(*, answers: bool) -> History:
    """u1 writes and leaves; u2 comes, gets it, reads it and maybe answers; then u1 is back, twice."""
    acts = [
        Action(0, "connect", 1),
        Action(1 * SECOND, "send", 1, 5, "m1", 1, 20),
        Action(2 * SECOND, "disconnect", 1),
        Action(3 * SECOND, "connect", 2),
        Action(4 * SECOND, "read", 2, 5),
        *([Action(5 * SECOND, "send", 2, 5, "b1", 1, 20)] if answers else []),
        *(Action(at_s * SECOND, act, 1) for at_s, act in ((6, "connect"), (7, "disconnect"), (8, "connect"))),
    ]
    return simulate(scenario(), people(*acts), BOX)


@pytest.mark.parametrize("answers", [False, True])
def test_who_was_away_learns_upon_return_what_was_delivered_and_read_and_once(answers: bool) -> None:
    history = away_when_it_was_read(answers=answers)
    assert learnt(history, "u1") == [("m1", "delivered"), ("m1", "read")]
    assert broken(history) == {}


def test_by_message_ids_a_position_says_nothing_of_those_before_it_and_nobody_is_told() -> None:
    acts = [
        Action(0, "connect", 1),
        Action(1 * SECOND, "send", 1, 5, "m1", 1, 20),
        Action(2 * SECOND, "disconnect", 1),
        Action(3 * SECOND, "connect", 2),
        Action(6 * SECOND, "connect", 1),
    ]
    history = simulate(scenario(preset="seed"), people(*acts), BOX)
    assert learnt(history, "u1") == []
    assert broken(history) == {}


@pytest.mark.parametrize("nodes", [1, 3])
def test_receipts_that_came_while_the_registry_had_forgotten_everybody_are_learnt_with_the_next_heartbeat(
    nodes: int,
) -> None:
    redis = {1: "redis", 3: "redis-1"}[nodes]
    assert broken(run(fault("kill", redis, at=16, lasts=1), nodes=nodes)) == {}
