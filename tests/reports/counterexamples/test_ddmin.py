"""Delta debugging on plain numbers."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from reports.counterexamples.ddmin import minimal


@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1), max_size=6))))
def test_what_is_needed_remains_and_nothing_else(case: tuple[int, set[int]]) -> None:
    size, needed = case
    assert minimal(range(size), lambda some: needed <= set(some), 10_000) == sorted(needed)


def test_no_single_item_can_be_left_out_even_if_another_part_would_do() -> None:
    def even_sum(some: Sequence[int]) -> bool:
        return len(some) >= 3 and sum(some) % 2 == 0

    kept = minimal(range(40), even_sum, 10_000)
    assert even_sum(kept)
    assert not any(even_sum(kept[:i] + kept[i + 1 :]) for i in range(len(kept)))


def test_tests_that_run_out_leave_the_best_so_far() -> None:
    tested: list[int] = []

    def holds(some: Sequence[int]) -> bool:
        tested.append(len(some))
        return 3 in some

    kept = minimal(range(64), holds, 2)
    assert len(tested) == 2
    assert 3 in kept
    assert len(kept) < 64
