"""What may be committed, and when there is nothing left to wait for."""

from __future__ import annotations

import simpy
from hypothesis import given
from hypothesis import strategies as st

from sim.engine.offsets import Offsets

KEY = ("messages", 3)


def polled(count: int) -> Offsets:
    offsets = Offsets(simpy.Environment())
    offsets.start((KEY, offset) for offset in range(count))
    return offsets


def test_a_record_in_work_holds_back_the_commit_of_those_behind_it() -> None:
    offsets = polled(4)
    offsets.finish(KEY, 1)
    offsets.finish(KEY, 2)
    assert offsets.positions() == {KEY: 0}
    offsets.finish(KEY, 0)
    assert offsets.positions() == {KEY: 3}


@given(st.permutations(range(6)), st.integers(0, 6))
def test_the_commit_is_the_lowest_offset_that_is_not_done(order: list[int], done: int) -> None:
    offsets = polled(6)
    for offset in order[:done]:
        offsets.finish(KEY, offset)
    assert offsets.positions() == {KEY: min(order[done:], default=6)}
    assert (offsets.done["messages"], offsets.unfinished) == (done, 6 - done)


def test_whoever_waits_hears_when_the_last_is_done() -> None:
    offsets = polled(2)
    idle = offsets.idle()
    offsets.finish(KEY, 1)
    assert not idle.triggered
    offsets.finish(KEY, 0)
    assert idle.triggered
