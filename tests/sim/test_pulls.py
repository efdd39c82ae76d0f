"""One pull a conversation at a time, none too early, and none left out."""

from __future__ import annotations

from sim.pulls import Pulls


def due(pulls: Pulls, **cursors: int) -> list[int]:
    return list(pulls.due({int(conv.removeprefix("c")): cursor for conv, cursor in cursors.items()}))


def test_nothing_is_pulled_before_what_was_missed_has_come() -> None:
    pulls = Pulls()
    pulls.heard(5, 7)
    assert due(pulls) == []
    pulls.caught_up()
    assert due(pulls) == [5]


def test_news_of_what_was_shown_is_no_news() -> None:
    pulls = Pulls()
    pulls.caught_up()
    pulls.heard(5, 7)
    assert due(pulls, c5=7) == []
    pulls.heard(5, 8)
    assert due(pulls, c5=7) == [5]


def test_what_is_heard_during_a_pull_is_pulled_after_it() -> None:
    pulls = Pulls()
    pulls.caught_up()
    pulls.heard(5, 7)
    assert due(pulls) == [5]
    pulls.heard(5, 9)
    pulls.heard(5, 8)
    pulls.heard(6, 1)
    assert due(pulls) == [6]
    pulls.came(5)
    assert due(pulls, c5=7) == [5]
    pulls.came(5)
    assert due(pulls, c5=9) == []
