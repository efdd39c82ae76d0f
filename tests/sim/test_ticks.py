"""A sender's view of their own messages: each receipt counts once, and what was missed can be asked for."""

from __future__ import annotations

import pytest

from sim.ticks import ALL_PLACES_KNOWN, Tick, Ticks

ME, BERT, CARL = 1, 2, 3


def ticks() -> Ticks:
    """Conversation 5 is of three, conversation 6 of two, conversation 7 of nobody else."""
    return Ticks(ME, {5: (ME, BERT, CARL), 6: (ME, BERT), 7: (ME,)})


def test_a_receipt_that_comes_again_is_no_news_and_read_is_not_taken_back() -> None:
    mine = ticks()
    mine.wrote(5, "a", after=0)
    learnt = [mine.told(5, BERT, state, {"a": 1}) for state in ("delivered", "delivered", "read", "delivered")]
    assert learnt == [[Tick(BERT, "delivered", "a")], [], [Tick(BERT, "read", "a")], []]


def test_a_message_of_another_of_the_users_devices_has_ticks_too() -> None:
    assert ticks().told(5, BERT, "read", {"b": 1}) == [Tick(BERT, "read", "b")]


def test_receipts_are_awaited_until_all_others_have_read() -> None:
    mine = ticks()
    mine.wrote(5, "a", after=3)
    mine.told(5, BERT, "read", {"a": 4})
    mine.told(5, CARL, "delivered", {"a": 4})
    assert mine.awaited() == {5: ALL_PLACES_KNOWN}
    mine.told(5, CARL, "read", {"a": 4})
    assert mine.awaited() == {}


def test_where_a_place_is_unknown_it_is_asked_for_behind_what_was_shown_before() -> None:
    mine = ticks()
    for uuid, after in (("a", 3), ("b", 3), ("c", 7)):
        mine.wrote(5, uuid, after)
    mine.told(5, BERT, "delivered", {"a": 4})
    assert mine.awaited() == {5: 3}
    mine.told(5, BERT, "delivered", {"b": 5})
    assert mine.awaited() == {5: 7}


@pytest.mark.parametrize("members", [6, 7])
def test_nothing_is_awaited_of_a_message_that_was_refused_or_that_nobody_gets(members: int) -> None:
    mine = ticks()
    mine.wrote(members, "a", after=0)
    mine.end(6, "a")
    assert mine.awaited() == {}


def test_readers_positions_tell_of_every_message_up_to_them() -> None:
    mine = ticks()
    for uuid in ("a", "b", "c"):
        mine.wrote(5, uuid, after=0)
    new = mine.reached(5, {BERT: (4, 2), CARL: (1, 0)}, {"a": 2, "b": 4, "c": 6})
    assert new == [Tick(BERT, "delivered", "a"), Tick(BERT, "delivered", "b"), Tick(BERT, "read", "a")]


def test_who_has_read_has_got_it_even_if_the_store_says_so_later() -> None:
    mine = ticks()
    mine.wrote(6, "a", after=0)
    assert mine.reached(6, {BERT: (0, 9)}, {"a": 3}) == [Tick(BERT, "delivered", "a"), Tick(BERT, "read", "a")]
    assert mine.awaited() == {}


def test_positions_say_nothing_of_a_message_whose_place_is_unknown_nor_anything_twice() -> None:
    mine = ticks()
    mine.wrote(6, "a", after=0)
    assert mine.reached(6, {BERT: (9, 9)}, {}) == []
    mine.told(6, BERT, "delivered", {"a": 3})
    assert mine.reached(6, {BERT: (9, 0)}, {}) == []
