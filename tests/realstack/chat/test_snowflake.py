"""Message ids: rising and unique, also when the wall clock is not."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realstack.chat.snowflake import EPOCH_MS, ClockWentBackError, Snowflake

NOW_MS = EPOCH_MS + 1_000_000


def ids_at(worker: int, times_ms: list[int]) -> list[int]:
    clock = iter(times_ms)
    flake = Snowflake(worker, lambda: next(clock))
    return [flake.next_id() for _ in times_ms]


def test_an_id_is_made_of_time_worker_and_sequence() -> None:
    first, second = ids_at(3, [NOW_MS, NOW_MS])
    assert (first >> 22, first >> 12 & 0x3FF, first & 0xFFF) == (1_000_000, 3, 0)
    assert second == first + 1


def test_ids_of_one_millisecond_are_more_than_4096_and_borrow_the_next() -> None:
    ids = ids_at(1, [NOW_MS] * 5_000)
    assert ids == sorted(set(ids))
    assert {number >> 22 for number in ids} == {1_000_000, 1_000_001}


@settings(deadline=None)
@given(st.lists(st.integers(-400, 400), min_size=1, max_size=200))
def test_ids_rise_while_the_clock_steps_back_a_little(steps_ms: list[int]) -> None:
    # Never over a second behind the highest time: each step is taken from a clock that goes on.
    ids = ids_at(1, [NOW_MS + 10 * n + step for n, step in enumerate(steps_ms)])
    assert all(a < b for a, b in itertools.pairwise(ids))


def test_a_clock_that_steps_back_far_is_refused_and_told() -> None:
    flake = Snowflake(1, iter([NOW_MS, NOW_MS - 1_000, NOW_MS - 1_001]).__next__)
    assert flake.next_id() < flake.next_id()
    with pytest.raises(ClockWentBackError, match="1001 ms behind"):
        flake.next_id()


@settings(deadline=None)
@given(st.lists(st.integers(0, 5), max_size=300), st.lists(st.integers(0, 5), max_size=300))
def test_two_workers_never_make_the_same_id(one: list[int], other: list[int]) -> None:
    made = [ids_at(w, [NOW_MS + t for t in times]) for w, times in ((1, one), (1023, other))]
    assert not set(made[0]) & set(made[1])


@pytest.mark.parametrize("worker", [-1, 1024])
def test_a_worker_number_must_fit_its_ten_bits(worker: int) -> None:
    with pytest.raises(ValueError, match=f"worker={worker}"):
        Snowflake(worker)
