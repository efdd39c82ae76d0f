"""Commits: at least once means that nothing unfinished is ever passed."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from realstack.chat.offsets import OffsetTracker


def tracker(*offsets: int) -> OffsetTracker:
    made = OffsetTracker()
    for offset in offsets:
        made.start(offset)
    return made


@settings(deadline=None)
@given(st.integers(0, 1_000_000), st.integers(1, 60), st.data())
def test_a_commit_never_passes_an_unfinished_record(first: int, count: int, data: st.DataObject) -> None:
    offsets = range(first, first + count)
    made, unfinished = tracker(*offsets), set(offsets)
    committed = 0
    for offset in data.draw(st.permutations(offsets)):
        made.finish(offset)
        unfinished.remove(offset)
        assert made.unfinished == len(unfinished)
        if data.draw(st.booleans()) and (position := made.take_commit()) is not None:
            assert position > committed
            assert all(position <= left for left in unfinished)
            committed = position
    assert max(committed, made.take_commit() or 0) == first + count


def test_the_picture_of_the_module() -> None:
    made = tracker(0, 1, 2, 3, 4, 5)
    for offset in (0, 1, 3, 4):
        made.finish(offset)
    assert made.take_commit() == 2


def test_nothing_polled_commits_nothing() -> None:
    assert tracker().take_commit() is None


def test_the_same_position_is_committed_once() -> None:
    made = tracker(7)
    made.finish(7)
    assert [made.take_commit(), made.take_commit()] == [8, None]


def test_gaps_in_the_log_do_not_matter() -> None:
    made = tracker(10, 14)
    made.finish(10)
    assert made.take_commit() == 14
