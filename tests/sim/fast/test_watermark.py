"""Chunks of time change nothing: what is due comes in order, what is not waits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.fast.slice import Line
from sim.fast.watermark import Desk, items, put, with_room
from tests.sim.fast.worlds import small_job

times = st.lists(st.floats(0, 10), max_size=200)


@settings(deadline=None)  # the first call compiles
@given(arrivals_s=times, until_s=st.floats(0.1, 10))
def test_what_is_due_comes_in_order_and_the_rest_stays(arrivals_s: list[float], until_s: float) -> None:
    held = items(200)
    for number, time_s in enumerate(arrivals_s):
        put(held, time_s, -time_s, number)
    due = Desk(4).take(held, 0.0, until_s)
    count, kept = int(due.used[0]), int(held.used[0])
    assert due.time_s[:count].tolist() == sorted(time_s for time_s in arrivals_s if time_s <= until_s)
    assert held.time_s[:kept].tolist() == [time_s for time_s in arrivals_s if time_s > until_s]
    assert [arrivals_s[number] for number in due.route[:count].tolist()] == due.time_s[:count].tolist()
    assert (-due.born_s[:count]).tolist() == due.time_s[:count].tolist()


def test_room_is_made_without_losing_anything() -> None:
    held = items(2)
    put(held, 1.0, 0.5, 7)
    larger = with_room(held, 5)
    assert len(larger.time_s) >= 6
    assert (larger.time_s[0], larger.born_s[0], larger.route[0], larger.used[0]) == (1.0, 0.5, 7, 1)
    assert with_room(larger, 1) is larger


@pytest.mark.parametrize("chunk_s", [1.5, 0.03, 0.0077])
def test_one_chunk_and_many_give_the_same_to_the_bit(chunk_s: float) -> None:
    whole, pieces = (Line(small_job(chunk_s=length_s)) for length_s in (100.0, chunk_s))
    for line in (whole, pieces):
        while line.now_s < line.end_s:
            line.advance()
    assert np.array_equal(whole.book.counts, pieces.book.counts)
    assert np.array_equal(whole.book.sums_s, pieces.book.sums_s)
    for name, bank in whole.banks.items():
        assert np.array_equal(bank.free_s, pieces.banks[name].free_s)
        assert np.array_equal(bank.busy_s, pieces.banks[name].busy_s)
    assert whole.seen().hops["receipt"].count > 1_000
